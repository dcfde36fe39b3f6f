// Desktop notifications: that a run has ended or waits for somebody, for whoever does not look at the page.

import { memory } from "./dom.js";
import { slotName } from "./slot.js";
import { slotCounts } from "./slot_counts.js";
import { isFinal, lastAttempt, now, on, openDialogs, outcome, shownMessages, state } from "./state.js";
import { t } from "./text.js";

const ICON = new URL("../icons/icon-192.png", import.meta.url).href;
/** Seconds after which nobody stands there waiting for the end of a run. */
const LONG = 60;
/** Milliseconds that a page out of sight leaves to one in sight, where people see for themselves. */
const TURN = 400;
/** Milliseconds within which slots that end are told of together, where nobody looks. */
const TOGETHER = 2000;
/** Of how many facts the pages of a browser know that they were told: more than two for each of 64 slots. */
const REMEMBERED = 200;
/** Letters of a name. */
const LONGEST = 60;
let broken = false;
let waiting = null;
let question = null;
/** Slots that have ended and are not told of yet. */
const ending = [];

/** Why this page cannot notify, by the name of a text; null when it can, or may once it has asked. */
export function obstacle() {
  if (!window.isSecureContext) return "notice.insecure";
  if (!("Notification" in window) || broken) return "notice.missing";
  return Notification.permission === "denied" ? "notice.denied" : null;
}

export function noticesOn() {
  return memory.get("notices") === "on" && obstacle() === null && Notification.permission === "granted";
}

/** To be called by a press: only then does a browser ask its user. The first one shows what they look like. */
export async function setNotices(wanted) {
  memory.set("notices", wanted ? "on" : null);
  if (!wanted) return;
  if (Notification.permission === "default") await Notification.requestPermission();
  if (noticesOn()) notify(t("notice.title"), t("notice.sample"), "sample");
  else memory.set("notices", null);
}

on("verdict", () => {
  const ended = factOfEnd(state.run);
  const word = mark(state.run);
  once([ended], () => notify(word, about(), ended.tag));
});
on("ends", (slots) => {
  if (!document.hidden) return tellEnds(slots);
  if (!ending.length) setTimeout(() => tellEnds(ending.splice(0)), TOGETHER);
  // As they are now: the next run may have begun until they are told of.
  ending.push(...structuredClone(slots));
});
on("case", (name) => (waiting || lastAttempt(state.cases.get(name))?.dialogs.length) && look());
for (const kind of ["messages", "snapshot", "begin", "verdict", "slots"]) on(kind, look);

/** Sees whether a run waits for somebody, of several slots the first; what no longer waits is taken away. */
function look() {
  const asked = awaited();
  if ((asked?.tag ?? null) === waiting) return;
  waiting = asked?.tag ?? null;
  question?.close();
  question = null;
  if (!asked) return;
  once([asked], () => {
    if (waiting === asked.tag) question = notify(t("notice.waits"), about(asked.slot), `${asked.run}-waits`, true);
  });
}

function awaited() {
  if (!state.run || isFinal(state.run.status)) return null;
  const [dialog] = openDialogs();
  const message = shownMessages().find((one) => one.blocking);
  if (!dialog && !message) return null;
  const { slot = null } = dialog ?? message;
  const run = slot?.run ?? state.run.id;
  return { run, slot, tag: `${run}-${dialog ? dialog.id : `${message.id}-${message.time}`}`, seconds: now() - (slot ?? state.run).start_time };
}

/** The runs in these slots have ended: one notification for those that nobody was told of yet. */
function tellEnds(slots) {
  const facts = slots.map((slot) => ({ ...factOfEnd({ ...slot, id: slot.run }), slot }));
  once(facts, (news) => {
    const told = news.map(({ slot }) => slot);
    const [slot, ...others] = told;
    const failed = told.filter(({ status }) => status !== "passed");
    const named = failed.length ? failed : told;
    if (!others.length) notify(mark(slot), about(slot), news[0].tag);
    else notify(`${failed.length ? "✕" : "✓"} ${slotCounts(told.map(({ status }) => status))}`, said([named.map(slotName).join(", "), title()]), news[0].tag);
  });
}

function factOfEnd(run) {
  return { tag: `${run.id}-end`, seconds: (run.stop_time ?? now()) - run.start_time };
}

function mark(run) {
  return `${run.status === "passed" ? "✓" : "✕"} ${t(`verdict.${outcome(run)}`)}`;
}

/** What is tested and where, without anything that the sequence says: notifications are seen by others, also on a locked screen. */
function about(slot = null) {
  const place = slot ?? state.session.slot;
  return said([place && slotName(place), slot ? slot.serial_number : state.run.dut.serial_number, title()]);
}

function title() {
  return state.session.title || state.run.sequence.name;
}

function said(names) {
  return names.filter(Boolean).map(plain).join(" · ");
}

/** Some desktops take the text for markup. */
function plain(name) {
  const clean = String(name).replace(/[\p{C}<>&]/gu, " ");
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}

/** Shows what of these facts is wanted, each of a run that took so many seconds; once, however many pages of this browser hear of it. */
async function once(facts, show) {
  if (!noticesOn()) return;
  const hidden = document.hidden;
  if (hidden) await new Promise((resolve) => setTimeout(resolve, TURN));
  await navigator.locks.request("hardseq-notices", () => {
    const known = (memory.get("notified") ?? "").split(" ");
    const news = facts.filter(({ tag }) => !known.includes(encodeURIComponent(tag)));
    if (!news.length) return;
    memory.set("notified", [...known, ...news.map(({ tag }) => encodeURIComponent(tag))].slice(-REMEMBERED).join(" "));
    const wanted = news.filter(({ seconds }) => hidden || seconds >= LONG);
    if (wanted.length) show(wanted);
  });
}

function notify(title, body, tag, stays = false) {
  try {
    const notice = new Notification(title, { body, tag: `hardseq-${tag}`, icon: ICON, lang: document.documentElement.lang, silent: true, requireInteraction: stays });
    notice.addEventListener("click", () => {
      window.focus();
      notice.close();
    });
    return notice;
  } catch {
    // Phones have notifications for what is installed only.
    broken = true;
    memory.set("notices", null);
    return null;
  }
}
