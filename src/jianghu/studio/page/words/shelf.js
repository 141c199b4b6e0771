// Words of the room Shelf.

export const WORDS = {
  lead: ["The novels that the model will read.", "模型要读的小说。"],
};
