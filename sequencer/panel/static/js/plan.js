// Modules and cases of the run: built once per plan, then only the rows that changed are touched.

import { CaseRow } from "./case_row.js";
import { h, icon, setAria, setIcon, setText, show } from "./dom.js";
import { rowKeys } from "./row_keys.js";
import { settle } from "./sight.js";
import { isFinal, lastAttempt, on, state } from "./state.js";
import { isMeant } from "./status_filter.js";
import { duration, onLanguage, t } from "./text.js";

/** Milliseconds of a frame that rows may take; the rest of them wait for the next one, so that no key or click waits. */
const BUDGET = 8;
const root = h("div", { class: "modules" });
const empty = h("p", { class: "empty muted" });
const rows = new Map();
const modules = new Map();
const dirty = new Set();
/** Modules whose cases somebody put away; they stay away in the next run and in another language. */
const folded = new Set();
let planned = "";
let sequence = null;
let scheduled = false;
let settling = false;
let fresh = false;
let filter = "all";
let choosing = false;
let onChosen = () => {};
const keys = rowKeys(root, ".case", ":scope > .tick input, :scope > .case-head");

export function planView() {
  return h("section", { class: "plan", aria: { label: t("plan.title") } }, root, empty);
}

/** Shows all cases, or those of one status. */
export function setFilter(status) {
  filter = status;
  for (const row of rows.values()) row.filter();
  for (const module of modules.values()) module.filter();
  keys.renew();
}

/** Lets the operator tick cases; `changed` is called with how many are ticked. */
export function setChoosing(wanted, changed = () => {}) {
  choosing = wanted;
  onChosen = changed;
  root.classList.toggle("is-choosing", wanted);
  keys.renew();
  tellChosen();
}

/** Full names of the ticked cases; null when they are all there are to choose from. */
export function chosenCases() {
  const ticked = choosable().filter((row) => row.tick.checked);
  return ticked.length === choosable().length ? null : ticked.map((row) => row.name);
}

function choosable() {
  return [...rows.values()].filter((row) => !row.tick.disabled);
}

function tellChosen() {
  for (const module of modules.values()) module.updateTick();
  onChosen(choosable().filter((row) => row.tick.checked).length);
}

export function isChoosing() {
  return choosing;
}

on("snapshot", () => {
  const { run } = state;
  const plan = JSON.stringify(run.modules.map((module) => [module.id, module.name, module.cases.map((one) => [one.id, one.name])]));
  if (plan !== planned) {
    // Who opens the page after a failure sees it.
    settling ||= !planned && isFinal(run.status);
    planned = plan;
    build();
    if (settling) schedule();
  } else {
    for (const module of run.modules) modules.get(module.id).module = module;
    renew();
  }
});
on("begin", renew);
on("case", (name) => schedule(name));
on("module", (id) => schedule(`module ${id}`));
on("verdict", () => {
  fresh = settling = true;
  schedule();
});
on("session", (changed) => {
  // The form is back at the top, and takes its room there.
  if (changed.state !== "ready" || !fresh) return;
  fresh = false;
  settling = true;
  schedule();
});
onLanguage(() => planned && build());

/** All rows take up the state as it is now. */
function renew() {
  for (const [name, row] of rows) {
    row.take(state.cases.get(name));
    schedule(name);
  }
  for (const id of modules.keys()) schedule(`module ${id}`);
}

function schedule(name) {
  if (name) dirty.add(name);
  if (scheduled) return;
  scheduled = true;
  // A hidden page gets no animation frames, and must not fall behind.
  if (document.hidden) setTimeout(flush, 200);
  else requestAnimationFrame(flush);
}

function flush() {
  scheduled = false;
  const end = document.hidden ? Infinity : performance.now() + BUDGET;
  for (const name of dirty) {
    if (performance.now() > end) return schedule();
    dirty.delete(name);
    if (name.startsWith("module ")) modules.get(name.slice(7))?.update();
    else rows.get(name)?.update();
  }
  if (!keys.stands()) keys.renew();
  if (!settling) return;
  settling = false;
  if (root.isConnected) settle(firstBad());
}

/** What a row asks of the plan around it. */
const surroundings = {
  isWanted: ({ status }) => isMeant(filter, status),
  changed: (module) => schedule(`module ${module.id}`),
};

