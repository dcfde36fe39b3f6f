// Short notes at the edge of the page.

import { h, icon } from "./dom.js";

const box = h("div", { class: "toasts", role: "status", aria: { live: "polite" } });

export function toastBox() {
  return box;
}

export function toast(text, kind = "info", seconds = 6) {
  const note = h("div", { class: `toast is-${kind}` }, icon(kind === "failed" ? "failed" : kind === "warning" ? "warning" : "info"), h("p", {}, text));
  note.addEventListener("click", () => note.remove());
  box.append(note);
  setTimeout(() => note.remove(), seconds * 1000);
}
