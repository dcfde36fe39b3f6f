// All slots of the stand side by side. A scan goes into the next empty one, or into that whose code was scanned before it.

import { alertsView, problemView } from "./alerts.js";
import { ApiError, logIn, post } from "./api.js";
import { h, icon, memory, setAria, setText, show } from "./dom.js";
import { messageStrip } from "./messages.js";
import { whenAlone } from "./modal.js";
import { may, onPerson } from "./people.js";
import { reasonText } from "./reason.js";
import { shiftView } from "./shift.js";
import { slotName } from "./slot.js";
import { slotCounts } from "./slot_counts.js";
import { BUSY, SlotTile, slotStatus } from "./slot_tile.js";
import { play } from "./sound.js";
import { boardParam, dropScan, emptyForm, fillForm, focusForm, isOwnEmpty, markScan, moveOn, ownValues, renderForm, scanned, showFieldProblems } from "./start_form.js";
import { now, on, outcome, state, WORST_FIRST } from "./state.js";
import { stopAll, stopSlot } from "./stop_run.js";
import { onLanguage, t } from "./text.js";
import { toast, toastError, withdraw } from "./toast.js";
import { spokenOf, unitNote } from "./unit_note.js";

/** Milliseconds after a digit for another one of the same number. */
const NEXT_DIGIT = 1500;
/** What a tile needs at least, in pixels, and how wide it is for its height where there is room. */
const LEAST = { width: 150, height: 66 };
const LETTERS = 5.5;
const parts = {};
const tiles = new Map();
/** The slot whose code was scanned. */
let marked = null;
/** Slots whose product was scanned just now: the panel has yet to say so. */
const filling = new Set();
let pending = false;
let digits = "";
let pressed = 0;
/** How the runs ended that ended since none went on. */
let ended = [];

export function gridPage() {
  parts.form = h("form", { class: "start-form", autocomplete: "off", onsubmit: submitted });
  parts.form.addEventListener("keydown", (event) => event.key === "ArrowDown" && event.target.type === "text" && focusTile(inOrder()[0]?.name, event));
  parts.mark = h("p", { class: "grid-mark", role: "status", hidden: true });
  parts.counts = h("p", { class: "grid-counts", role: "status" });
  parts.start = h("button", { type: "button", class: "button start", disabled: true, onclick: () => startFilled() }, icon("play"), h("span", { class: "button-text" }), h("kbd", {}));
  parts.stop = h("button", { type: "button", class: "button stop", hidden: true, onclick: stopAll }, icon("halt"), h("span", { class: "button-text" }));
  parts.told = h("p", { class: "for-readers", role: "status" });
  parts.name = h("h1", { class: "hero-name" });
  parts.tiles = h("ol", { class: "slot-tiles" });
  setAria(parts.tiles, "label", t("slots.list"));
  parts.tiles.addEventListener("keydown", pressedKey);
  parts.page = h(
    "div",
    { class: "live-page grid-page" },
    alertsView(),
    h(
      "section",
      { class: "grid-top hero is-ready", aria: { label: t("run.title") } },
      h("div", { class: "grid-about" }, parts.name, parts.counts, shiftView()),
      h("div", { class: "grid-scan" }, parts.form, parts.mark, unitNote()),
      h("div", { class: "grid-buttons" }, parts.start, parts.stop),
    ),
    h("main", { id: "main", tabIndex: -1 }, messageStrip(), problemView(), parts.tiles, parts.told),
  );
  const watcher = new ResizeObserver(arrange);
  for (const one of [parts.tiles, parts.page.querySelector(".grid-top"), parts.page.firstChild]) watcher.observe(one);
  addEventListener("resize", arrange);
  setInterval(() => {
    for (const tile of tiles.values()) tile.tick();
  }, 500);
  render();
  return parts.page;
}

on("snapshot", () => {
  render();
  focusForm();
});
on("connection", render);
on("session", (changed) => {
  if (["params", "choice", "choices", "form"].some((name) => name in changed)) {
    renderForm(parts.form);
    focusForm();
  }
  renderTop();
});
on("slots", (changed) => {
  for (const name of Object.keys(changed)) {
    filling.delete(name);
    renderSlot(state.slots[name]);
  }
  renderTop();
});
on("ends", tellEnds);
onLanguage(render);
onPerson(renderTop);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]") || !parts.page?.isConnected) return;
  mark(null);
  focusForm({ away: true });
});

/** The slots by their number. */
function inOrder() {
  return Object.values(state.slots ?? {}).sort((a, b) => a.number - b.number);
}

function isFree(slot) {
  return !slot.filled && !filling.has(slot.name) && !BUSY.includes(slot.state) && slot.state !== "blocked";
}

