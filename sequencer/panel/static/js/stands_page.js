// All stands of the factory at a glance: what each tests, how its last run ended, what keeps it, and which one says nothing any more.

import { alertsView } from "./alerts.js";
import { fill, h, icon, setText, show, token } from "./dom.js";
import { FACTORY } from "./slot.js";
import { isFinal, isKnown, now, on, outcome, state } from "./state.js";
import { amount, duration, onLanguage, past, percent, t } from "./text.js";
import { unitLink } from "./unit_link.js";

const CONDITIONS = ["silent", "blocked", "running", "idle", "off", "unknown"];
/** How the pictures of conditions are called. */
const PICTURES = { silent: "warning", blocked: "warning", running: "run", idle: "ready", off: "halt", unknown: "question" };
/** Seconds that a clock may differ: what takes a report to the factory takes some, too. */
const CLOCK = 10;
/** Milliseconds between two looks at the time. */
const TICK = 1000;

const parts = { cards: new Map() };

export function standsPage() {
  parts.cards = new Map();
  parts.counts = h("ul", { class: "stand-counts" });
  parts.list = h("ul", { class: "stands" });
  parts.note = h("p", { class: "empty muted", role: "status" });
  const page = h("main", { id: "main", tabIndex: -1, class: "history-page stands-page" }, h("header", { class: "page-head" }, h("h1", {}, t("nav.stands")), h("span", { class: "spacer" }), parts.counts), alertsView(), parts.list, parts.note);
  const timer = setInterval(() => (page.isConnected ? tick() : clearInterval(timer)), TICK);
  render();
  return page;
}

on("snapshot", render);
on("session", (changed) => "stands" in changed && render());
on("connection", render);
onLanguage(() => {
  for (const card of parts.cards.values()) card.mark = "";
  render();
});

function render() {
  if (!parts.list || !state.run) return;
  const stands = state.session.stands ?? [];
  setText(parts.note, stands.length ? "" : t(FACTORY ? "stands.none" : "stands.elsewhere"));
  const known = new Set(stands.map((stand) => stand.id));
  for (const [id, card] of parts.cards) {
    if (known.has(id)) continue;
    card.element.remove();
    parts.cards.delete(id);
  }
  // What somebody should look after is on top, however many stands there are.
  [...stands.filter(isUrgent), ...stands.filter((stand) => !isUrgent(stand))].forEach((stand, place) => {
    let card = parts.cards.get(stand.id);
    if (!card) parts.cards.set(stand.id, (card = new StandCard()));
    card.render(stand);
    if (parts.list.children[place] !== card.element) parts.list.insertBefore(card.element, parts.list.children[place] ?? null);
  });
  const counted = CONDITIONS.map((name) => [name, stands.filter((stand) => stand.condition === name).length]).filter(([, count]) => count);
  const mark = JSON.stringify([counted, document.documentElement.lang]);
  if (parts.counts.dataset.mark === mark) return;
  parts.counts.dataset.mark = mark;
  fill(parts.counts, counted.map(([name, count]) => h("li", { class: `chip is-${name}` }, icon(PICTURES[name]), t(`stands.${name}`), " ", h("span", { class: "number" }, amount(count)))));
}

function isUrgent({ condition }) {
  return condition === "silent" || condition === "blocked";
}

function tick() {
  for (const card of parts.cards.values()) card.tick();
}

/** A stand. What did not change is not drawn again, so that nobody loses what is selected or has the focus. */
class StandCard {
  constructor() {
    this.mark = "";
    this.element = h("li", { class: "card stand" });
    this.times = [];
  }

