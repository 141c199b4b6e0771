// A text by its characters, as Python counts them: one of a rare plane is one character, though two units of a string.

export class Characters {
  constructor(text) {
    this.text = text;
    this.list = Array.from(text);
    this.length = this.list.length;
    this.rare = text.length > this.length;
    this.numbers = null; // the number of the character at each unit, where they differ
  }

  /** The number of the character that stands at a unit of the string. */
  at(unit) {
    if (!this.rare) return unit;
    if (!this.numbers) {
      this.numbers = new Int32Array(this.text.length + 1);
      let unit_ = 0;
      this.list.forEach((one, n) => {
        this.numbers.fill(n, unit_, unit_ + one.length);
        unit_ += one.length;
      });
      this.numbers[unit_] = this.length;
    }
    return this.numbers[unit];
  }

  slice(start, end = this.length) {
    return this.rare ? this.list.slice(start, end).join("") : this.text.slice(start, end);
  }

  /** The places of a pattern (its flags: gud): for each match [start, end] of the whole and of every group, or undefined. */
  *matches(pattern) {
    for (const found of this.text.matchAll(pattern)) {
      yield found.indices.map((span) => span && [this.at(span[0]), this.at(span[1])]);
    }
  }

  /** Everywhere a term stands, one place over another too. */
  places(term) {
    const found = [];
    for (let at = this.text.indexOf(term); at >= 0; at = this.text.indexOf(term, at + 1)) found.push(this.at(at));
    return found;
  }
}
