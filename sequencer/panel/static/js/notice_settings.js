// The switch for desktop notifications, and why there are none.

import { h, newId, setText } from "./dom.js";
import { noticesOn, obstacle, setNotices } from "./notice.js";
import { t } from "./text.js";

const parts = {};

export function noticeSettings() {
  const id = newId("notice");
  const note = newId("notice");
  parts.input = h("input", { id, type: "checkbox", role: "switch", aria: { describedby: note }, onchange: change });
  parts.note = h("p", { class: "menu-note muted", id: note });
  render();
  return [h("div", { class: "field is-switch" }, h("label", { htmlFor: id }, t("notice.title")), parts.input), parts.note];
}

async function change() {
  await setNotices(parts.input.checked);
  render();
}

function render() {
  if (!parts.input) return;
  const reason = obstacle();
  parts.input.checked = noticesOn();
  parts.input.disabled = reason !== null;
  setText(parts.note, t(reason ?? "notice.note"));
}

// Whoever allows or forbids them in the browser's own settings sees it here. Some browsers cannot be asked.
navigator.permissions?.query({ name: "notifications" }).then((permission) => permission.addEventListener("change", render), () => {});
