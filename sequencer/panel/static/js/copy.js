// Buttons that copy a text.

import { h, icon } from "./dom.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

/** `shown` with a button that copies `text`, and stays beside it. */
export function withCopy(shown, text, name) {
  return h("span", { class: "with-copy" }, shown, copyButton(text, name));
}

/** A small button that copies `text`; `name` says of what it is, for those who do not see what stands beside it. */
function copyButton(text, name) {
  const copy = async (event) => {
    const done = await write(String(text), event.currentTarget);
    toast(t(done ? "copy.done" : "copy.failed", { text }), done ? "info" : "warning", "told");
  };
  return h("button", { type: "button", class: "copy-button", title: t("copy.name", { name }), aria: { label: t("copy.name", { name }) }, onclick: copy }, icon("copy"));
}

/** Over plain HTTP from another machine a page has no clipboard of its own: there the browser copies what is selected. */
async function write(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = h("textarea", { class: "for-readers", value: text, readOnly: true });
    button.after(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    button.focus({ preventScroll: true });
    return done;
  }
}
