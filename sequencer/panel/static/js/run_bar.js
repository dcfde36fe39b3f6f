// The run that goes on, for every page but the live one, which shows it large: what is tested, how far it is, how long.

import { h, icon, setText, show, token } from "./dom.js";
import { LIVE, slotName } from "./slot.js";
import { isKnown, now, on, progress, slotProgress, state } from "./state.js";
import { duration, onLanguage, t } from "./text.js";

const parts = {};
let live = true;

/** A link to the live page with a bar at the lower edge of the header. */
export function runBar() {
  parts.word = h("span", {});
  parts.place = h("span", { class: "run-bar-place" });
  parts.device = h("span", { class: "run-bar-device" });
  parts.time = h("span", { class: "number" });
  parts.progress = h("progress", { class: "run-bar-progress", max: 1, value: 0 });
  parts.bar = h("a", { href: LIVE, class: "run-bar is-run", hidden: true }, icon("run"), parts.word, parts.place, parts.device, parts.time, parts.progress);
  setInterval(render, 500);
  render();
  return parts.bar;
}

/** Tells which page is shown. */
export function showRunBar(path) {
  live = path === LIVE;
  render();
}

function render() {
  if (!parts.bar) return;
  const going = live ? null : state.slots ? slotsThatRun() : theRun();
  show(parts.bar, going);
  if (!going) return;
  setText(parts.word, isKnown() ? going.word : t("verdict.offline"));
  parts.bar.classList.toggle("is-run", isKnown());
  parts.bar.classList.toggle("is-offline", !isKnown());
  if (!isKnown()) return;
  setText(parts.place, going.place);
  show(parts.place, going.place);
  show(parts.device, going.device);
  if (parts.device.textContent !== going.device) parts.device.replaceChildren(token(going.device));
  setText(parts.time, going.begun ? duration(now() - going.begun) : "");
  parts.progress.value = going.progress;
  parts.progress.ariaLabel = t("run.progress");
}

function theRun() {
  const { run } = state;
  if (run?.status !== "run") return null;
  return { word: t("verdict.run"), place: "", device: run.dut.serial_number || run.sequence.name || "", begun: run.start_time, progress: progress() };
}

/** How many slots run, since when the first of them does, and how far they are on average; of a single one which it is. */
function slotsThatRun() {
  const running = Object.values(state.slots).filter((slot) => slot.status === "run");
  if (!running.length) return null;
  const [first, ...others] = running;
  return {
    word: t("slots.count.run", { count: running.length }),
    place: others.length ? "" : slotName(first),
    device: others.length ? "" : first.serial_number ?? "",
    begun: Math.min(...running.map((slot) => slot.start_time ?? now())),
    progress: running.reduce((sum, slot) => sum + slotProgress(slot), 0) / running.length,
  };
}

for (const kind of ["begin", "snapshot", "verdict", "run", "connection", "slots"]) on(kind, render);
onLanguage(render);
