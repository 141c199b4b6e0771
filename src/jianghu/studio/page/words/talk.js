// Words of the room Talk.

export const WORDS = {
  lead: ["Ask those who have read the book.", "问问读过书的人。"],
};
