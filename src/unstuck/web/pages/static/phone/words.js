/* The texts that the server put into the page, with numbers, times and names filled in. Pure but for reading the page. */

export class Words {
  constructor(told) {
    this.told = told;
    this.plural = new Intl.PluralRules(told.language);
    this.numbers = new Intl.NumberFormat(told.language);
    const when = { dateStyle: "medium", timeStyle: "short" };
    if (told.zone) when.timeZone = told.zone;
    if (told.hour12 !== null) when.hour12 = told.hour12;
    this.times = new Intl.DateTimeFormat(told.language, when);
  }

  static ofPage() { return new Words(JSON.parse(document.getElementById("told").textContent)); }

  /* Values are put in by name, as %(name)s. */
  say(key, values = {}) { return filled(this.told.said[key], values); }

  records(count) {
    const [one, many] = this.told.records;
    return filled(this.plural.select(count) === "one" ? one : many, { n: this.numbers.format(count) });
  }

  /* { state, data, step } of an outcome. A code that has no words is shown as it is. */
  outcome(code) {
    const [state, data, step] = this.told.outcomes[code] ?? [code, "", ""];
    return { state, data, step };
  }

  moment(unixS) { return this.times.format(new Date(unixS * 1000)); }
}

function filled(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
