// A request goes in, its answer comes out piece by piece.

import { newestTurns, render } from "./chat.js";
import { Model } from "./model.js";
import { Sampler } from "./sampler.js";
import { readTensors } from "./tensors.js";
import { Tokenizer } from "./tokenizer.js";

export class Writer {
  /** about: {model, tokenizer}, as the page holds it. bytes: the file of weights. */
  constructor(about, bytes, plain = false) {
    const tensors = readTensors(bytes);
    this.tokenizer = new Tokenizer(about.tokenizer, tensors);
    this.model = new Model(about.model, tensors, plain);
    this.context = about.model.context;
  }

  /** Ids that a request begins with: its conversation's newest turns, or the end of its text. */
  prompt({ messages, prompt }) {
    const room = this.context - 1;
    const ids = messages
      ? render(this.tokenizer, newestTurns(this.tokenizer, messages, room), true)
      : this.tokenizer.encode(prompt);
    return ids.length ? ids.slice(-room) : [this.tokenizer.endOfText];
  }

  /**
   * Write an answer to {messages or prompt, max_tokens, and the settings of `Sampler`}. Yields its text, token by
   * token; returns {finish: "stop" | "length", tokens}. What outgrows the context is cut to its last half.
   */
  *write(request) {
    const { tokenizer, model } = this;
    const sampler = new Sampler(request), decode = tokenizer.stream();
    let context = this.prompt(request);
    model.reset();
    let scores = model.read(context);
    for (let tokens = 1; ; tokens++) {
      const id = sampler.choose(scores);
      if (tokenizer.stop.has(id)) return { finish: "stop", tokens };
      yield decode(id);
      if (tokens >= request.max_tokens) return { finish: "length", tokens };
      context.push(id);
      if (context.length > this.context) {
        context = context.slice(-Math.floor(this.context / 2));
        model.reset();
        scores = model.read(context);
      } else {
        scores = model.read([id]);
      }
    }
  }
}
