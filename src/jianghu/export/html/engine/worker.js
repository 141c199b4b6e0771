// The worker in which the model lives, so that the page never freezes. Messages in: {kind: "load", about, weights},
// {kind: "write", number, request}, {kind: "stop", number}, and where the page holds books {kind: "search" or
// "read", number, question}. Messages out: {kind: "loaded" | "failed"}, and for a number "text", then "done" with its result or "failed".

import { fromBase64 } from "./tensors.js";
import { Reader } from "./reader.js";
import { Shelf } from "./shelf.js";
import { Writer } from "./writer.js";

let writer = null;
let books = null; // what the page holds of them
let shelf = null; // made once the model is there
let reader = null;
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
    if (done) return void postMessage({ kind: "done", number, result: value });
    if (value) postMessage({ kind: "text", number, text: value });
  }
}

const openShelf = () => (shelf ??= new Shelf(books));
const openReader = () => (reader ??= new Reader(openShelf(), books.reader));

onmessage = ({ data }) => {
  const { kind, number } = data;
  const tell = (error) => postMessage({ kind: "failed", number, message: String(error?.message ?? error) });
  try {
    if (kind === "stop") stopped.add(number);
    else if (kind === "write") chain = chain.then(() => write(number, data.request)).catch(tell);
    else if (kind === "search") postMessage({ kind: "done", number, result: openShelf().search(data.question) });
    else if (kind === "read") postMessage({ kind: "done", number, result: openReader().read(data.question) });
    else {
      books = data.books;
      writer = new Writer(data.about, fromBase64(data.weights.trim()));
      postMessage({ kind: "loaded", kernels: writer.model.kernels.name });
      if (books) setTimeout(openShelf); // it takes a second or two: before anybody has typed a question
    }
  } catch (error) {
    tell(error);
  }
};
