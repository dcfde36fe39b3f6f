// The top of the live page: the verdict for a look from three metres, the device, the time, Start and Stop.

import { ApiError, logIn, post } from "./api.js";
import { chosenWhy } from "./choose_why.js";
import { deviations } from "./deviations.js";
import { fill, h, icon, memory, setAria, setIcon, setText, show, token, word } from "./dom.js";
import { warningCount } from "./measurement.js";
import { may, onPerson } from "./people.js";
import { chosenCases, isChoosing } from "./plan.js";
import { reasonText } from "./reason.js";
import { shrinking } from "./shrink.js";
import { emptyForm, focusForm, formValues, markScan, moveOn, renderForm, showFieldProblems, startUnanswered } from "./start_form.js";
import { isBlocked, isKnown, now, on, outcome, progress, remainingSeconds, state } from "./state.js";
import { countsText } from "./status_filter.js";
import { stop } from "./stop_run.js";
import { clock, duration, onLanguage, t } from "./text.js";
import { unitNote } from "./unit_note.js";
import { toast, toastError, withdraw } from "./toast.js";
import { unitLink } from "./unit_link.js";

/** Facts that never break. */
const NUMBERS = ["fact.serial_number", "fact.part_number", "fact.variant", "fact.batch"];
const parts = {};
/** Milliseconds that a Start waits for a stand that is ready in a moment. */
const SOON = 3000;
let pending = false;
/** Whether a run has ended and nothing but the next one's readiness is to follow. */
let following = false;

/** The top; `beside` is what stands beside Start. */
export function heroView(beside) {
  parts.icon = icon("ready");
  parts.word = h("span", { class: "verdict-word" });
  parts.verdict = h("div", { class: "verdict", role: "status", aria: { live: "polite", atomic: "true" } }, parts.icon, parts.word);
  parts.sub = h("p", { class: "verdict-sub" });
  parts.name = h("h1", { class: "hero-name" }, h("span", {}), " ", h("span", { class: "hero-sequence" }));
  parts.facts = h("dl", { class: "hero-facts" });
  parts.form = h("form", { class: "start-form", autocomplete: "off", onsubmit: submitted });
  parts.elapsed = h("span", { class: "hero-elapsed number" });
  parts.left = h("span", { class: "hero-left" });
  parts.ended = h("span", { class: "hero-ended muted number" });
  parts.bar = h("progress", { class: "hero-progress", max: 1, value: 0, aria: { label: t("run.progress") } });
  parts.start = h("button", { type: "button", class: "button start", disabled: true, onclick: () => start() }, icon("play"), h("span", { class: "button-text" }), h("kbd", {}, t("key.space")));
  parts.stop = h("button", { type: "button", class: "button stop", hidden: true, onclick: stop }, icon("halt"), h("span", { class: "button-text" }));
  parts.hero = h(
    "section",
    { class: "hero", aria: { label: t("run.title") } },
    h("div", { class: "hero-verdict" }, parts.verdict, parts.sub),
    h("div", { class: "hero-middle" }, parts.name, parts.facts, parts.form, unitNote()),
    h("div", { class: "hero-side" }, h("div", { class: "hero-time" }, parts.elapsed, parts.left, parts.ended), h("div", { class: "hero-buttons" }, parts.start, beside, parts.stop)),
    parts.bar,
  );
  render();
  return shrinking(parts.hero, parts.form);
}

/** What a status is called in one loud word. */
function verdictWord(status) {
  return t(`verdict.${status === "skipped" ? outcome(state.run) : status}`);
}

export function startable() {
  return state.session.can_start && state.session.state === "ready" && state.connected;
}

/** Whether a start was asked for that was not answered yet. */
export function isPending() {
  return pending;
}

export function isRunning() {
  return ["starting", "running", "stopping", "retrying"].includes(state.session.state);
}