function filled() {
  return inOrder().filter((slot) => slot.filled);
}

/** Whether nothing tells one product from the next: then there is nothing to scan, and each slot has one. */
function isUnscanned() {
  return !boardParam(state.session.params ?? []);
}

/** Whether Start would start something now. */
export function canStartSlots() {
  const { session } = state;
  if (!session.can_start || !state.connected || pending || !state.slots) return false;
  const wanted = isUnscanned() ? inOrder() : session.slots_start === "together" ? filled() : [];
  return wanted.length > 0 && !wanted.some((slot) => BUSY.includes(slot.state) || slot.state === "blocked");
}

function render() {
  if (!parts.page || !state.slots) return;
  const shown = inOrder();
  if (parts.tiles.childElementCount !== shown.length) {
    tiles.clear();
    for (const slot of shown) tiles.set(slot.name, new SlotTile(slot, { empty: takeOut, stop: stopSlot }));
    parts.tiles.replaceChildren(...[...tiles.values()].map((tile) => tile.element));
    arrange();
  }
  for (const slot of shown) renderSlot(slot);
  renderForm(parts.form);
  renderTop();
}

function renderSlot(slot) {
  tiles.get(slot.name)?.render(slot, marked === slot.name);
}

function renderTop() {
  if (!parts.page || !state.slots) return;
  const { session } = state;
  const shown = inOrder();
  setText(parts.name, session.title || state.run.sequence.name || "hardseq");
  // A line breaks between two counts only.
  setText(parts.counts, slotCounts(shown.map(slotStatus)).replaceAll(/(?<!·) (?!·)/g, "\u00a0"));
  const running = shown.some((slot) => BUSY.includes(slot.state));
  const count = isUnscanned() ? shown.length : filled().length;
  show(parts.start, session.can_start && (isUnscanned() || session.slots_start === "together") && !(running && (isUnscanned() || !count)));
  parts.start.disabled = !canStartSlots();
  setText(parts.start.querySelector(".button-text"), !may("operator") ? t("login.enter") : count ? t("slots.start", { count }) : t("button.start"));
  setText(parts.start.querySelector("kbd"), t("key.space"));
  setAria(parts.start, "keyshortcuts", "Space");
  show(parts.stop, running);
  setText(parts.stop.querySelector(".button-text"), t("slots.stop_all"));
  show(parts.mark, marked);
  setText(parts.mark, marked ? t("slots.marked", { slot: slotName(state.slots[marked]) }) : "");
  const link = [...tiles.values()].map((tile) => tile.link);
  if (!link.some((one) => one.tabIndex === 0 && one === parts.current)) parts.current = link[0];
  for (const one of link) one.tabIndex = one === parts.current ? 0 : -1;
}

/** The verdict of whatever ended: read out, and heard. Of slots that run together the worst is heard once all are over. */
function tellEnds(slots) {
  if (!parts.page) return;
  setText(parts.told, slots.map((slot) => `${slotName(slot)}: ${t(`verdict.${outcome(slot)}`)}`).join(", "));
  ended.push(...slots.map((slot) => slot.status));
  if (state.session.slots_start === "together" && inOrder().some((slot) => slot.status === "run")) return;
  play(WORST_FIRST.find((status) => ended.includes(status)));
  ended = [];
}

// Scans.

function submitted(event) {
  event.preventDefault();
  const text = scanned();
  const named = inOrder().find((slot) => slot.code && slot.code === text);
  if (named) return markByCode(named);
  if (isOwnEmpty()) return canStartSlots() ? startFilled() : moveOn();
  if (!moveOn()) fillNext();
}

function markByCode(slot) {
  dropScan();
  if (BUSY.includes(slot.state)) return toast(t("slots.runs", { slot: slotName(slot) }), "warning", "start");
  withdraw("start");
  mark(slot.name);
}

function mark(name) {
  const last = marked;
  marked = name;
  for (const one of [last, name]) if (one) renderSlot(state.slots[one]);
  renderTop();
}

async function fillNext() {
  withdraw("start", "form");
  if (!may("operator")) return logIn();
  const slot = marked ? state.slots[marked] : inOrder().find(isFree);
  if (!slot || BUSY.includes(slot.state)) {
    toast(t(state.connected ? "slots.none_free" : "start.offline"), "warning", "start");
    return markScan();
  }
  const values = ownValues();
  if (!values) return;
  // The next scan need not wait for the panel's answer.
  filling.add(slot.name);
  mark(null);
  emptyForm(values);
  focusForm({ away: true });
  spokenOf(values[boardParam(state.session.params)?.name]);
  try {
    await post(`/api/slots/${encodeURIComponent(slot.name)}`, { params: values, user: memory.get("operator") || null, asked: now() });
  } catch (error) {
    refused(error, values);
  } finally {
    filling.delete(slot.name);
    renderTop();
  }
}

