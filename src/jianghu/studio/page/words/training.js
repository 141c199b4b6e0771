// Words of the room Training.

export const WORDS = {
  lead: ["From the books to a model: what runs, how it goes, what it costs.", "从书到模型：在跑什么、跑得怎样、花多少。"],
};
