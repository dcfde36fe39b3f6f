// Which columns the list of runs has: in the address, and for the next visit in this browser.

import { h, icon, memory, newId } from "./dom.js";
import { FACTORY, HAS_SLOTS } from "./slot.js";
import { t } from "./text.js";

/** All of them, in their order. */
const COLUMNS = ["status", "start_time", "serial_number", "part_number", "batch", "sequence", "version", "cause", "error_code", "duration", "stand", "slot", "user"];
/** A row is opened by these. */
const ALWAYS = ["status", "start_time"];
const USUAL = COLUMNS.filter((name) => !["batch", "version", "error_code"].includes(name) && (name !== "slot" || HAS_SLOTS || FACTORY));

/** What the address says, else what was chosen here before; `isUsual`: as for whoever never chose. */
export function readColumns() {
  const said = new URLSearchParams(window.location.search).get("columns") ?? memory.get("runs.columns");
  const names = said ? COLUMNS.filter((name) => ALWAYS.includes(name) || said.split(",").includes(name)) : USUAL;
  return described(names);
}

function described(names) {
  return { names, isUsual: names.join() === USUAL.join() };
}

/** A button that opens a list of columns; `chosen()` are those of now, `choose` is called with others. */
export function columnsButton(chosen, choose) {
  const id = newId("columns");
  const boxes = COLUMNS.filter((name) => !ALWAYS.includes(name)).map((name) => {
    const box = h("input", { type: "checkbox", checked: chosen().names.includes(name), data: { name }, onchange: take });
    return h("label", { class: "column-choice" }, box, t(`history.${name}`));
  });
  const usual = h("button", { type: "button", class: "button small", onclick: () => put(USUAL) }, t("runs.usual_columns"));
  const list = h("fieldset", { class: "column-list card", id }, h("legend", {}, t("runs.columns")), boxes, usual);
  list.popover = "auto";

  function take() {
    const checked = boxes.map(({ firstChild }) => firstChild).filter((box) => box.checked).map((box) => box.dataset.name);
    put(COLUMNS.filter((name) => ALWAYS.includes(name) || checked.includes(name)));
  }

  function put(names) {
    for (const { firstChild } of boxes) firstChild.checked = names.includes(firstChild.dataset.name);
    const found = described(names);
    memory.set("runs.columns", found.isUsual ? null : names.join());
    choose(found);
  }

  const button = h("button", { type: "button", class: "button small columns-button" }, t("runs.columns"), icon("chevron"));
  button.setAttribute("popovertarget", id);
  return h("div", { class: "columns-menu" }, button, list);
}
