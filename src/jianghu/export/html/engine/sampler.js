// How the next id is chosen; see jianghu/generation/sampling.py, whose settings these are.

const LEAST_TEMPERATURE = 1e-4;

export class Sampler {
  /** settings: {temperature, top_k, top_p, min_p, repetition_penalty, seed}; seed 0 or none: another text each time. */
  constructor({ temperature = 0, top_k = 0, top_p = 1, min_p = 0, repetition_penalty = 1, seed = 0 }) {
    Object.assign(this, { temperature, topK: top_k, topP: top_p, minP: min_p, penalty: repetition_penalty });
    this.random = seed ? seeded(seed) : Math.random;
    this.written = new Set();
  }

  /** The next id by its scores, which are changed. */
  choose(scores) {
    if (this.penalty !== 1) { // on what this answer has written, not on the question: its names are needed
      for (const id of this.written) scores[id] = scores[id] > 0 ? scores[id] / this.penalty : scores[id] * this.penalty;
    }
    const id = this.temperature < LEAST_TEMPERATURE ? likeliest(scores) : this.#draw(scores);
    this.written.add(id);
    return id;
  }

  #draw(scores) {
    const least = this.#threshold(scores);
    const most = scores[likeliest(scores)];
    const share = (score) => (score < least ? 0 : Math.exp((score - most) / this.temperature));
    let sum = 0;
    for (const score of scores) sum += share(score);
    let left = this.random() * sum;
    let last = 0;
    for (let id = 0; id < scores.length; id++) {
      const own = share(scores[id]);
      if (own > 0) last = id;
      left -= own;
      if (left < 0) return id;
    }
    return last;
  }

  /** The least score that may be drawn, by min-p, then top-k, then top-p. */
  #threshold(scores) {
    const sorted = Float32Array.from(scores).sort().reverse();
    const share = (score) => Math.exp((score - sorted[0]) / this.temperature);
    let count = this.topK > 0 ? Math.min(this.topK, sorted.length) : sorted.length;
    while (count > 1 && share(sorted[count - 1]) < this.minP) count -= 1;
    if (this.topP < 1) {
      let sum = 0;
      for (let n = 0; n < count; n++) sum += share(sorted[n]);
      let before = 0;
      let kept = 0;
      while (kept < count && before < this.topP * sum) before += share(sorted[kept++]);
      count = Math.max(1, kept);
    }
    return sorted[count - 1];
  }
}

function likeliest(scores) {
  let best = 0;
  for (let id = 1; id < scores.length; id++) if (scores[id] > scores[best]) best = id;
  return best;
}

/** Random numbers in [0, 1) from a seed (mulberry32 by Tommy Ettinger). */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
