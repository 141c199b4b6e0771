// The file of weights inside the page: safetensors (https://github.com/huggingface/safetensors) in base64.

const ARRAYS = { F32: Float32Array, F16: Uint16Array, I8: Int8Array, U8: Uint8Array, U16: Uint16Array, U32: Uint32Array };

/** Bytes of a base64 text. */
export function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const bytes = new Uint8Array((text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0));
  const step = 1 << 20; // a multiple of four
  for (let from = 0, to = 0; from < text.length; from += step) {
    const part = atob(text.slice(from, from + step));
    for (let i = 0; i < part.length; i++) bytes[to++] = part.charCodeAt(i);
  }
  return bytes;
}

/** name → {shape, data}; float16 stays as its 16 bits. */
export function readTensors(bytes) {
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    if (8 + size + end > bytes.length) throw new RangeError(`${name} is cut off`);
    const from = bytes.byteOffset + 8 + size;
    tensors[name] = { shape, data: new ARRAYS[dtype](bytes.buffer.slice(from + start, from + end)) };
  }
  return tensors;
}

let halves = null; // the value of every float16

function halfTable() {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const size = exponent === 0 ? fraction * 2 ** -24
      : exponent === 31 ? (fraction ? NaN : Infinity)
      : (1 + fraction / 1024) * 2 ** (exponent - 15);
    table[bits] = bits & 32768 ? -size : size;
  }
  return table;
}

/** The nearest float16 of a number, halves to even. */
export function half(x) {
  const size = Math.abs(x);
  if (size === 0) return x;
  let exponent = Math.floor(Math.log2(size));
  if (2 ** exponent > size) exponent -= 1;
  if (2 ** (exponent + 1) <= size) exponent += 1;
  const step = 2 ** (Math.max(exponent, -14) - 10);
  const whole = Math.floor(size / step), rest = size / step - whole;
  return Math.sign(x) * (rest > 0.5 || (rest === 0.5 && whole % 2) ? whole + 1 : whole) * step;
}

/** Write a weight as float32 to `to`: float32, float16, or int8 with a float16 scale for each block of its row. */
export function unpack(tensors, name, to) {
  const { data } = tensors[name];
  if (data instanceof Float32Array) return to.set(data);
  halves ??= halfTable();
  if (data instanceof Uint16Array) {
    for (let i = 0; i < data.length; i++) to[i] = halves[data[i]];
    return undefined;
  }
  const scales = tensors[`${name}.scale`].data;
  const block = data.length / scales.length;
  for (let b = 0, i = 0; b < scales.length; b++) {
    const scale = halves[scales[b]];
    for (const end = i + block; i < end; i++) to[i] = data[i] * scale;
  }
  return undefined;
}
