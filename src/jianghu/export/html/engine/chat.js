// Conversations as ids (see jianghu/chat.py): the chat template, and the newest turns that there is room for.

import { strip } from "./tokenizer.js";

/** Ids of a conversation, which ends with the opening of an answer if `prompt` is true. */
export function render(tokenizer, messages, prompt) {
  const { imStart, imEnd } = tokenizer;
  const after = tokenizer.encode("\n");
  const ids = messages.flatMap(({ role, content }) => [
    imStart, ...tokenizer.encode(`${role}\n`), ...tokenizer.encode(strip(content)), imEnd, ...after]);
  return prompt ? [...ids, imStart, ...tokenizer.encode("assistant\n")] : ids;
}

/** The end of a conversation that fits into `room` ids as a prompt: the oldest questions go with their answers. */
export function newestTurns(tokenizer, messages, room) {
  const sizes = messages.map((message) => render(tokenizer, [message], false).length);
  let size = sizes.reduce((a, b) => a + b, render(tokenizer, [], true).length);
  let start = 0;
  while (start < messages.length - 1 && (size > room || messages[start].role === "assistant")) size -= sizes[start++];
  return messages.slice(start);
}