function firstBad() {
  const bad = [...state.cases.values()].find((one) => ["failed", "error", "stopped"].includes(one.status));
  return bad && rows.get(bad.full_name)?.element;
}

function build() {
  const { name } = state.run.sequence;
  // In another language, or mended, it is still the sequence of which cases were chosen.
  const left = new Set(choosable().filter((row) => name === sequence && !row.tick.checked).map((row) => row.name));
  sequence = name;
  rows.clear();
  modules.clear();
  const parts = document.createDocumentFragment();
  for (const module of state.run.modules) {
    const view = new ModuleView(module);
    modules.set(module.id, view);
    parts.append(view.element);
  }
  root.replaceChildren(parts);
  setText(empty, t("plan.empty"));
  show(empty, !state.run.modules.length);
  for (const row of choosable()) row.tick.checked = !left.has(row.name);
  tellChosen();
  setFilter(filter);
}

// One listener for all rows, however many there are.
root.addEventListener("click", (event) => {
  const head = event.target.closest(".case-head");
  if (!head || event.target.closest("input, a, .tick")) return;
  rows.get(head.parentElement.dataset.name)?.toggle();
});
root.addEventListener("change", (event) => {
  const box = event.target;
  if (box.dataset.module) {
    for (const row of choosable()) if (row.one.module.id === box.dataset.module) row.tick.checked = box.checked;
  }
  tellChosen();
});

class ModuleView {
  constructor(module) {
    this.module = module;
    this.icon = icon(module.status, t(`status.${module.status}`));
    this.count = h("span", { class: "module-count number" });
    this.time = h("span", { class: "module-time number" });
    this.tick = h("input", { type: "checkbox", checked: true, data: { module: module.id }, aria: { label: t("choose.module", { name: module.name }) } });
    this.list = h("div", { class: "cases" });
    this.fold = h("button", { type: "button", class: "icon-button module-fold", aria: { label: t("plan.fold", { name: module.name }) }, onclick: () => this.toggle() }, icon("chevron"));
    for (const one of module.cases) {
      const row = new CaseRow(one, surroundings);
      rows.set(one.full_name, row);
      this.list.append(row.element);
    }
    this.element = h(
      "section",
      { class: "module card", aria: { label: module.name } },
      h(
        "header",
        { class: "module-head" },
        h("label", { class: "tick" }, this.tick),
        this.icon,
        h("h2", {}, module.name),
        module.group === "main" ? null : h("span", { class: "tag" }, t(`group.${module.group}`)),
        module.description ? h("span", { class: "muted module-description" }, module.description) : null,
        h("span", { class: "spacer" }),
        this.count,
        this.time,
        this.fold,
      ),
      this.list,
    );
    this.update();
  }

  update() {
    const { module } = this;
    setIcon(this.icon, module.status, t(`status.${module.status}`));
    this.icon.setAttribute("class", `icon is-${module.status}`);
    const done = module.cases.filter((one) => isFinal(one.status)).length;
    setText(this.count, `${done}/${module.cases.length}`);
    setText(this.time, module.start_time && module.stop_time ? duration(module.stop_time - module.start_time, { fine: true }) : "");
  }

  updateTick() {
    const boxes = this.module.cases.map((one) => rows.get(one.full_name).tick);
    this.tick.disabled = boxes.every((box) => box.disabled);
    const ticks = boxes.filter((box) => !box.disabled || this.tick.disabled).map((box) => box.checked);
    this.tick.checked = ticks.every(Boolean);
    this.tick.indeterminate = ticks.some(Boolean) && !this.tick.checked;
  }

  toggle() {
    if (!folded.delete(this.module.id)) folded.add(this.module.id);
    this.filter();
    keys.renew();
  }

  /** What is folded away a filter finds all the same. */
  filter() {
    const open = filter !== "all" || !folded.has(this.module.id);
    show(this.list, open);
    setAria(this.fold, "expanded", String(open));
    show(this.fold, filter === "all");
    show(this.element, this.module.cases.some((one) => !rows.get(one.full_name).element.hidden));
  }
}

/** Once a second the running case's time goes on. */
export function tick() {
  for (const one of state.run?.modules.flatMap((module) => (module.status === "run" ? module.cases : [])) || []) {
    if (one.status === "run") rows.get(one.full_name)?.updateText(one, lastAttempt(one));
  }
}

