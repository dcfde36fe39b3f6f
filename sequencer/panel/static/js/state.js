// The live state in the browser: takes snapshots and patches, tells who is interested what changed.

import { ATTEMPT, CASE, MODULE } from "./blank.js";

/** The whole state; `run` is null until the first snapshot. */
export const state = {
  id: null,
  session: {},
  run: null,
  /** What the page of all slots shows of each, by name; null elsewhere. */
  slots: null,
  /** Cases by full name, `module::case`. */
  cases: new Map(),
  /** How many cases have which status. */
  counts: {},
  /** Server time minus the page's steady clock, in seconds. */
  offset: 0,
  connected: false,
  /** The run that was going on when the panel was restarted, until another one begins. */
  cut: null,
};

/** How runs end, from the worst to the best. */
export const WORST_FIRST = ["error", "failed", "stopped", "skipped", "passed"];

const listeners = { begin: [], snapshot: [], run: [], case: [], module: [], session: [], messages: [], connection: [], verdict: [], slots: [], ends: [] };

/**
 * Calls `listener` on changes: of `snapshot`, `begin`, `run`, `case` (name), `module` (id), `session`, `messages`, `slots` (what changed, by name),
 * `ends` (the slots whose runs have ended just now, by their numbers), ...
 */
export function on(kind, listener) {
  listeners[kind].push(listener);
}

function tell(kind, subject) {
  for (const listener of listeners[kind]) listener(subject);
}

/** The server's time in Unix seconds. */
export function now() {
  return performance.now() / 1000 + state.offset;
}

/** Told with each beginning and each sign of life: the server's clock may be set, and a machine may have slept. */
export function setClock(seconds) {
  if (Number.isFinite(seconds)) state.offset = seconds - performance.now() / 1000;
}

/** The status of a run with the two kinds of `skipped` told apart: what people read for its verdict. */
export function outcome(run) {
  return run.status === "skipped" ? run.untested || "nothing_tested" : run.status;
}

/** Whether the program of a single run has ended: what it showed last stays so, and nobody answers any more. */
export function hasEnded() {
  return !state.connected && state.session.state === "over";
}

/** Whether what the page shows is so now. */
export function isKnown() {
  return state.connected || hasEnded();
}

/** Whether nothing can be tested: the sequence is wrong, or there is no test process. A slot of a single run stays so. */
export function isBlocked(session) {
  return session.state === "blocked" || (session.state === "over" && Boolean(session.problem));
}

export function isFinal(status) {
  return status !== "run" && status !== "ready";
}

export function setConnected(connected) {
  if (state.connected === connected) return;
  state.connected = connected;
  tell("connection");
}

export function takeSnapshot(document) {
  const before = state.run;
  const slotsBefore = runsOf(state.slots);
  const anew = state.id !== null && epoch(state.id) !== epoch(document.id);
  if (anew && before.status === "run") state.cut = before.id;
  if (document.run.status === "run") state.cut = null;
  if (!anew && isOld(document.session.form)) document.session.form = state.session.form;
  state.id = document.id;
  setClock(document.now);
  state.session = document.session;
  state.run = document.run;
  state.slots = document.slots ?? null;
  state.cases = new Map();
  state.counts = {};
  for (const module of state.run.modules) {
    for (const one of module.cases) {
      one.full_name = `${module.id}::${one.id}`;
      one.module = module;
      state.cases.set(one.full_name, one);
      state.counts[one.status] = (state.counts[one.status] || 0) + 1;
    }
  }
  tell("snapshot");
  if (state.slots) tellSlots(state.slots, slotsBefore);
  if (before && isNews(before, state.run)) tell("verdict");
}

/** What the ids of one start of the panel have in common. */
function epoch(id) {
  return id.split("-")[0];
}

/** Whether a run has ended since `before`: also one that was too quick to be seen, or ended while nobody listened. */
function isNews(before, run) {
  if (!isFinal(run.status) || !run.id) return false;
  if (before.id === run.id) return !isFinal(before.status);
  return now() - (run.stop_time ?? 0) < 30;
}

/** What is known of the run in each slot: its id and its status. */
function runsOf(slots) {
  return Object.fromEntries(Object.values(slots ?? {}).map((slot) => [slot.name, { id: slot.run, status: slot.status }]));
}

function tellSlots(changed, before) {
  tell("slots", changed);
  const ended = Object.values(state.slots).filter((slot) => before[slot.name] && isNews(before[slot.name], { id: slot.run, status: slot.status, stop_time: slot.stop_time }));
  if (ended.length) tell("ends", ended.sort((a, b) => a.number - b.number));
}

export function takePatch(patch) {
  const { run } = state;
  if (!run) return;
  const before = patch.begin ? "run" : run.status;
  setClock(patch.now);
  if (patch.begin) begin(run);
  if (patch.session) takeSession(patch.session);
  if (patch.run) Object.assign(run, patch.run);
  for (const [id, fields] of Object.entries(patch.modules || {})) {
    const module = run.modules.find((one) => one.id === id);
    if (module) Object.assign(module, fields);
    tell("module", id);
  }
  for (const [name, change] of Object.entries(patch.cases || {})) {
    const one = state.cases.get(name);
    if (!one) continue;
    takeCase(one, change);
    tell("case", name);
  }
  if (patch.slots) {
    const slotsBefore = runsOf(state.slots);
    for (const [name, fields] of Object.entries(patch.slots)) Object.assign(state.slots[name], fields);
    tellSlots(patch.slots, slotsBefore);
  }
  if (patch.messages) {
    run.messages = patch.messages;
    tell("messages");
  }
  if (patch.run || patch.cases) tell("run", patch.run || {});
  if (!isFinal(before) && isFinal(run.status)) tell("verdict");
}

