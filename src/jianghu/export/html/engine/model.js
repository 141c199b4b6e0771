// The transformer of jianghu/model/transformer.py for one row: RMSNorm, rotary positions, attention with normalised
// queries and keys, SwiGLU, and the embedding or a matrix of its own as head. Ids go in, scores of the next token come
// out. D = width, H query heads and K key heads of E floats, F = width inside the feed-forward, V = vocabulary.

import { makeKernels } from "./kernels.js";
import { unpack } from "./tensors.js";

const CHUNK = 32; // tokens read at once

export class Model {
  /**
   * config: {vocabulary, context, layers, heads, keyHeads, headWidth, width, inner, theta, epsilon}.
   * tensors: what `readTensors` gave, under Hugging Face's names.
   */
  constructor(config, tensors, plain = false) {
    const { vocabulary: V, context, layers, heads: H, keyHeads: K, headWidth: E, width: D, inner: F } = config;
    const q = H * E, kv = K * E, ownHead = "lm_head.weight" in tensors;
    const ofLayer = D * (q + 2 * kv) + q * D + 3 * D * F + 2 * D + 2 * E + 2 * context * kv;
    const working = CHUNK * (2 * D + q + q + 2 * kv + 3 * F) + V + context;
    this.kernels = makeKernels((ownHead ? 2 : 1) * V * D + layers * ofLayer + D + working + context * E, plain);
    Object.assign(this, { config, E, q, kv, length: 0 });
    const take = (n) => this.kernels.floats(n);
    const load = (...names) => { // weights that are multiplied with the same vector lie together
      const sizes = names.map((name) => tensors[name].shape.reduce((a, b) => a * b, 1));
      const whole = take(sizes.reduce((a, b) => a + b, 0));
      names.forEach((name, n) => {
        const start = sizes.slice(0, n).reduce((a, b) => a + b, 0);
        unpack(tensors, name, whole.subarray(start, start + sizes[n]));
        delete tensors[name]; // what was read is free
      });
      return whole;
    };
    this.embedding = load("model.embed_tokens.weight");
    this.head = ownHead ? load("lm_head.weight") : this.embedding;
    this.layers = Array.from({ length: layers }, (_, n) => {
      const of = (name) => `model.layers.${n}.${name}.weight`;
      return {
        qkv: load(of("self_attn.q_proj"), of("self_attn.k_proj"), of("self_attn.v_proj")),
        out: load(of("self_attn.o_proj")),
        gateUp: load(of("mlp.gate_proj"), of("mlp.up_proj")),
        down: load(of("mlp.down_proj")),
        beforeAttention: load(of("input_layernorm")),
        beforeMlp: load(of("post_attention_layernorm")),
        queryNorm: load(of("self_attn.q_norm")),
        keyNorm: load(of("self_attn.k_norm")),
        keys: take(context * kv), // (context, K · E)
        values: take(context * kv),
      };
    });
    this.norm = load("model.norm.weight");
    this.x = take(CHUNK * D);
    this.normed = take(CHUNK * D);
    this.mixed = take(CHUNK * q);
    this.qkv = take(CHUNK * (q + 2 * kv));
    this.gateUp = take(CHUNK * 2 * F);
    this.gated = take(CHUNK * F);
    this.scores = take(V);
    this.attention = take(context);
    this.#angles(take(context * (E / 2)), take(context * (E / 2)));
  }

  /** Forget what was read. */
  reset() {
    this.length = 0;
  }

  /** Read more ids, at most `context` in all. Returns the scores (V,) of what comes next; the next call overwrites them. */
  read(ids) {
    const { vocabulary: V, width: D } = this.config;
    let rows = 0;
    for (let at = 0; at < ids.length; at += CHUNK) {
      const part = ids.slice(at, at + CHUNK);
      this.#pass(part);
      rows = part.length;
    }
    this.#rmsNorm(this.normed, 0, this.x, (rows - 1) * D, D, this.norm);
    this.kernels.matmul(this.scores, this.normed, this.head, 1, D, V);
    return this.scores;
  }

