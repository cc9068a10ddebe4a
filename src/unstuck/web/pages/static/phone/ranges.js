/* Sets of sequence numbers as closed intervals, and such sets by boot. Pure; nothing is changed in place.
   A set is a list of [first, last], rising and never touching; "held" is a Map from boot to set. */

export function of(pairs) {
  const merged = [];
  for (const [first, last] of [...pairs].sort((one, other) => one[0] - other[0] || one[1] - other[1])) {
    const before = merged[merged.length - 1];
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/* Nothing when last < first. */
export function span(first, last) { return first <= last ? [[first, last]] : []; }

export function union(one, other) { return of([...one, ...other]); }

export function minus(one, other) {
  const left = [];
  for (let [first, last] of one) {
    for (const [from, to] of other) {
      if (to < first || from > last) continue;
      if (first < from) left.push([first, from - 1]);
      first = to + 1;
    }
    if (first <= last) left.push([first, last]);
  }
  return left;
}

export function common(one, other) { return minus(one, minus(one, other)); }

export function count(set) { return set.reduce((sum, [first, last]) => sum + last - first + 1, 0); }

export function lastOf(set) { return set[set.length - 1][1]; }

// by boot

export function at(held, boot) { return held.get(boot) ?? []; }

function each(boots, make) {
  const out = new Map();
  for (const boot of [...new Set(boots)].sort((one, other) => one - other)) {
    const set = make(boot);
    if (set.length) out.set(boot, set);
  }
  return out;
}

/* Rows of { boot, first, last }. */
export function byBoot(rows) {
  return each(rows.map((row) => row.boot), (boot) =>
    of(rows.filter((row) => row.boot === boot).map((row) => [row.first, row.last])));
}

export function joined(one, other) {
  return each([...one.keys(), ...other.keys()], (boot) => union(at(one, boot), at(other, boot)));
}

export function without(one, other) { return each(one.keys(), (boot) => minus(at(one, boot), at(other, boot))); }

export function shared(one, other) { return each(one.keys(), (boot) => common(at(one, boot), at(other, boot))); }

export function total(held) { return [...held.values()].reduce((sum, set) => sum + count(set), 0); }

export function isNumber(given, most = Number.MAX_SAFE_INTEGER) {
  return Number.isSafeInteger(given) && given >= 0 && given <= most;
}

/* Out of CBOR (a Map) or JSON (an object); null when it is not ranges by boot. */
export function fromPlain(given) {
  if (given === null || typeof given !== "object" || Array.isArray(given) || given instanceof Uint8Array) return null;
  const rows = [];
  for (const [key, pairs] of given instanceof Map ? given : Object.entries(given)) {
    const boot = typeof key === "string" && /^\d{1,16}$/.test(key) ? Number(key) : key;
    if (!isNumber(boot) || !Array.isArray(pairs)) return null;
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((one) => isNumber(one)) || pair[1] < pair[0]) return null;
      rows.push({ boot, first: pair[0], last: pair[1] });
    }
  }
  return byBoot(rows);
}

/* As JSON carries it. */
export function toPlain(held) { return Object.fromEntries([...held].map(([boot, set]) => [String(boot), set])); }
