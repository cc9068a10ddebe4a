/* Plays a recorded history of one of our Python machines to the JavaScript one and compares every answer. */

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (raw) => [...raw].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const plain = (value) => (value instanceof Uint8Array ? hex(value) : value);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/* Gives null, or the first difference. */
export async function link(base, { role, kind, settings, calls }) {
  const { Stack } = await import(`${base}stack.js`);
  const stack = new Stack(role, kind, settings);
  for (const [place, [call, argument, nowMs, wanted]] of calls.entries()) {
    const below = call.startsWith("gattlink.") ? stack.gattlink : stack;
    const name = call.replace("gattlink.", "");
    const step = argument === null ? below[name](nowMs) : below[name](bytes(argument), nowMs);
    const found = {
      packets: step.packets.map(hex), events: step.events.map((one) => Object.values(one).map(plain)),
      refused: step.refused, deadline: stack.deadlineMs, open: stack.open, held: stack.gattlink.heldBytes,
    };
    if (!same(found, wanted)) return { place, call, argument, nowMs, found, wanted };
  }
  return null;
}

export async function coap(base, { numbers, tokens, factors, calls }) {
  const { Endpoint, request } = await import(`${base}coap.js`);
  const chance = { first: () => numbers.shift(), token: () => bytes(tokens.shift()), factor: () => factors.shift() };
  const endpoint = new Endpoint(chance);
  for (const [place, [call, argument, nowMs, wanted]] of calls.entries()) {
    let step;
    if (call === "request") {
      const [code, path, payload, query] = argument;
      step = endpoint.request(request(code, path, bytes(payload), query), nowMs)[1];
    } else if (call === "receive") step = endpoint.receive(bytes(argument), nowMs);
    else if (call === "cancel") step = endpoint.cancel(argument, nowMs);
    else step = endpoint.tick(nowMs);
    const outcomes = step.outcomes.map((one) =>
      (one.failure ? [one.handle, one.failure] : [one.handle, one.response.code, hex(one.response.payload)]));
    const found = { datagrams: step.datagrams.map(hex), outcomes, deadline: endpoint.deadlineMs };
    if (!same(found, wanted)) return { place, call, argument, nowMs, found, wanted };
  }
  return null;
}

/* For each: [boot, first, last], or null where it is no batch. */
export async function batches(base, given) {
  const { BatchError, readBatch } = await import(`${base}records.js`);
  return given.map((one) => {
    try {
      const { boot, first, last } = readBatch(bytes(one));
      return [boot, first, last];
    } catch (error) {
      if (error instanceof BatchError) return null;
      throw error;
    }
  });
}

/* Reasons of each trim: [[why, about], ...]. */
export async function gate(base, given) {
  const { trimReasonsNot } = await import(`${base}gate.js`);
  return given.map((trim) => trimReasonsNot(trim).map((one) => [one.why, one.about]));
}

export async function furthest(base, given) {
  const { furthestSafe } = await import(`${base}gate.js`);
  return given.map(([held, committed]) => furthestSafe(held, committed));
}

export async function ranges(base, given) {
  const r = await import(`${base}ranges.js`);
  return given.map(([one, other]) => [r.union(one, other), r.minus(one, other), r.common(one, other), r.count(one)]);
}

/* Each decoded and encoded again; null where it is none that is read. */
export async function cbor(base, given) {
  const { CborError, decode, encode } = await import(`${base}cbor.js`);
  return given.map((one) => {
    try {
      return hex(encode(decode(bytes(one))));
    } catch (error) {
      if (error instanceof CborError) return null;
      throw error;
    }
  });
}