  render(stand) {
    const mark = JSON.stringify(stand);
    if (mark === this.mark) return;
    this.mark = mark;
    this.times = [];
    this.element.className = `card stand is-${stand.condition}`;
    this.element.dataset.stand = stand.id;
    fill(
      this.element,
      h(
        "div",
        { class: "stand-head" },
        h("h2", {}, h("a", { href: `/runs?${new URLSearchParams({ stand: stand.name })}` }, stand.name), stand.number === null ? null : h("span", { class: "stand-number" }, ` #${stand.number}`)),
        h("span", { class: `chip is-${stand.condition}` }, icon(PICTURES[stand.condition]), t(`stands.${stand.condition}`)),
      ),
      this.warnings(stand),
      h("ul", { class: "stand-slots" }, stand.slots.map((slot) => this.slot(slot, stand.condition === "silent"))),
      facts(stand),
    );
    this.tick();
  }

  /** What somebody should look after. */
  warnings(stand) {
    const heard = h("span", {});
    if (["silent", "off", "unknown"].includes(stand.condition)) this.times.push(() => setText(heard, t("stands.heard", { when: past(stand.heard, now()) })));
    const told = [
      heard,
      stand.condition === "blocked" ? h("span", {}, stand.problem ? stand.problem.split("\n")[0] : t("verdict.blocked")) : null,
      stand.refused ? h("span", {}, t("stands.refused", { count: stand.refused })) : null,
      stand.clock !== null && Math.abs(stand.clock) >= CLOCK ? h("span", {}, t(stand.clock > 0 ? "stands.clock_ahead" : "stands.clock_behind", { time: duration(Math.abs(stand.clock)) })) : null,
    ];
    return h("p", { class: "stand-warnings" }, told);
  }

  /** A slot of a stand; of one that is `silent` nobody knows whether what ran there still does. */
  slot(slot, silent) {
    const over = slot.run && isFinal(slot.status);
    const time = h("span", { class: "stand-time number" });
    const bar = slot.status === "run" && !silent ? h("progress", { max: slot.total || 1, value: slot.done, ariaLabel: t("run.progress") }) : null;
    const unit = slot.serial_number ? (over ? token : unitLink)(slot.serial_number) : over ? t("stands.run") : "";
    if (slot.status === "run" && silent) setText(time, "");
    else if (slot.status === "run") this.times.push(() => setText(time, slot.start_time === null || !isKnown() ? "" : duration(now() - slot.start_time)));
    else if (over && slot.stop_time !== null) this.times.push(() => setText(time, past(slot.stop_time, now())));
    return h(
      "li",
      { class: `stand-slot is-${silent && slot.status === "run" ? "ready" : slot.status}` },
      icon(silent && slot.status === "run" ? "question" : slot.status, t(`status.${outcome({ status: slot.status })}`)),
      slot.slot === null ? null : h("span", { class: "stand-slot-name" }, slot.title || slot.slot),
      h("span", { class: "stand-unit" }, over ? h("a", { href: `/runs/${encodeURIComponent(slot.run)}` }, unit) : unit, slot.part_number ? h("span", { class: "muted" }, " ", token(slot.part_number)) : null),
      time,
      slot.status === "run" && slot.case ? h("span", { class: "stand-case muted" }, slot.case) : null,
      bar,
    );
  }

  tick() {
    for (const write of this.times) write();
  }
}

function facts(stand) {
  const { shift } = stand;
  const known = shift?.known && shift.tested;
  const said = [
    ["stands.shift", known ? [percent(shift.passed / shift.tested), " ", h("span", { class: "muted" }, t("yield.of_runs", { passed: amount(shift.passed), all: amount(shift.tested) }))] : "—"],
    ["stands.waiting", stand.waiting === null ? "—" : amount(stand.waiting)],
    ["stands.sequence", stand.sequence === null ? "—" : [stand.sequence, stand.sequence_version ? h("span", { class: "muted" }, ` ${stand.sequence_version}`) : null]],
    ["stands.hardseq", stand.hardseq ?? "—"],
  ];
  return h("dl", { class: "stand-facts" }, said.map(([name, figure]) => h("div", {}, h("dt", {}, t(name)), h("dd", { class: "number" }, figure))));
}
