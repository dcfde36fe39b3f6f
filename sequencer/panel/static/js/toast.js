// Short notes at the edge of the page. Each is withdrawn when what it speaks of is over.

import { ApiError } from "./api.js";
import { h, icon } from "./dom.js";
import { on, state } from "./state.js";

/**
 * How long a note stands: until what it speaks of is over, which `withdraw` tells or an event of the live state. One that only
 * tells something goes by itself, too.
 */
const OVER = {
  /** Why a run was not started. */
  start: ["begin"],
  /** What could not be done to the run that goes on, or comes up: that it begins does not end this. */
  run: ["verdict", "ready"],
  /** What was refused, or ignored, while something covered the page: until that is closed. */
  covered: ["begin", "verdict"],
  /** What the form or the choice of a sequence did not take. */
  form: ["begin", "params"],
  /** What happened to a question. */
  told: ["begin"],
  /** That the browser plays none. */
  sound: [],
  /** What a page that is left said. */
  page: [],
  /** What the panel did not answer; it can be tried again with a connection. */
  connection: ["begin"],
};
/** Milliseconds. */
const TOLD = 6000;
const box = h("div", { class: "toasts", role: "status", aria: { live: "polite" }, popover: "manual" });
const notes = new Set();

// What covers the page must not cover what was just said.
addEventListener("hardseq-modal", raise);
on("begin", () => end("begin"));
on("verdict", () => end("verdict"));
on("session", (changed) => {
  if ("params" in changed) end("params");
  // A start that failed has no verdict.
  if (changed.state === "ready") end("ready");
});
on("snapshot", () => {
  if (state.run.status === "run") return end("begin");
  end("params");
  // Of a run that was cut off nobody tells the verdict.
  withdraw("run");
});
on("connection", () => state.connected && withdraw("connection"));

export function toastBox() {
  return box;
}

/** Shows a note of a `kind` (info, warning, failed) as long as `until` says; the same one twice is one. */
export function toast(text, kind, until) {
  remove((note) => note.text === text);
  const element = h("div", { class: `toast is-${kind}` }, icon(kind === "failed" ? "failed" : kind === "warning" ? "warning" : "info"), h("p", {}, text));
  const note = { text, until, element };
  element.addEventListener("click", () => remove((one) => one === note));
  notes.add(note);
  box.append(element);
  raise();
  // A connection that was not lost for long enough to be noticed does not come back.
  if (kind === "info" || (until === "connection" && state.connected)) setTimeout(() => remove((one) => one === note), TOLD);
}

/** Shows what went wrong: a refusal as long as `until` says. */
export function toastError(error, until) {
  toast(error.message, "failed", error instanceof ApiError ? until : "connection");
}

/** What these notes speak of is over. */
export function withdraw(...until) {
  remove((note) => until.includes(note.until));
}

function end(event) {
  remove((note) => OVER[note.until].includes(event));
}

function remove(which) {
  for (const note of [...notes].filter(which)) {
    notes.delete(note);
    note.element.remove();
  }
}

/** Brings the notes before everything else. */
function raise() {
  if (!box.isConnected || !box.showPopover) return;
  box.hidePopover();
  if (box.childElementCount) box.showPopover();
}
