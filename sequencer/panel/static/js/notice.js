// Desktop notifications: that a run has ended or waits for somebody, for whoever does not look at the page.

import { memory } from "./dom.js";
import { isFinal, lastAttempt, now, on, openDialogs, outcome, state } from "./state.js";
import { t } from "./text.js";

const ICON = new URL("../icons/icon-192.png", import.meta.url).href;
/** Seconds after which nobody stands there waiting for the end of a run. */
const LONG = 60;
/** Milliseconds that a page out of sight leaves to one in sight, where people see for themselves. */
const TURN = 400;
/** Of how many notifications the pages of a browser know that they were shown. */
const REMEMBERED = 20;
/** Letters of a name. */
const LONGEST = 60;
let broken = false;
let waiting = null;
let question = null;

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
  const { run } = state;
  const word = `${run.status === "passed" ? "✓" : "✕"} ${t(`verdict.${outcome(run)}`)}`;
  once(`${run.id}-end`, (run.stop_time ?? now()) - run.start_time, () => notify(word, about(), `${run.id}-end`));
});
on("case", (name) => (waiting || lastAttempt(state.cases.get(name))?.dialogs.length) && look());
for (const kind of ["messages", "snapshot", "begin", "verdict"]) on(kind, look);

/** Sees whether the run waits for somebody; what it no longer waits for is taken away. */
function look() {
  const asked = awaited();
  if (asked === waiting) return;
  waiting = asked;
  question?.close();
  question = null;
  if (asked === null) return;
  once(`${state.run.id}-${asked}`, now() - state.run.start_time, () => {
    if (waiting === asked) question = notify(t("notice.waits"), about(), `${state.run.id}-waits`, true);
  });
}

function awaited() {
  if (!state.run || isFinal(state.run.status)) return null;
  const [dialog] = openDialogs();
  const message = state.run.messages.find((one) => one.blocking);
  return dialog ? dialog.id : message ? `${message.id}-${message.time}` : null;
}

/** What is tested, without anything that the sequence says: notifications are seen by others, also on a locked screen. */
function about() {
  const { run, session } = state;
  return [run.dut.serial_number, session.title || run.sequence.name].filter(Boolean).map(plain).join(" · ");
}

/** Some desktops take the text for markup. */
function plain(name) {
  const said = String(name).replace(/[\p{C}<>&]/gu, " ");
  return said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said;
}

/** Shows what is wanted of a run that took so many seconds; once, however many pages of this browser hear of it. */
async function once(tag, seconds, show) {
  if (!noticesOn()) return;
  const hidden = document.hidden;
  if (hidden) await new Promise((resolve) => setTimeout(resolve, TURN));
  await navigator.locks.request("hardseq-notices", () => {
    const shown = (memory.get("notified") ?? "").split(" ");
    const mark = encodeURIComponent(tag);
    if (shown.includes(mark)) return;
    memory.set("notified", [...shown, mark].slice(-REMEMBERED).join(" "));
    if (hidden || seconds >= LONG) show();
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
