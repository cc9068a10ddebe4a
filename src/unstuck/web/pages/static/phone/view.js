/* What is known enters, elements of the page show it. Texts go in as text, never as HTML. */

const LOG_SHOWN = 20;

const at = (id) => document.getElementById(id);

function element(tag, text = "", name = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function show(id, shown) { at(id).hidden = !shown; }

/* state: cannot, session, last (attempt), trackers ([{ tracker, name, onTracker, waiting, confirmed }]), elsewhere,
   login, told (of the page), waiting, attempts, sound, ready (presses are heard). */
export function render(words, state) {
  headline(words, state);
  acts(words, state);
  progress(words, state);
  trackers(words, state);
  cautions(words, state);
  server(words, state);
  log(words, state);
}

/* What the page says before anything happened. */
const FIRST = [at("headline").textContent, at("meaning").textContent, "", ""];

function headline(words, state) {
  const [head, meaning, next, kind] = verdict(words, state);
  put("headline", head);
  put("meaning", meaning);
  show("next", Boolean(next));
  put("next", next);
  at("verdict").className = `verdict ${kind}`;
}

function verdict(words, state) {
  if (state.session.busy) return [words.say(state.session.busy), "", "", "healthy"];
  if (state.last) {
    const said = words.outcome(state.last.outcome);
    const good = ["synced", "nothing_new"].includes(state.last.outcome);
    return [`${said.state}.`, said.data, said.step, good ? "healthy" : "quiet"];
  }
  if (state.cannot) return [words.say(state.cannot), "", words.say(`${state.cannot}_step`), "quiet"];
  return FIRST;
}

function acts(words, state) {
  const busy = state.session.busy !== "";
  at("start").disabled = busy || state.cannot !== "" || !state.ready;
  show("again", !busy && state.session.device !== null && state.cannot === "");
  show("stop", ["connecting", "draining", "waiting"].includes(state.session.busy));
  at("upload").disabled = busy;
  const select = at("tracker"), chosen = select.value;
  show("which", state.trackers.length > 0);
  select.disabled = busy;
  const options = [["", words.say("any")], ...state.trackers.map((one) => [one.tracker, `${one.name} (${one.tracker})`])];
  if (select.options.length !== options.length) {
    select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
    select.value = options.some(([value]) => value === chosen) ? chosen : "";
  }
}

function progress(words, state) {
  const { busy, now, share, movedBytes } = state.session;
  show("progress", busy === "draining" && now !== null);
  if (busy !== "draining" || now === null) return;
  const all = now.drained + now.missing, done = Math.min(all, now.drained + Math.floor(share * now.missing));
  at("bar").max = Math.max(1, all);
  at("bar").value = all ? done : 1;
  put("bar-words", words.say("progress", { done: words.numbers.format(done), all: words.numbers.format(all) }));
  put("moved", words.say("moved", { kilobytes: words.numbers.format(Math.ceil(movedBytes / 1024)) }));
}

function trackers(words, state) {
  at("trackers").replaceChildren(...state.trackers.map((one) => {
    const row = element("li");
    const counts = [["on_tracker", one.onTracker], ["here", one.waiting], ["server", one.confirmed]]
      .map(([key, count]) => `${words.records(count)} ${words.say(key)}`).join(" · ");
    row.append(element("b", one.name), element("span", counts, "muted small"));
    return row;
  }));
}

function cautions(words, state) {
  const found = [];
  if (!state.session.alone) found.push(words.say("not_alone"));
  if (!state.sound) found.push(words.say("not_sound"));
  if (!state.session.persistent && state.trackers.length) found.push(words.say("not_persistent"));
  at("cautions").replaceChildren(...found.map((text) => element("li", text)));
}

function server(words, state) {
  const { login, told } = state;
  put("waits", state.waiting ? words.say("waits", { records: words.records(state.waiting) })
    : state.trackers.length ? words.say("all_safe") : "");
  const parts = [];
  if (login) {
    parts.push(words.say("uploads_to", { name: login.accountName, device: login.name }));
    if (told.account && told.account !== login.account) parts.push(words.say("uploads_to_other", { name: told.account_name }));
  }
  for (const one of state.elsewhere) {
    parts.push(words.say("elsewhere", { records: words.records(one.records), name: one.accountName || words.say("unnamed") }));
  }
  show("whose", parts.length > 0);
  put("whose", parts.join(" "));
  if (at("consent")) show("consent", !login || login.account !== told.account);
  if (at("sign-in")) show("sign-in", !login);
  show("upload-acts", Boolean(login));
  show("remove", state.trackers.length > 0 || Boolean(login));
}

function log(words, state) {
  show("log-empty", !state.attempts.length);
  at("log").replaceChildren(...state.attempts.slice(0, LOG_SHOWN).map((one) => {
    const said = words.outcome(one.outcome), row = element("li"), text = element("div");
    const what = element("p", `${words.say(one.side)}: ${said.state}`);
    if (one.records) what.append(` · ${words.records(one.records)}`);
    text.append(what);
    if (one.detail) text.append(element("p", one.detail, "muted small"));
    const time = element("time", words.moment(one.endedS), "muted small");
    time.dateTime = new Date(one.endedS * 1000).toISOString();
    row.append(text, time);
    return row;
  }));
}

/* Said once to those who hear the page. */
export function announce(text) { put("said", text); }

function put(id, text) {
  const found = at(id);
  if (found.textContent !== text) found.textContent = text;
}
