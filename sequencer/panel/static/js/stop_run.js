// Stops the run: at once while it is young, else it asks, for then a stray press costs minutes of testing.

import { post } from "./api.js";
import { h, icon, newId } from "./dom.js";
import { modal, rest } from "./modal.js";
import { now, on, state } from "./state.js";
import { t } from "./text.js";
import { toastError } from "./toast.js";

/** Seconds that a run may have taken without being asked about. */
const YOUNG = 10;
let open = null;

on("verdict", () => open?.(false));
on("begin", () => open?.(false));
on("snapshot", () => state.run.status !== "run" && !state.slots && open?.(false));
on("slots", () => !Object.values(state.slots).some((slot) => slot.status === "run") && open?.(false));

/** Whether the run, or that of a slot, is to be stopped: who answers, or false when the run ends meanwhile. */
export async function mayStop(run = state.run) {
  const { status, start_time: begun } = run;
  if (status !== "run" || begun === null || now() - begun < YOUNG) return true;
  return open ? false : new Promise(ask);
}

export async function stop() {
  if (!(await mayStop())) return;
  try {
    await post("/api/stop", {});
  } catch (error) {
    toastError(error, state.session.state === "ready" ? "start" : "run");
  }
}

/** Stops the run in one slot, from the page of all. */
export function stopSlot(slot) {
  return stopOf(state.slots[slot.name], { slot: slot.name });
}

/** Stops the runs in all slots; asks when one of them is not young any more. */
export function stopAll() {
  const running = Object.values(state.slots).filter((slot) => slot.status === "run" && slot.start_time !== null);
  const [oldest] = running.sort((a, b) => a.start_time - b.start_time);
  return stopOf(oldest ?? { status: "ready" }, {});
}

async function stopOf(run, body) {
  if (!(await mayStop(run))) return;
  try {
    await post("/api/stop", body);
  } catch (error) {
    toastError(error, "run");
  }
}

function ask(answer) {
  const title = newId("stop");
  const go = h("button", { type: "button", class: "button", onclick: () => open(false) }, t("stop.go_on"));
  const end = h("button", { type: "button", class: "button fail stop-confirm", onclick: () => open(true) }, icon("halt"), t("stop.confirm"));
  const element = modal(
    { class: "dialog stop-question", role: "alertdialog", aria: { labelledby: title }, escape: () => open(false) },
    h(
      "div",
      { class: "dialog-form" },
      h("div", { class: "dialog-head" }, icon("warning"), h("h2", { id: title }, t("stop.title"))),
      h("div", { class: "dialog-body" }, h("p", {}, t("stop.text"))),
      h("div", { class: "dialog-buttons" }, h("span", { class: "spacer" }), go, end),
    ),
  );
  open = (decided) => {
    open = null;
    element.dispatchEvent(new Event("leave"));
    answer(decided);
  };
  element.dispatchEvent(new Event("enter"));
  // A key that is pressed without thinking goes on: Stop must be meant.
  rest(element, [go, end], go);
}
