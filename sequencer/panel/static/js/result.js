// The result over the whole page when a run ends: to be seen from anywhere in the hall.

import { makeButton, renderAgain } from "./again.js";
import { standing } from "./details.js";
import { deviations } from "./deviations.js";
import { fill, h, icon, newId, token, word } from "./dom.js";
import { modal, rest } from "./modal.js";
import { reasonText } from "./reason.js";
import { reservations } from "./hero.js";
import { focusForm } from "./start_form.js";
import { lastAttempt, on, outcome, state } from "./state.js";
import { duration, t } from "./text.js";
import { play } from "./sound.js";
import { unitLine } from "./unit_note.js";

/** Messages of one case: there are more of them where every point of a sweep fails. */
const MOST = 5;
let shown = null;

on("verdict", () => {
  play(state.run.status);
  if (state.session.settings?.modal_result?.enable) open();
});
// The next run may have been started elsewhere.
on("begin", () => shown?.close());
on("snapshot", () => {
  if (shown && state.run.status === "run") shown.close();
});

/** Whether the result covers the page. */
export function isShowingResult() {
  return shown !== null;
}

function open() {
  shown?.close();
  const { run, session } = state;
  const title = newId("result");
  const bar = h("div", { class: "result-countdown", hidden: true });
  const dismiss = h("button", { type: "button", class: "button result-dismiss", onclick: () => shown?.close() }, t("result.dismiss"));
  const again = makeButton();
  again.addEventListener("click", () => shown?.close());
  // Space and Enter go to the button; none of them starts a run.
  const element = modal(
    { class: `result is-${run.status}`, aria: { labelledby: title }, escape: () => dismiss.click() },
    h(
      "div",
      { class: "result-body" },
      icon(run.status),
      h("h2", { id: title, class: "result-word" }, t(`verdict.${outcome(run)}`)),
      run.dut.serial_number ? h("p", { class: "result-device number" }, token(run.dut.serial_number)) : null,
      h("p", { class: "result-time" }, duration((run.stop_time ?? run.start_time) - run.start_time, { fine: true })),
      unitLine(),
      run.stop_reason ? h("p", { class: "result-reason" }, reasonText(run.coded_stop_reason, run.stop_reason)) : null,
      run.aborted ? h("p", { class: "result-reason" }, t("run.aborted")) : null,
      state.counts.skipped ? h("p", { class: "result-flag" }, t("count.skipped", { count: state.counts.skipped })) : null,
      deviationLine(run),
      reservations(run).map((text) => h("p", { class: "result-flag" }, text)),
      standing(run).slice(0, MOST).map((failed) => h("p", { class: "result-flag" }, `${t("after.failed", { number: failed.number })}: ${reasonText(failed.coded_reason, failed.message)}`)),
      // With the focus it can be scrolled by keys.
      h("ul", { class: "result-failures", tabIndex: 0, aria: { label: t("filter.failed") } }),
      h("div", { class: "result-buttons" }, dismiss, again),
    ),
    bar,
  );
  element.style.setProperty("--letters", String(Math.max(4, [...t(`verdict.${outcome(run)}`)].length)));
  fill(element.querySelector(".result-failures"), failures());
  const close = () => {
    clearTimeout(timer);
    shown = null;
    element.dispatchEvent(new Event("leave"));
    focusForm();
  };
  element.dispatchEvent(new Event("enter"));
  element.addEventListener("rested", renderAgain);
  rest(element, [dismiss], dismiss);
  renderAgain();
  const { auto_dismiss_pass: automatic, auto_dismiss_timeout: seconds } = session.settings.modal_result;
  let timer = 0;
  if (run.status === "passed" && automatic) {
    timer = setTimeout(close, seconds * 1000);
    bar.hidden = false;
    bar.style.setProperty("animation-duration", `${seconds}s`);
  }
  shown = { close };
}

/** The parameters that are not the default, in one line: the buttons under it stay in sight. */
function deviationLine({ dut }) {
  const found = deviations([dut.serial_number, dut.part_number]);
  const parts = found.map(([name, value], index) => [index ? " · " : null, `${name}: `, word(value)]);
  return found.length ? h("p", { class: "result-flag result-deviation" }, parts) : null;
}

/** Takes the result away. */
export function closeResult() {
  shown?.close();
}

function failures() {
  const bad = [...state.cases.values()].filter((one) => ["failed", "error", "stopped"].includes(one.status));
  const cases = bad.map((one) => {
    const found = lastAttempt(one)?.failures || [];
    return h(
      "li",
      {},
      icon(one.status, t(`status.${one.status}`)),
      h("div", {}, h("strong", {}, `${one.module.name} · ${one.name}`), found.slice(0, MOST).map((failure) => h("p", { class: "pre" }, reasonText(failure.coded_reason, failure.message))), found.length > MOST ? h("p", {}, t("case.more", { count: found.length - MOST })) : null),
    );
  });
  const whole = state.run.failures.map((failure) => h("li", {}, icon("error", t("status.error")), h("div", {}, h("p", { class: "pre" }, reasonText(failure.coded_reason, failure.message)))));
  return [...whole, ...cases];
}
