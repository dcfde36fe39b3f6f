// Short notes at the edge of the page.

import { h, icon } from "./dom.js";

const box = h("div", { class: "toasts", role: "status", aria: { live: "polite" }, popover: "manual" });

// What covers the page must not cover what was just said.
addEventListener("hardseq-modal", raise);

export function toastBox() {
  return box;
}

export function toast(text, kind = "info", seconds = 6) {
  const note = h("div", { class: `toast is-${kind}` }, icon(kind === "failed" ? "failed" : kind === "warning" ? "warning" : "info"), h("p", {}, text));
  note.addEventListener("click", () => note.remove());
  box.append(note);
  raise();
  setTimeout(() => note.remove(), seconds * 1000);
}

/** Brings the notes before everything else. */
function raise() {
  if (!box.isConnected || !box.showPopover) return;
  box.hidePopover();
  if (box.childElementCount) box.showPopover();
}
