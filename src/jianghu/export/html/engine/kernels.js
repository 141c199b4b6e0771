// Room for numbers, and the one operation that takes the time: a matrix product. WebAssembly's vectors do it where the
// browser has them, plain JavaScript elsewhere.

import { SIMD } from "./simd.js";

const PAGE = 65536;
const MOST_PAGES = 65536;

/**
 * Memory for `size` floats, handed out piece by piece.
 *
 * Returns {floats, matmul, name}: `floats(n)` gives the next n floats, all zero; `matmul(out, x, w, rows, inner, outs)`
 * sets out (rows, outs) to x (rows, inner) times the transpose of w (outs, inner), all of them from `floats`.
 */
export function makeKernels(size, plain = false) {
  const simd = plain ? null : simdKernels(size * 4 + PAGE);
  const buffer = simd ? simd.memory.buffer : new ArrayBuffer(size * 4);
  let at = simd ? 16 : 0;
  const floats = (n) => {
    const part = new Float32Array(buffer, at, n);
    at += n * 4;
    return part;
  };
  if (!simd) return { floats, matmul: plainMatmul, name: "plain" };
  const matmul = (out, x, w, rows, inner, outs) => {
    if (inner % 4 || outs < 4) plainMatmul(out, x, w, rows, inner, outs);
    else simd.matmul(out.byteOffset, x.byteOffset, w.byteOffset, rows, inner, outs);
  };
  return { floats, matmul, name: "simd" };
}

/** The module of simd.wat with memory of so many bytes; null where the browser has no vectors, or not so much room. */
function simdKernels(bytes) {
  try {
    const code = Uint8Array.from(atob(SIMD), (letter) => letter.charCodeAt(0));
    const pages = Math.ceil(bytes / PAGE);
    if (pages > MOST_PAGES || !WebAssembly.validate(code)) return null;
    const memory = new WebAssembly.Memory({ initial: pages });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
    return { memory, matmul: instance.exports.matmul };
  } catch {
    return null; // WebAssembly is off: a browser's strictest mode has none
  }
}

function plainMatmul(out, x, w, rows, inner, outs) {
  for (let o = 0; o < outs; o++) {
    const at = o * inner;
    let row = 0;
    for (; row + 4 <= rows; row += 4) { // a weight is read once for four rows
      const x0 = row * inner, x1 = x0 + inner, x2 = x1 + inner, x3 = x2 + inner;
      let a = 0, b = 0, c = 0, d = 0;
      for (let i = 0; i < inner; i++) {
        const weight = w[at + i];
        a += weight * x[x0 + i];
        b += weight * x[x1 + i];
        c += weight * x[x2 + i];
        d += weight * x[x3 + i];
      }
      out[row * outs + o] = a;
      out[(row + 1) * outs + o] = b;
      out[(row + 2) * outs + o] = c;
      out[(row + 3) * outs + o] = d;
    }
    for (; row < rows; row++) { // four sums beside each other: none waits for the one before it
      const from = row * inner;
      let a = 0, b = 0, c = 0, d = 0, i = 0;
      for (; i + 4 <= inner; i += 4) {
        a += w[at + i] * x[from + i];
        b += w[at + i + 1] * x[from + i + 1];
        c += w[at + i + 2] * x[from + i + 2];
        d += w[at + i + 3] * x[from + i + 3];
      }
      for (; i < inner; i++) a += w[at + i] * x[from + i];
      out[row * outs + o] = a + b + c + d;
    }
  }
}