/** Starts a run with what the form says, now or not at all: nothing starts later by surprise. */
export async function start() {
  if (pending) return;
  withdraw("start", "form");
  if (!startable() && !isSoon()) return refuse();
  if (!may("operator")) return logIn();
  const values = formValues();
  if (!values) return;
  const body = { params: values, asked: now(), user: memory.get("operator") || null };
  if (isChoosing()) {
    body.only = chosenCases();
    if (body.only?.length === 0) return toast(t("choose.none"), "warning", "start");
    if (body.only) body.why = chosenWhy();
  }
  pending = true;
  renderButtons();
  try {
    if (await ready()) await send(body);
    else refuse();
  } finally {
    pending = false;
    renderButtons();
  }
}

async function send(body) {
  const before = state.run.id;
  try {
    await post("/api/start", body);
    emptyForm(body.params);
    focusForm({ away: true });
  } catch (error) {
    if (error instanceof ApiError && error.fields.length) return showFieldProblems(error.fields);
    toastError(error, "start");
    markScan();
    if (!(error instanceof ApiError)) startUnanswered(body.params, before);
  }
}

/** Says why nothing starts. What was scanned stays, marked, for the next Enter or the next scan. */
function refuse() {
  toast(t(state.connected ? "start.not_ready" : "start.offline"), "warning", "start");
  markScan();
}

/** Whether the last report is just being kept, or the next test process of the same sequence comes up. */
function isSoon() {
  return following && state.connected;
}

/** Waits for a stand that is ready in a moment. */
async function ready() {
  const { params, choice } = state.session;
  for (const begun = Date.now(); isSoon() && Date.now() - begun < SOON; ) await new Promise((done) => setTimeout(done, 20));
  return startable() && state.session.params === params && state.session.choice === choice;
}

function submitted(event) {
  event.preventDefault();
  if (!moveOn()) start();
}

on("snapshot", () => {
  following = false;
  if (!parts.hero) return;
  render();
  if (state.session.state === "ready") focusForm();
});
on("run", () => parts.hero && renderRun());
on("session", (changed) => {
  if (changed.state === "saving") following = state.session.can_start;
  else if ("choice" in changed || !["saving", "loading"].includes(state.session.state)) following = false;
  if (!parts.hero) return;
  if (["params", "choice", "choices", "form"].some((name) => name in changed)) renderForm(parts.form);
  renderRun();
  renderButtons();
  if (changed.state === "ready") focusForm();
});
on("connection", () => {
  if (!parts.hero || !state.run) return;
  renderRun();
  renderButtons();
});
onLanguage(() => parts.hero && render());
onPerson(() => parts.hero && renderButtons());

function render() {
  if (!state.run) return;
  renderForm(parts.form);
  renderRun();
  renderButtons();
}

function shownStatus() {
  const { session, run } = state;
  // What was so when the connection was lost may be over: nobody takes it for what is so now.
  if (!isKnown()) return "offline";
  if (session.state === "starting") return "run";
  // Above all: the verdict of the board before must not stand over a stand that can test nothing.
  if (isBlocked(session)) return "blocked";
  if (!run.id && session.state === "loading") return "loading";
  return run.status;
}

function renderRun() {
  const { run, session } = state;
  const status = shownStatus();
  parts.hero.className = `hero is-${status}${session.params?.length ? " has-form" : ""}`;
  setIcon(parts.icon, ["blocked", "offline"].includes(status) ? "warning" : status === "loading" ? "run" : status, "");
  setText(parts.word, verdictWord(status));
  setText(parts.sub, subtitle(status));
  const sequence = [run.sequence.name, run.sequence.version].filter(Boolean).join(" ");
  setText(parts.name.firstChild, session.title || run.sequence.name || "hardseq");
  setText(parts.name.lastChild, session.title && session.title !== run.sequence.name ? sequence : run.sequence.version || "");
  renderFacts();
  renderTime();
  parts.hero.style.setProperty("--letters", String(Math.max(4, width(verdictWord(status)))));
}

/** Letters that a word is wide: those of Chinese and Japanese count nearly double, Cyrillic ones a little more. */
function width(word) {
  return [...word].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1.7 : letter > "\u0400" ? 1.15 : 1), 0);
}

