// Words of the room Report.

export const WORDS = {
  lead: ["Everything that was done, in one page.", "做过的一切，一页看完。"],
};