function takeSession(changed) {
  if (isOld(changed.form)) delete changed.form;
  Object.assign(state.session, changed);
  tell("session", changed);
}

/** The start form as the panel has it now, said by its answer to whoever filled it in. */
export function takeForm(form) {
  takeSession({ form });
}

/** Whether a form is from before the one that is known: the stream may bring it later than an answer brought that. */
function isOld(form) {
  return form && form.revision < state.session.form?.revision;
}

/** Another run of the plan that is shown begins. */
function begin(run) {
  for (const module of run.modules) {
    Object.assign(module, MODULE);
    for (const one of module.cases) Object.assign(one, structuredClone(CASE));
  }
  state.counts = { ready: state.cases.size };
  state.cut = null;
  tell("begin");
}

function takeCase(one, change) {
  const before = one.status;
  Object.assign(one, change.set);
  if (one.status !== before) {
    state.counts[before] -= 1;
    state.counts[one.status] = (state.counts[one.status] || 0) + 1;
  }
  for (const [index, attempt] of Object.entries(change.attempts || {})) {
    one.attempts[index] ??= structuredClone(ATTEMPT);
    takeAttempt(one.attempts[index], attempt);
  }
}

function takeAttempt(attempt, change) {
  Object.assign(attempt, change.set);
  for (const [name, entries] of Object.entries(change.add || {})) attempt[name].push(...entries);
  for (const [index, part] of Object.entries(change.grow || {})) grow(attempt, Number(index), part);
  Object.assign(attempt.messages, change.merge?.messages);
}

/** Further points of a chart that is being sampled; whoever draws it is told by `feed`. */
function grow(attempt, index, part) {
  const entry = attempt.charts[index];
  if (!entry) return;
  entry.points = (part.first + part.x.length) * part.y.length;
  entry.feed?.(part);
}

export function lastAttempt(one) {
  return one.attempts[one.attempts.length - 1];
}

/** The dialogs that wait for an answer, oldest first. */
export function openDialogs() {
  if (!state.run || isFinal(state.run.status)) return [];
  const found = Object.values(state.slots ?? {}).flatMap((slot) => (slot.dialogs ?? []).map((asked) => ({ ...asked, slot })));
  for (const one of state.cases.values()) {
    if (one.status !== "run") continue;
    for (const dialog of lastAttempt(one)?.dialogs || []) {
      if (dialog.result === null) found.push({ ...dialog, case: one });
    }
  }
  return found.sort((a, b) => a.asked - b.asked);
}

/** The operator messages on display, each with its slot on the page of all slots. */
export function shownMessages() {
  const ofSlots = Object.values(state.slots ?? {}).flatMap((slot) => (slot.messages ?? []).map((message) => ({ ...message, slot })));
  return [...(state.run?.messages ?? []), ...ofSlots.sort((a, b) => a.time - b.time)];
}

/** Seconds that the rest of the run is going to take, or null when earlier runs do not tell it of every case. */
export function remainingSeconds() {
  const { expected } = state.session;
  if (!expected || !state.run) return null;
  let left = 0;
  for (const one of state.cases.values()) {
    if (one.status !== "run" && (one.status !== "ready" || !isWanted(one))) continue;
    const seconds = expected[one.full_name];
    if (seconds === undefined) return null;
    left += one.status === "ready" ? seconds : Math.max(0, seconds - (now() - one.start_time));
  }
  return left;
}

function isWanted(one) {
  const { selection } = state.run;
  return !selection || selection.includes(one.full_name) || selection.includes(one.module.id) || one.group !== "main";
}

/** How far the run in a slot is, 0 to 1: by expected time where it is known, else by cases. */
export function slotProgress({ start_time: begun, expected_stop: end, progress: done }) {
  return end === null || end <= begun ? done ?? 0 : Math.min(0.99, (now() - begun) / (end - begun));
}

/** How far the run is, 0 to 1: by expected time where it is known, else by cases. */
export function progress() {
  if (!state.run) return 0;
  let done = 0;
  let all = 0;
  const expected = state.session.expected || {};
  for (const one of state.cases.values()) {
    // A case takes part even when it takes no time.
    const weight = (expected[one.full_name] ?? 0) + 0.05;
    all += weight;
    if (isFinal(one.status)) done += weight;
    else if (one.status === "run") done += Math.min(weight * 0.95, caseFraction(one) * weight);
  }
  return all ? done / all : 0;
}

function caseFraction(one) {
  const bar = lastAttempt(one)?.progress;
  if (bar) return bar.value / bar.maximum;
  const seconds = state.session.expected?.[one.full_name];
  return seconds ? (now() - one.start_time) / seconds : 0;
}