function subtitle(status) {
  const { run, session, counts } = state;
  if (status === "run") {
    const running = [...state.cases.values()].find((one) => one.status === "run");
    if (running) return running.name;
    if (!counts.ready) return t("run.ends");
    return counts.ready === state.cases.size ? t("run.begins") : "";
  }
  // The alert over it says the rest.
  if (status === "offline") return "";
  if (status === "blocked") return t("problem.short");
  if (status === "loading") return t("session.loading");
  if (status === "ready") return t(session.can_start ? "run.waiting" : "session.loading");
  const warned = [...state.cases.values()].reduce((sum, one) => sum + warningCount(one.attempts), 0);
  const words = [countsText(counts), warned ? t("case.warnings", { count: warned }) : ""].filter(Boolean);
  if (run.stop_reason) words.unshift(reasonText(run.coded_stop_reason, run.stop_reason));
  if (run.aborted) words.unshift(t("run.aborted"));
  return words.join(" · ");
}

/** Why the verdict says less than it seems to. */
export function reservations(run) {
  const marks = ["simulated", "partial", "debugged"].filter((name) => run[name === "partial" ? "selection" : name]);
  return [...(run.status === "skipped" ? [outcome(run)] : []), ...marks].map((name) => t(`run.${name}`));
}

function renderFacts() {
  const { run } = state;
  const said = [
    ["fact.serial_number", run.dut.serial_number, "big"],
    ["fact.part_number", run.dut.part_number],
    ["fact.variant", run.variant !== run.dut.part_number && run.variant],
    ["fact.device", [run.dut.name, run.dut.revision].filter(Boolean).join(" ")],
    ["fact.batch", run.batch.serial_number],
    ["fact.process", run.process.name],
    ["fact.user", run.user],
  ].filter(([, what]) => what);
  const flags = reservations(run);
  const other = deviations(said.map(([, what]) => what));
  const mark = JSON.stringify([said, flags, other]);
  if (parts.facts.dataset.mark === mark) return;
  parts.facts.dataset.mark = mark;
  fill(
    parts.facts,
    said.map(([name, what, size]) => h("div", { class: size || "" }, h("dt", {}, t(name)), h("dd", {}, name === "fact.serial_number" ? unitLink(what) : NUMBERS.includes(name) ? token(what) : what))),
    other.map(([name, what]) => h("div", { class: "deviation" }, h("dt", {}, name), h("dd", {}, word(what)))),
    flags.map((flag) => h("div", { class: "flag" }, h("dt", { class: "for-readers" }, t("fact.note")), h("dd", {}, flag))),
  );
}

/** The times and the bar; called again and again while a run goes on. */
export function renderTime() {
  const { run } = state;
  if (!run || !parts.hero) return;
  const running = run.status === "run";
  setText(parts.elapsed, run.start_time ? duration((running ? now() : run.stop_time ?? now()) - run.start_time, { fine: !running }) : "");
  const left = running ? remainingSeconds() : null;
  setText(parts.left, left === null ? (running ? "" : run.start_time ? t("run.duration") : "") : t("run.left", { time: duration(left) }));
  // Who comes to the stand later sees whether this is the verdict of just now.
  setText(parts.ended, run.stop_time ? t("run.ended", { time: clock(run.stop_time) }) : "");
  show(parts.bar, running);
  if (running) parts.bar.value = progress();
}

function renderButtons() {
  const { session } = state;
  const running = isRunning();
  show(parts.start, session.can_start && !running);
  show(parts.stop, running);
  parts.start.disabled = !startable() || pending;
  parts.stop.disabled = session.state === "stopping" || !state.connected;
  setText(parts.start.querySelector(".button-text"), t(startable() && !may("operator") ? "login.enter" : session.state === "loading" ? "button.preparing" : session.state === "saving" ? "button.saving" : "button.start"));
  setText(parts.stop.querySelector(".button-text"), t(session.state === "stopping" ? "button.stopping" : "button.stop"));
  setAria(parts.start, "keyshortcuts", "Space");
  document.body.classList.toggle("full-size-button", Boolean(session.settings?.full_size_button));
  document.body.classList.toggle("is-running", running);
}
