// Words of the room Talk beside those of the chat.

import { WORDS as CHAT } from "../../chat/words.js";

const OWN = {
  nobody: ["Nobody has read the books yet", "还没有人读过这些书"],
  nobody_help: ["Train a model first. As soon as there is a checkpoint, it can be asked here.", "先训练一个模型。有了检查点，就可以在这里提问。"],
  to_training: ["To the training", "去训练"],
};

export const TALK = { ...CHAT, ...OWN };
