// The page's side of the worker in which the model lives.

/** Thrown when the model cannot write; `message` says why, `loading` whether it could not even be loaded. */
export class Failed extends Error {
  constructor(message, loading = false) {
    super(message);
    this.loading = loading;
  }
}

/**
 * Start the model. script: the worker's source. about: {model, tokenizer}. weights: base64. books: what `Shelf` reads.
 *
 * Returns {write, search, read}. `write(request, onText, signal)` calls `onText` with each piece and returns {finish, tokens}; it
 * throws Failed, or AbortError once `signal` has stopped it. `search(question)` returns passages,
 * `read(question)` what the book says. All may be called before the weights are read.
 */
export function startEngine(script, about, weights, books = null) {
  const asked = new Map(); // number → {onText, resolve, reject}
  let tellLoaded;
  const loaded = new Promise((resolve) => (tellLoaded = resolve)); // true, or a Failed
  const failAll = (problem) => {
    tellLoaded(problem);
    for (const { reject } of asked.values()) reject(problem);
    asked.clear();
  };
  let worker;
  try {
    worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  } catch (error) {
    const fail = () => Promise.reject(new Failed(error.message, true));
    return { write: fail, search: fail, read: fail };
  }
  worker.onerror = (event) => failAll(new Failed(event.message || "the worker could not be started", true));
  worker.onmessage = ({ data: { kind, number, text, result, message } }) => {
    if (kind === "loaded") return tellLoaded(true);
    if (kind === "failed" && number === undefined) return failAll(new Failed(message, true));
    const one = asked.get(number);
    if (!one) return undefined; // stopped
    if (kind === "text") return one.onText(text);
    asked.delete(number);
    return kind === "done" ? one.resolve(result) : one.reject(new Failed(message));
  };
  worker.postMessage({ kind: "load", about, weights, books });
  let count = 0;

  function send(message, onText, signal) {
    signal?.throwIfAborted();
    const number = count++;
    return new Promise((resolve, reject) => {
      asked.set(number, { onText, resolve, reject });
      signal?.addEventListener("abort", () => {
        worker.postMessage({ kind: "stop", number });
        asked.delete(number);
        reject(signal.reason);
      });
      loaded.then((state) => {
        if (state !== true) reject(state);
        else if (asked.has(number)) worker.postMessage({ ...message, number });
      });
    });
  }
  return {
    write: async (request, onText, signal) => send({ kind: "write", request }, onText, signal),
    search: async (question) => send({ kind: "search", question }),
    read: async (question) => send({ kind: "read", question }),
  };
}
