// The worker in which the model lives, so that the page never freezes. Messages in: {kind: "load", about, weights},
// {kind: "write", number, request}, {kind: "stop", number}. Messages out: {kind: "loaded" | "failed"}, and for a number
// "text", then "done" or "failed".

import { fromBase64 } from "./tensors.js";
import { Writer } from "./writer.js";

let writer = null;
let chain = Promise.resolve(); // one text at a time
const stopped = new Set();

/** Let messages in that wait: a timer would cost milliseconds for each token. */
const breathe = () => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    resolve();
  };
  port2.postMessage(null);
});

async function write(number, request) {
  const text = writer.write(request);
  for (;;) {
    await breathe();
    if (stopped.delete(number)) return;
    const { value, done } = text.next();
    if (done) return void postMessage({ kind: "done", number, ...value });
    if (value) postMessage({ kind: "text", number, text: value });
  }
}

onmessage = ({ data }) => {
  const tell = (error) => postMessage({ kind: "failed", number: data.number, message: String(error?.message ?? error) });
  if (data.kind === "stop") stopped.add(data.number);
  else if (data.kind === "write") chain = chain.then(() => write(data.number, data.request)).catch(tell);
  else {
    try {
      writer = new Writer(data.about, fromBase64(data.weights.trim()));
      postMessage({ kind: "loaded", kernels: writer.model.kernels.name });
    } catch (error) {
      tell(error);
    }
  }
};
