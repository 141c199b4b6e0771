// Words of the room Exam.

export const WORDS = {
  lead: ["What the model knows with the book closed.", "合上书，模型记得多少。"],
};
