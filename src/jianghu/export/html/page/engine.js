// The page's side of the worker in which the model lives.

/** Thrown when the model cannot write; `message` says why, `loading` whether it could not even be loaded. */
export class Failed extends Error {
  constructor(message, loading = false) {
    super(message);
    this.loading = loading;
  }
}

/**
 * Start the model. script: the worker's source. about: {model, tokenizer}. weights: base64.
 *
 * Returns {write, loaded}. `write(request, onText, signal)` calls `onText` with each piece and returns {finish, tokens}; it
 * throws Failed, or AbortError once `signal` has stopped it. It may be called before the weights are read. `loaded`
 * becomes true, or a Failed.
 */
export function startEngine(script, about, weights) {
  const texts = new Map(); // number → {onText, resolve, reject}
  let tellLoaded;
  const loaded = new Promise((resolve) => (tellLoaded = resolve));
  const failAll = (problem) => {
    tellLoaded(problem);
    for (const { reject } of texts.values()) reject(problem);
    texts.clear();
  };
  let worker;
  try {
    worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  } catch (error) {
    const problem = new Failed(error.message, true);
    return { loaded: Promise.resolve(problem), write: () => Promise.reject(problem) };
  }
  worker.onerror = (event) => failAll(new Failed(event.message || "the worker could not be started", true));
  worker.onmessage = ({ data: { kind, number, text, finish, tokens, message } }) => {
    if (kind === "loaded") return tellLoaded(true);
    if (kind === "failed" && number === undefined) return failAll(new Failed(message, true));
    const one = texts.get(number);
    if (!one) return undefined; // stopped
    if (kind === "text") return one.onText(text);
    texts.delete(number);
    return kind === "done" ? one.resolve({ finish, tokens }) : one.reject(new Failed(message));
  };
  worker.postMessage({ kind: "load", about, weights });
  let count = 0;

  async function write(request, onText, signal) {
    signal?.throwIfAborted();
    const number = count++;
    const stop = () => {
      worker.postMessage({ kind: "stop", number });
      texts.get(number)?.reject(signal.reason);
      texts.delete(number);
    };
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        texts.set(number, { onText, resolve, reject });
        loaded.then((state) => {
          if (state !== true) reject(state);
          else if (texts.has(number)) worker.postMessage({ kind: "write", number, request });
        });
      });
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }
  return { write, loaded };
}
