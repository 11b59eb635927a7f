// The dashboard: asks the bot every few seconds, as long as somebody looks, and shows what it says.

import { chart, legend } from "./chart.js";
import { byId, h, show, table } from "./dom.js";
import { ago, millis, number, readable, seconds, translatePage, words } from "./words.js";

const EVERY = 2_500;
const PATIENCE = 8_000;

let latest = null;
let answeredAt = Date.now();
let timer = 0;

/* Asking */

async function ask() {
  clearTimeout(timer);
  try {
    const answer = await fetch("api/dashboard", { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
    if (answer.status === 401) return signedOut();
    if (!answer.ok) throw new Error(String(answer.status));
    latest = await answer.json();
    answeredAt = Date.now();
    connected();
    render(latest);
  } catch {
    disconnected();
  }
  if (!document.hidden) timer = setTimeout(ask, EVERY);
}

function connected() {
  document.body.dataset.connection = "live";
  chip("connection", words.live, "good");
  byId("banner").hidden = true;
}

function disconnected() {
  document.body.dataset.connection = "lost";
  chip("connection", words.disconnected, "bad");
  banner("bad", words.lost(ago((Date.now() - answeredAt) / 1_000)));
}

function signedOut() {
  document.body.dataset.connection = "lost";
  chip("connection", words.disconnected, "bad");
  banner("warn", `${words.signedOut} `, h("a", { href: "./" }, words.signIn));
}

function chip(id, text, tone) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
  element.dataset.tone = tone;
  element.hidden = false;
}

function banner(tone, ...content) {
  const element = byId("banner");
  element.dataset.tone = tone;
  element.replaceChildren(...content);
  element.hidden = false;
}

/* Showing */

function render(data) {
  const { status, people, activity, caches } = data;
  const since = (at) => ago((status.at - at) / 1_000);
  const cell = (text) => text ?? h("span", { class: "faint" }, "–");
  head(status);
  tiles(data, since);
  funnel(people, since);
  latency(activity, status.at);
  stuck(people, since, cell);
  feed(activity.errors, since, cell);
  calls("store", activity.store_operations, (call) => call.operation);
  calls("outside", activity.outside_calls, (call) => [readable(call.operation), h("span", { class: "sub" }, call.api)]);
  telegram(status, since);
  showCaches(caches);
}

function head(status) {
  const name = status.bot ? `${status.bot.name} @${status.bot.username}` : "Stepkeep";
  byId("bot").textContent = name;
  document.title = `${status.bot?.name ?? "Stepkeep"} · Stepkeep`;
  const facts = [words[status.mode], status.role && words[status.role], `${status.store.backend}`, words.up(seconds(status.uptime_seconds)), `v${status.version}`];
  byId("facts").textContent = facts.filter(Boolean).join(" · ");
  const accepting = status.readiness.checks.find((check) => check.name === "accepting");
  if (status.readiness.ready) chip("readiness", words.ready, "good");
  else if (accepting.reason) chip("readiness", words[accepting.reason] ?? accepting.reason, "warn");
  else chip("readiness", words.notReady, "bad");
}

function tiles({ status, people, activity }, since) {
  const { backlog } = status;
  const errors = activity.errors.reduce((sum, error) => sum + error.count, 0);
  const together = activity.turns_together;
  const unknown = "–";
  const list = [
    [words.inDialogue, people && !people.error ? number(people.in_dialogue) : unknown, people ? words.ofSessions(number(people.sessions)) : ""],
    [words.turnTime, together ? millis(together.p95_ms) : unknown, words.turnsIn30(number(together?.count ?? 0)), together?.p95_ms > 2_000 && "warn"],
    [words.backlog, number(backlog.updates), backlog.held_back ? words.heldBack(number(backlog.held_back)) : words.backlogNote(number(backlog.conversations), number(backlog.outside_calls)), backlog.held_back > 0 && "warn"],
    [words.pending, backlog.pending_at_telegram === null ? unknown : number(backlog.pending_at_telegram), status.last_update ? words.lastUpdate(since(status.last_update.at)) : words.noUpdate, backlog.pending_at_telegram > 100 && "warn"],
    [words.deadLetters, backlog.dead_letters === null ? unknown : number(backlog.dead_letters), words.deadLettersNote, backlog.dead_letters > 0 && "bad"],
    [words.errors, number(errors), words.errorsNote, errors > 0 && "warn"],
  ];
  show("tiles", list, () => list.map(([name, value, note, tone]) =>
    h("div", { class: "tile", "data-tone": tone || null }, h("dt", {}, name), h("dd", {}, value), h("dd", { class: "tile-note" }, note))));
}

function funnel(people, since) {
  if (!people) return show("people", null, () => h("p", { class: "empty" }, words.counting));
  const notes = people.error
    ? []
    : [
        words.peopleNote(ago(people.seen_seconds_ago), millis(people.took_ms)),
        !people.is_whole && words.partly(number(people.sessions)),
        people.unreadable > 0 && words.unreadable(number(people.unreadable)),
      ];
  byId("people-note").textContent = notes.filter(Boolean).join("; ");
  if (people.error) return show("people", people.error, () => h("p", { class: "empty" }, words.countFailed(people.error)));
  // Those who are done are many, and would make all others look few.
  const waiting = people.flows.flatMap((flow) => flow.steps.filter((step) => !step.is_resting));
  const most = Math.max(1, ...waiting.map((step) => step.people));
  // Made anew for each table: an element is in one place only.
  const columns = () => [
    { title: words.step, cell: (step) => readable(step.step) },
    { title: h("span", { class: "visually-hidden" }, words.share), class: "bar-cell", cell: (step) => bar(step, most) },
    { title: words.here, class: "number", cell: (step) => h("span", { class: step.people ? "strong" : "faint" }, number(step.people)) },
    { title: h("abbr", { title: words.arrivedLong }, words.arrived), class: "number faint", cell: (step) => number(step.arrivals) },
    { title: words.longest, class: "number faint optional", cell: (step) => (step.oldest && !step.is_resting ? since(step.oldest) : "") },
  ];
  show("people", people.flows.map((flow) => [flow, flow.steps.map((step) => step.oldest && since(step.oldest))]), () =>
    people.flows.map((flow) =>
      h("div", { class: "funnel-flow", "data-flow": flow.flow },
        h("h3", { class: "note" }, `${readable(flow.flow)} · ${number(flow.people)}`),
        table(`${words.people}: ${readable(flow.flow)}`, columns(), flow.steps, { class: "funnel" }))));
  for (const fillings of document.querySelectorAll(".bar > i")) fillings.style.width = `${fillings.dataset.share}%`;
}

function bar(step, most) {
  const share = step.people === 0 ? 0 : Math.min(100, Math.max(2, Math.round((100 * step.people) / most)));
  return h("span", { class: "bar", "data-some": step.people > 0, "data-resting": step.is_resting, "aria-hidden": "true" },
    h("i", { "data-share": share }));
}

function latency(activity, now) {
  const together = activity.turns_together;
  const width = byId("latency").clientWidth;
  const height = width < 420 ? 190 : 220;
  if (!together) {
    byId("legend").replaceChildren();
    return show("latency", null, () => h("p", { class: "empty" }, words.noTurns));
  }
  const tell = (slot) => {
    const when = slot && new Date(slot.at).toLocaleTimeString(document.documentElement.lang);
    byId("legend").replaceChildren(...legend(slot ?? together, when));
  };
  show("latency", [activity.turns, Math.ceil(now / 10_000), width], () => {
    tell(null);
    const says = words.chartSays(number(together.count), millis(together.p50_ms), millis(together.p95_ms), millis(together.p99_ms));
    return chart(activity.turns, now, width, height, says, tell);
  });
}

function stuck(people, since, cell) {
  const rows = people && !people.error ? people.stuck : [];
  const severalFlows = (people?.flows.length ?? 0) > 1;
  const more = (one) => [severalFlows && readable(one.place.flow), one.waits_for && words.waitsFor(readable(one.waits_for))].filter(Boolean).join(", ");
  const columns = [
    { title: words.person, class: "name", cell: (one) => one.name },
    { title: words.place, cell: (one) => [readable(one.place.step), more(one) && h("span", { class: "sub" }, more(one)), one.last_error && h("span", { class: "sub narrow-only" }, readable(one.last_error))] },
    { title: words.since, class: "nowrap", cell: (one) => since(one.since) },
    { title: words.lastError, class: "optional", cell: (one) => cell(one.last_error && readable(one.last_error)) },
  ];
  show("stuck", rows.map((one) => [one, since(one.since)]), () =>
    rows.length ? table(words.stuck, columns, rows) : h("p", { class: "empty" }, people ? words.nobody : words.counting));
}

function feed(errors, since, cell) {
  const columns = [
    // On a narrow screen the message stands below, where it has room.
    { title: words.kind, cell: (error) => [h("span", { class: "strong" }, readable(error.kind)), h("span", { class: "sub narrow-only" }, error.message)] },
    { title: words.what, class: "optional", cell: (error) => h("span", { class: "message" }, error.message) },
    { title: words.place, class: "optional", cell: (error) => cell(error.place && `${readable(error.place.flow)}: ${readable(error.place.step)}`) },
    { title: words.count, class: "number", cell: (error) => number(error.count) },
    { title: words.when, class: "number", cell: (error) => since(error.last_at) },
  ];
  show("feed", errors.map((error) => [error, since(error.last_at)]), () =>
    errors.length ? table(words.feed, columns, errors) : h("p", { class: "empty" }, words.noErrors));
}

function calls(id, list, name) {
  const columns = [
    { title: words.operation, cell: name },
    { title: words.calls, class: "number", cell: (call) => number(call.count) },
    { title: words.failed, class: "number", cell: (call) => number(call.errors) },
    { title: words.half, class: "number", cell: (call) => millis(call.p50_ms) },
    { title: words.tail, class: "number", cell: (call) => millis(call.p95_ms) },
    { title: words.last, class: "number optional", cell: (call) => millis(call.p99_ms) },
  ];
  show(id, list, () => (list.length ? table(words[id], columns, list) : h("p", { class: "empty" }, words.noCalls)));
}

function telegram(status, since) {
  const { webhook, readiness, store, outcomes } = status;
  const wrong = readiness.checks.filter((check) => !check.ok).map((check) => `${check.name}: ${check.reason}`);
  const failure = webhook?.last_error;
  const facts = [
    [words.checks, wrong.join(", ") || words.fine],
    [words.mode, [words[status.mode], status.role && words[status.role]].filter(Boolean).join(", ")],
    webhook?.is_set && [words.address, webhook.origin],
    (webhook?.is_set || failure) && [words.lastFailure, failure ? `${failure.message}${failure.at ? `, ${since(failure.at)}` : ""}` : words.none],
    [words.answered, `${number(outcomes.answered)}, ${number(outcomes.comes_again)} ${words.cameAgain}, ${number(outcomes.failed)} ${words.failedCount}`],
    [words.store, `${store.backend}: ${store.ok ? words.storeOk : store.reason}`],
    store.warnings?.length > 0 && [words.warnings, store.warnings.join("; ")],
  ].filter(Boolean);
  show("telegram", facts, () => facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function showCaches(caches) {
  const rate = (cache) => {
    const asked = cache.hits + cache.misses + cache.stale;
    return asked === 0 ? "–" : `${Math.round((100 * (cache.hits + cache.stale)) / asked)} %`;
  };
  const columns = [
    { title: words.cache, cell: (cache) => readable(cache.name) },
    { title: words.hitRate, class: "number strong", cell: rate },
    { title: words.calls, class: "number", cell: (cache) => number(cache.hits + cache.misses + cache.stale) },
    { title: words.failed, class: "number", cell: (cache) => number(cache.failures) },
    { title: words.entries, class: "number optional", cell: (cache) => number(cache.entries) },
  ];
  show("caches", caches, () => (caches.length ? table(words.caches, columns, caches) : h("p", { class: "empty" }, words.noCaches)));
}

translatePage();
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : ask()));
new ResizeObserver(() => latest && latency(latest.activity, latest.status.at)).observe(byId("latency"));
ask();
