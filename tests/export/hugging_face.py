"""What transformers makes of a checkpoint folder, as JSON; run as a program in an environment that has it.

`python hugging_face.py FOLDER '[[prompt ids], …]' '[text, …]'`
"""

import json
import sys

import torch
import transformers


def read(folder, prompts, texts):
    """Its version; ids of the texts; for each prompt the scores of the next token and the greedy continuation."""
    torch.set_num_threads(1)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    scores, greedy = [], []
    for prompt in prompts:
        ids = torch.tensor([prompt])
        with torch.inference_mode():
            scores.append(model(ids).logits[0, -1].tolist())
            options = {"attention_mask": torch.ones_like(ids), "max_new_tokens": 30, "do_sample": False}
            greedy.append(model.generate(ids, **options)[0, len(prompt) :].tolist())
    talk = [{"role": "user", "content": texts[0]}]
    return {
        "version": transformers.__version__,
        "model": type(model).__name__,
        "ids": [tokenizer.encode(text) for text in texts],
        "talk": tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True),
        "scores": scores,
        "greedy": greedy,
    }


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3]))))
