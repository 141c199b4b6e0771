#!/usr/bin/env bash
# Everything that is to be measured on one large GPU, in parts of under nine minutes each.
#   benchmarks/h100.sh NANOGPT SHELF PART      PART: speed | seed | quality | all
# NANOGPT: a checkout of nanoGPT. SHELF: a workspace of three novels where `jianghu prepare` was run.
set -euo pipefail
nanogpt=$(realpath "$1"); shelf=$(realpath "$2"); part=${3:-all}
cd "$(dirname "$0")/.."
python=${PYTHON:-python}
export TORCHINDUCTOR_FX_GRAPH_CACHE=1
out=${OUT:-benchmarks/results}; mkdir -p "$out"

speed() {  # tokens per second at mini and seed size; the goal is twice nanoGPT's with compile
  for size in mini seed; do
    "$python" -m benchmarks.train_throughput --nanogpt "$nanogpt" --size $size --batch-size 32 --steps 40 --rounds 5
  done
  "$python" -m jianghu -C "$shelf" plan --size seed --batch-size 32
}
seed() {  # the original's whole schedule, 50,000 + 50,000 iterations; the goal is ten minutes for both
  "$python" -m jianghu -C "$shelf" pretrain --name seed-base --size seed --max-iters 50000 --batch-size 32 \
    --optimizer adamw --eval-interval 500 --save-interval 5000 --resume
  "$python" -m jianghu -C "$shelf" sft --name seed-chat --from seed-base --max-iters 50000 --batch-size 32 \
    --optimizer adamw --eval-interval 500 --save-interval 5000 --resume  # needs records: `jianghu synth run` before
  tail -qn 1 "$shelf"/runs/seed-{base,chat}/metrics.jsonl
}
quality() {  # time to nanoGPT's best at mini size
  "$python" -m benchmarks.time_to_quality --nanogpt "$nanogpt" --shelf "$shelf" --size mini --batch-size 32 \
    --steps 4000 --every 200 --out "$out/quality_mini.json" --plot "$out/quality_mini.png"
}
case $part in
  all) speed; seed; quality ;;
  *) "$part" ;;
esac
