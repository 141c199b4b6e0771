// Talks to the server that the page came from, and to no other.

export class Refused extends Error {
  /** status: of HTTP; 0 if the server cannot be reached. code: OpenAI's word for the reason, if any. */
  constructor(message, status, code = null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const KEY = "jianghu.key";

/** The API key lives as long as the tab. */
export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => sessionStorage.setItem(KEY, value),
};

/** What every request carries: the key, if there is one, and in the studio its token. */
export function ownHeaders() {
  const token = document.querySelector('meta[name="studio-token"]')?.content;
  return {
    ...(key.get() && { Authorization: `Bearer ${key.get()}` }),
    ...(token && { "X-Studio-Token": token }),
  };
}

async function call(path, body, signal) {
  const headers = ownHeaders();
  const options = { headers, signal, credentials: "omit" };
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
  }
  let reply;
  try {
    reply = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("", 0);
  }
  if (reply.ok) return reply;
  let problem = {};
  try {
    const said = await reply.json();
    problem = said.error ?? { message: typeof said.detail === "string" ? said.detail : "" };
  } catch {
    // not JSON: the status says enough
  }
  throw new Refused(problem.message || `HTTP ${reply.status}`, reply.status, problem.code);
}

const json = async (path, body) => (await call(path, body)).json();

export const about = () => json("api/about");
export const examples = (count, turn) => json(`api/examples?count=${count}&turn=${turn}`);
export const look = (question, answer) => json("api/look", { question, answer });
export const search = async (question) => (await json("api/open-book", { question })).passages;
export const read = (question) => json("api/read", { question });
export const vote = (row) => json("api/votes", row);
export const chapter = ({ book, chapter, start, end }) =>
  json(`api/chapter?${new URLSearchParams({ book, chapter, start, end })}`);

/**
 * Let a checkpoint write. Calls `onText` with each piece as it comes.
 * Returns {finish: "stop" | "length", tokens: number | null}; throws Refused, or AbortError if `signal` stopped it.
 */
export async function write(body, onText, signal) {
  const path = body.messages ? "v1/chat/completions" : "v1/completions";
  const reply = await call(path, { ...body, stream: true, stream_options: { include_usage: true } }, signal);
  let finish = null;
  let tokens = null;
  try {
    for await (const { data } of events(reply.body)) {
      if (data === "[DONE]") break;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Refused(chunk.error.message, 500, chunk.error.code);
      if (chunk.usage) tokens = chunk.usage.completion_tokens;
      const choice = chunk.choices?.[0];
      const piece = choice?.delta?.content ?? choice?.text;
      if (piece) onText(piece);
      finish = choice?.finish_reason ?? finish;
    }
  } catch (error) {
    if (error instanceof TypeError) throw new Refused("", 0); // what a browser makes of a line that broke
    throw error;
  }
  if (finish === null) throw new Refused("", 0); // the line broke before the end
  return { finish, tokens };
}

/** Server-sent events, each {event, data}: lines `event: …` and `data: …`, ended by an empty line. */
export async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  const values = (lines, name) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart());
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop();
      for (const block of blocks) {
        const lines = block.split(/\r?\n/);
        const data = values(lines, "data");
        if (data.length) yield { event: values(lines, "event").at(-1) ?? "message", data: data.join("\n") };
      }
    }
  } finally {
    await reader.cancel().catch(() => {}); // leaving early frees the server's slot
  }
}