  #pass(ids) {
    const { width: D, inner: F } = this.config;
    const { x, normed, mixed, q, kv } = this;
    const { matmul } = this.kernels;
    const rows = ids.length;
    ids.forEach((id, row) => x.set(this.embedding.subarray(id * D, (id + 1) * D), row * D));
    for (const layer of this.layers) {
      for (let row = 0; row < rows; row++) this.#rmsNorm(normed, row * D, x, row * D, D, layer.beforeAttention);
      matmul(this.qkv, normed, layer.qkv, rows, D, q + 2 * kv);
      for (let row = 0; row < rows; row++) this.#attend(layer, row);
      matmul(normed, mixed, layer.out, rows, q, D);
      for (let i = 0; i < rows * D; i++) x[i] += normed[i];
      for (let row = 0; row < rows; row++) this.#rmsNorm(normed, row * D, x, row * D, D, layer.beforeMlp);
      matmul(this.gateUp, normed, layer.gateUp, rows, D, 2 * F);
      for (let row = 0; row < rows; row++) {
        for (let i = 0, gate = row * 2 * F; i < F; i++, gate++) {
          const g = this.gateUp[gate];
          this.gated[row * F + i] = (g / (1 + Math.exp(-g))) * this.gateUp[gate + F];
        }
      }
      matmul(normed, this.gated, layer.down, rows, F, D);
      for (let i = 0; i < rows * D; i++) x[i] += normed[i];
    }
    this.length += rows;
  }

  /** One row's attention over all places up to its own, from `qkv` to `mixed`; its key and value are kept. */
  #attend(layer, row) {
    const { heads: H, keyHeads: K } = this.config;
    const { E, q, kv, qkv, attention, mixed } = this;
    const { keys, values } = layer;
    const at = row * (q + 2 * kv), place = this.length + row, shared = H / K, scale = 1 / Math.sqrt(E);
    for (let head = 0; head < H + K; head++) {
      const from = at + head * E;
      this.#rmsNorm(qkv, from, qkv, from, E, head < H ? layer.queryNorm : layer.keyNorm);
      this.#rotate(from, place);
    }
    keys.set(qkv.subarray(at + q, at + q + kv), place * kv);
    values.set(qkv.subarray(at + q + kv, at + q + 2 * kv), place * kv);
    for (let head = 0; head < H; head++) {
      const query = at + head * E, offset = Math.floor(head / shared) * E, to = row * q + head * E;
      let most = -Infinity, sum = 0;
      for (let s = 0; s <= place; s++) {
        let dot = 0;
        for (let e = 0, key = s * kv + offset; e < E; e++) dot += qkv[query + e] * keys[key + e];
        attention[s] = dot * scale;
        if (attention[s] > most) most = attention[s];
      }
      for (let s = 0; s <= place; s++) sum += attention[s] = Math.exp(attention[s] - most);
      mixed.fill(0, to, to + E);
      for (let s = 0; s <= place; s++) {
        const share = attention[s] / sum;
        for (let e = 0, value = s * kv + offset; e < E; e++) mixed[to + e] += share * values[value + e];
      }
    }
  }

  /** x / rms(x) · weight, over n floats. */
  #rmsNorm(out, to, x, from, n, weight) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += x[from + i] * x[from + i];
    const scale = 1 / Math.sqrt(sum / n + this.config.epsilon);
    for (let i = 0; i < n; i++) out[to + i] = x[from + i] * scale * weight[i];
  }

  /** Turn a head of `qkv` by the angles of a place; its halves are paired. */
  #rotate(from, place) {
    const half = this.E / 2, { qkv, cos, sin } = this;
    for (let i = 0; i < half; i++) {
      const c = cos[place * half + i], s = sin[place * half + i];
      const left = qkv[from + i], right = qkv[from + half + i];
      qkv[from + i] = left * c - right * s;
      qkv[from + half + i] = right * c + left * s;
    }
  }

  /** The cosines and sines of every place, in float32 as they were in training. */
  #angles(cos, sin) {
    const half = this.E / 2;
    for (let i = 0; i < half; i++) {
      const period = Math.fround(this.config.theta ** Math.fround(i / half));
      for (let place = 0; place < this.config.context; place++) {
        const angle = Math.fround(place / period);
        cos[place * half + i] = Math.cos(angle);
        sin[place * half + i] = Math.sin(angle);
      }
    }
    Object.assign(this, { cos, sin });
  }
}
