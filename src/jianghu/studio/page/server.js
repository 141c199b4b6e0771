// Speaks to the studio's server: requests with the token, uploads, and the one stream of live events.

import { events, ownHeaders } from "../chat/api.js";

export class Refused extends Error {
  /** status: of HTTP; 0 if the server cannot be reached. The message is the server's, in the page's language. */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const PATIENCE = [0.5, 1, 2, 4]; // seconds before the next try to reach a server that is gone

/** Set by the shell: the page's language, and what to say of a server that cannot be reached or wants a key. */
export const speech = { language: "en", unreachable: "", onKey: () => {} };

const headersNow = () => ({ ...ownHeaders(), "Accept-Language": speech.language });

async function call(method, path, body, again = true) {
  const options = { method, headers: headersNow(), credentials: "omit" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let reply;
  try {
    reply = await fetch(`/studio${path}`, options);
  } catch {
    throw new Refused(speech.unreachable, 0);
  }
  if (reply.ok) return reply.status === 204 ? null : reply.json();
  // A server that was started again has another token: ask for it once.
  if (reply.status === 403 && method !== "GET" && again && (await renewToken())) return call(method, path, body, false);
  if (reply.status === 401) speech.onKey();
  throw new Refused(await messageOf(reply.status, await reply.text()), reply.status);
}

function messageOf(status, text) {
  try {
    const said = JSON.parse(text);
    return said.error?.message || (typeof said.detail === "string" ? said.detail : "") || `HTTP ${status}`;
  } catch {
    return `HTTP ${status}`; // no JSON: the status says enough
  }
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const patch = (path, body) => call("PATCH", path, body);
export const remove = (path) => call("DELETE", path);

/** Take the page's token anew from the server; whether it is another one. */
async function renewToken() {
  const place = document.querySelector('meta[name="studio-token"]');
  try {
    const page = new DOMParser().parseFromString(await (await fetch("/", { credentials: "omit" })).text(), "text/html");
    const fresh = page.querySelector('meta[name="studio-token"]')?.content ?? place.content;
    const other = fresh !== place.content;
    place.content = fresh;
    return other;
  } catch {
    return false;
  }
}

/** Send a file as it is. `onProgress` hears the share that has gone out, 0 to 1. */
export function upload(path, file, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/studio${path}`);
    for (const [name, value] of Object.entries(headersNow())) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.onload = () => {
      const ok = request.status >= 200 && request.status < 300;
      if (ok) resolve(request.responseText ? JSON.parse(request.responseText) : null);
      else reject(new Refused(messageOf(request.status, request.responseText), request.status));
    };
    request.onerror = () => reject(new Refused(speech.unreachable, 0));
    request.send(file);
  });
}

const handlers = new Map(); // kind of event → those who hear it

/** Hear live events of a kind (`job`, `metrics`, `log`, `teacher`; also `lost` and `back` of the connection). */
export function on(kind, handler) {
  if (!handlers.has(kind)) handlers.set(kind, new Set());
  handlers.get(kind).add(handler);
  return () => handlers.get(kind).delete(handler);
}

function tell(kind, data) {
  for (const handler of [...(handlers.get(kind) ?? [])]) handler(data);
}

/** Read the stream of events for as long as the page is open; a stream that breaks is taken up again. */
export async function listen() {
  let failures = 0;
  for (;;) {
    try {
      const reply = await fetch("/studio/events", { headers: headersNow(), credentials: "omit" });
      if (reply.status === 401) return speech.onKey();
      if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
      if (failures) {
        await renewToken();
        tell("back");
      }
      failures = 0;
      for await (const { event, data } of events(reply.body)) tell(event, JSON.parse(data));
    } catch {
      // said below
    }
    if (++failures === 2) tell("lost"); // a stream that ends once may begin again at once
    await new Promise((resolve) => setTimeout(resolve, 1000 * PATIENCE[Math.min(failures, PATIENCE.length) - 1]));
  }
}
