// Words of the room Records.

export const WORDS = {
  lead: ["Questions and answers about the books, each with its evidence.", "关于书的问答，每条都有依据。"],
};