/** What was scanned stands in the form again, for whoever looks at it, unless the next scan does already. */
function refused(error, values) {
  const of = error instanceof ApiError ? error.fields.filter((field) => field.field === "slot") : [];
  for (const problem of of) toast(reasonText(problem.coded_reason, problem.message), "failed", "start");
  if (isOwnEmpty()) {
    fillForm(values);
    if (error instanceof ApiError && error.fields.length > of.length) showFieldProblems(error.fields);
    markScan();
  }
  if (!of.length) toastError(error, "start");
}

async function takeOut(slot) {
  if (!may("operator")) return logIn();
  try {
    await post(`/api/slots/${encodeURIComponent(slot.name)}`, { params: null });
  } catch (error) {
    toastError(error, "start");
  }
  focusForm({ away: true });
}

/** One Start for all slots that are filled. */
export async function startFilled() {
  if (!canStartSlots()) return;
  if (!may("operator")) return logIn();
  withdraw("start", "form");
  pending = true;
  renderTop();
  try {
    const { slots } = await post("/api/start", { asked: now(), user: memory.get("operator") || null });
    for (const [name, { error }] of Object.entries(slots)) {
      if (error) toast(`${slotName(state.slots[name])}: ${reasonText(error.coded_reason, error.message)}`, "failed", "start");
    }
  } catch (error) {
    const fields = error instanceof ApiError ? error.fields : [];
    for (const { slot, field, coded_reason: coded, message } of fields) {
      toast([slot && field !== "slot" ? `${slotName(state.slots[slot])}, ${field}: ` : "", reasonText(coded, message)].join(""), "failed", "start");
    }
    if (!fields.length) toastError(error, "start");
  } finally {
    pending = false;
    renderTop();
    focusForm({ away: true });
  }
}

// Keys among the tiles.

function pressedKey(event) {
  const name = event.target.closest(".tile-link")?.closest(".slot-tile").dataset.slot;
  if (!name || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (event.key === "Delete" && state.slots[name].filled) return takeOut(state.slots[name]);
  if (/^[0-9]$/.test(event.key)) return jump(event);
  const all = [...tiles.keys()];
  const at = all.indexOf(name);
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns(), Home: -at, End: all.length - 1 - at }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  if (at + step < 0 && event.key === "ArrowUp") return focusForm({ away: true });
  focusTile(all[at + step]);
}

/** A digit goes to the slot of that number; it has gone into the form as well, as the first of a scan would. */
function jump(event) {
  const fields = [...parts.form.querySelectorAll("input[type=text]")].map((input) => [input, input.value]);
  const from = parts.current;
  whenAlone(event, () => {
    for (const [input, value] of fields) input.value = value;
    digits = Date.now() - pressed < NEXT_DIGIT ? digits + event.key : event.key;
    pressed = Date.now();
    const wanted = inOrder().find((slot) => slot.number === Number(digits)) ?? inOrder().find((slot) => slot.number === Number(event.key));
    if (wanted) focusTile(wanted.name);
    else from?.focus();
  });
}

function focusTile(name, event = null) {
  const tile = tiles.get(name);
  if (!tile) return;
  event?.preventDefault();
  parts.current = tile.link;
  renderTop();
  tile.link.focus();
}

function columns() {
  return Number(parts.tiles.style.getPropertyValue("--columns")) || 1;
}

/** As many columns as let the verdicts be largest. */
function arrange() {
  const count = tiles.size;
  const { clientWidth: width } = parts.tiles;
  if (!count || !width) return;
  const height = Math.max(0, window.innerHeight - (parts.tiles.getBoundingClientRect().top + window.scrollY) - parseFloat(getComputedStyle(parts.tiles.parentElement).paddingBottom));
  let best = { worth: 0, columns: 1 };
  for (let wide = 1; wide <= count; wide += 1) {
    if (wide > 1 && width / wide < LEAST.width) break;
    const rows = Math.ceil(count / wide);
    const letter = Math.min(width / wide / LETTERS, Math.max(LEAST.height, height / rows) * 0.38);
    // A gap at the end is worth a little of their size, that all are in sight a lot.
    const worth = letter * (1 - (0.3 * (wide * rows - count)) / count) * (rows * LEAST.height > height ? 0.5 + 0.5 / rows : 1);
    if (worth > best.worth) best = { worth, columns: wide };
  }
  parts.tiles.style.setProperty("--columns", String(best.columns));
  parts.tiles.style.setProperty("--room", `${height}px`);
}
