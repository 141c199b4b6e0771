// Text ↔ ids, as jianghu/tokenizer.py and Hugging Face `tokenizers` do it: Qwen2's split, bytes, merges by rank.

const SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const STRIPPED = `[\\x1c-\\x1f${SPACE}]+`; // what Python strips
const STRIP = new RegExp(`^${STRIPPED}|${STRIPPED}$`, "gu");

/** A text without white space at its ends. */
export const strip = (text) => text.replace(STRIP, "");

export class Tokenizer {
  /**
   * about: {letters, numbers: ranges of characters for a regular expression, since browsers differ in the Unicode that
   * they know; endOfText, imStart, imEnd: ids; stop: ids that end a text; nfc: whether texts are normalised; added: ids
   * of texts that are always one token}.
   * tensors: tokens.lengths (V,) and tokens.bytes: the bytes of every id; merges (n, 3): left, right, what they become.
   */
  constructor({ letters: L, numbers: N, endOfText, imStart, imEnd, stop, nfc, added }, tensors) {
    const short = "'(?:[sS\\u017f]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";
    const parts = [short, `[^\\r\\n${L}${N}]?[${L}]+`, `[${N}]`, ` ?[^${SPACE}${L}${N}]+[\\r\\n]*`,
      `[${SPACE}]*[\\r\\n]+`, `[${SPACE}]+(?![^${SPACE}])`, `[${SPACE}]+`];
    this.pattern = new RegExp(parts.join("|"), "gu");
    Object.assign(this, { endOfText, imStart, imEnd, stop: new Set(stop), nfc, added, known: new Map() });
    const literal = Object.keys(added).sort((a, b) => b.length - a.length);
    const escaped = literal.map((text) => text.replace(/[.*+?^${}()|[\]\\/-]/gu, "\\$&"));
    this.whole = literal.length ? new RegExp(`(${escaped.join("|")})`, "u") : null;
    const bytes = tensors["tokens.bytes"].data;
    this.bytes = [];
    this.ofByte = new Int32Array(256);
    let at = 0;
    for (const length of tensors["tokens.lengths"].data) {
      if (length === 1) this.ofByte[bytes[at]] = this.bytes.length;
      this.bytes.push(bytes.subarray(at, (at += length)));
    }
    this.merges = new Map(); // left · V + right → [rank, what they become]
    const { data } = tensors.merges;
    for (let i = 0; i < data.length; i += 3) this.merges.set(this.#key(data[i], data[i + 1]), [i, data[i + 2]]);
  }

  #key(left, right) {
    return left * this.bytes.length + right;
  }

  /** Ids of a text. Special tokens written in it are plain text; halves of surrogate pairs are left out. */
  encode(text) {
    const plain = text.replace(/\p{Surrogate}/gu, "");
    const parts = this.whole ? plain.split(this.whole) : [plain]; // every second one is an added token
    return parts.flatMap((part, n) => (n % 2 ? [this.added[part]] : this.#encode(this.nfc ? part.normalize("NFC") : part)));
  }

  #encode(text) {
    const ids = [];
    for (const [word] of text.matchAll(this.pattern)) {
      let found = this.known.get(word);
      if (!found) {
        found = this.#merge(Array.from(new TextEncoder().encode(word), (byte) => this.ofByte[byte]));
        if (this.known.size > 20000) this.known.clear();
        this.known.set(word, found);
      }
      for (const id of found) ids.push(id); // a word may be too long to be spread
    }
    return ids;
  }

  /** Byte-pair encoding: the pair of the lowest rank first, of equal ones the first. */
  #merge(ids) {
    const find = (at) => this.merges.get(this.#key(ids[at], ids[at + 1]));
    const pairs = ids.slice(1).map((_, at) => find(at)); // of each place with the next one
    for (;;) {
      let best = -1;
      for (let at = 0; at < pairs.length; at++) {
        if (pairs[at] && (best < 0 || pairs[at][0] < pairs[best][0])) best = at;
      }
      if (best < 0) return ids;
      ids.splice(best, 2, pairs[best][1]);
      pairs.splice(best, 1);
      if (best > 0) pairs[best - 1] = find(best - 1);
      if (best < pairs.length) pairs[best] = find(best);
    }
  }

  /** A function that takes ids one by one and gives the text that each completes; half characters are held back. */
  stream() {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return (id) => decoder.decode(this.bytes[id], { stream: true }).replaceAll("\ufffd", "");
  }
}
