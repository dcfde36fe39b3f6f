// The run that goes on, for every page but the live one, which shows it large: what is tested, how far it is, how long.

import { h, icon, setText, show, token } from "./dom.js";
import { LIVE } from "./slot.js";
import { isKnown, now, on, progress, state } from "./state.js";
import { duration, onLanguage, t } from "./text.js";

const parts = {};
let live = true;

/** A link to the live page with a bar at the lower edge of the header. */
export function runBar() {
  parts.word = h("span", {});
  parts.device = h("span", { class: "run-bar-device" });
  parts.time = h("span", { class: "number" });
  parts.progress = h("progress", { class: "run-bar-progress", max: 1, value: 0 });
  parts.bar = h("a", { href: LIVE, class: "run-bar is-run", hidden: true }, icon("run"), parts.word, parts.device, parts.time, parts.progress);
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
  const { run } = state;
  const wanted = !live && run?.status === "run";
  show(parts.bar, wanted);
  if (!wanted) return;
  setText(parts.word, t(isKnown() ? "verdict.run" : "verdict.offline"));
  parts.bar.classList.toggle("is-run", isKnown());
  parts.bar.classList.toggle("is-offline", !isKnown());
  if (!isKnown()) return;
  const device = run.dut.serial_number || run.sequence.name || "";
  if (parts.device.textContent !== device) parts.device.replaceChildren(token(device));
  setText(parts.time, run.start_time ? duration(now() - run.start_time) : "");
  parts.progress.value = progress();
  parts.progress.ariaLabel = t("run.progress");
}

for (const kind of ["begin", "snapshot", "verdict", "run", "connection"]) on(kind, render);
onLanguage(render);
