// What can be done by keys, on every page: `?` shows it.

import { h, icon, newId } from "./dom.js";
import { modal, rest, whenAlone } from "./modal.js";
import { undoing } from "./start_form.js";
import { HAS_SLOTS } from "./slot.js";
import { t } from "./text.js";

/** Keys and what they do, under their headings; what has a dot in it names a text. */
const SECTIONS = [
  ["keys.live", [[["key.space"], "keys.start"], [["key.again"], "again.run"]]],
  ...(HAS_SLOTS ? [["keys.slots", [[["←", "↑", "↓", "→"], "keys.slot_there"], [["1", "2", "…"], "keys.slot_number"], [["key.enter"], "keys.slot_open"], [["Delete"], "keys.slot_empty"], [["key.escape"], "keys.slot_back"]]]] : []),
  ["keys.question", [[["P"], "dialog.pass"], [["F"], "dialog.fail"], [["key.enter"], "keys.confirm"]]],
  ["keys.rows", [[["↑", "↓"], "keys.row"], [["←", "→"], "keys.control"], [["key.home", "key.end"], "keys.ends"], [["key.enter"], "keys.open"]]],
  ["keys.charts", [[["+", "−"], "keys.zoom"], [["←", "↑", "↓", "→"], "keys.move"], [["0"], "keys.all"]]],
  ["keys.everywhere", [[["?"], "keys.help"], [["key.escape"], "keys.close"]]],
];
let open = null;

document.addEventListener("keydown", (event) => {
  if (event.key !== "?" || event.target.closest?.("input, select, textarea, dialog, [contenteditable], [popover]")) return;
  // On the live page it goes into the form, as the first character of a scan would: it is taken out again.
  const undo = undoing();
  whenAlone(event, () => {
    undo();
    showKeys();
  });
});

/** Shows the keys until somebody has read them. */
export function showKeys() {
  if (open || document.querySelector("dialog:modal")) return;
  const title = newId("keys");
  const done = h("button", { type: "button", class: "button primary", onclick: close }, t("result.dismiss"));
  open = modal(
    { class: "dialog keys", aria: { labelledby: title }, escape: close },
    h(
      "div",
      { class: "dialog-form" },
      h("div", { class: "dialog-head" }, icon("info"), h("h2", { id: title }, t("keys.title"))),
      h("div", { class: "dialog-body keys-body", tabIndex: 0, role: "group", aria: { labelledby: title } }, SECTIONS.map(([name, keys]) => section(t(name), keys))),
      h("div", { class: "dialog-buttons" }, h("span", { class: "spacer" }), done),
    ),
  );
  open.dispatchEvent(new Event("enter"));
  rest(open, [done], done);
}

function section(title, keys) {
  const named = (key) => h("kbd", {}, key.startsWith("key.") ? t(key) : key);
  return h("section", {}, h("h3", {}, title), h("dl", {}, keys.map(([pressed, does]) => h("div", {}, h("dt", {}, pressed.map((key) => [named(key), " "])), h("dd", {}, t(does))))));
}

function close() {
  open?.dispatchEvent(new Event("leave"));
  open = null;
}
