// Modules and cases of the run: built once per plan, then only the rows that changed are touched.

import { get } from "./api.js";
import { chartBox } from "./chart.js";
import { caseDetails, failure } from "./details.js";
import { h, icon, setAria, setIcon, setText, show } from "./dom.js";
import { measuredText, reading } from "./measurement.js";
import { isFinal, lastAttempt, now, on, state } from "./state.js";
import { duration, onLanguage, t } from "./text.js";

const READINGS = 4;
const root = h("div", { class: "modules" });
const empty = h("p", { class: "empty muted" });
const rows = new Map();
const modules = new Map();
const dirty = new Set();
let planned = "";
let scheduled = false;
let filter = "all";
let choosing = false;
let onChosen = () => {};
let followed = 0;
let touched = 0;

export function planView() {
  return h("section", { class: "plan", aria: { label: t("plan.title") } }, root, empty);
}

/** Shows all cases, or those of one status. */
export function setFilter(status) {
  filter = status;
  for (const row of rows.values()) row.filter();
  for (const module of modules.values()) module.filter();
}

/** Lets the operator tick cases; `changed` is called with how many are ticked. */
export function setChoosing(wanted, changed = () => {}) {
  choosing = wanted;
  onChosen = changed;
  root.classList.toggle("is-choosing", wanted);
  changed(chosenCases().length);
}

/** Full names of the ticked cases. */
export function chosenCases() {
  return [...rows.values()].filter((row) => row.tick.checked).map((row) => row.name);
}

export function isChoosing() {
  return choosing;
}

on("snapshot", () => {
  const { run } = state;
  const plan = JSON.stringify(run.modules.map((module) => [module.id, module.name, module.cases.map((one) => [one.id, one.name])]));
  if (plan !== planned) {
    planned = plan;
    build();
  } else {
    for (const [name, row] of rows) row.take(state.cases.get(name));
    for (const module of run.modules) modules.get(module.id).take(module);
  }
});
on("begin", () => {
  for (const [name, row] of rows) row.take(state.cases.get(name));
  for (const module of modules.values()) module.update();
});
on("case", (name) => schedule(name));
on("module", (id) => schedule(`module ${id}`));
on("verdict", settle);
onLanguage(() => planned && build());
for (const kind of ["wheel", "touchmove", "keydown"]) addEventListener(kind, () => (touched = Date.now()), { passive: true });

function schedule(name) {
  dirty.add(name);
  if (scheduled) return;
  scheduled = true;
  // A hidden page gets no animation frames, and must not fall behind.
  if (document.hidden) setTimeout(flush, 200);
  else requestAnimationFrame(flush);
}

function flush() {
  scheduled = false;
  for (const name of dirty) {
    if (name.startsWith("module ")) modules.get(name.slice(7))?.update();
    else rows.get(name)?.update();
  }
  dirty.clear();
}

function build() {
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
    for (const row of rows.values()) if (row.one.module.id === box.dataset.module) row.tick.checked = box.checked;
  }
  for (const module of modules.values()) module.updateTick();
  onChosen(chosenCases().length);
});

/** The running case stays in sight unless somebody scrolls. */
function follow(element) {
  const at = Date.now();
  if (at - followed < 400 || at - touched < 6000 || document.hidden) return;
  followed = at;
  const box = element.getBoundingClientRect();
  const top = Math.max(0, document.querySelector(".hero")?.getBoundingClientRect().bottom ?? 0);
  if (box.top < top || box.bottom > innerHeight - 80) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || state.cases.size > 200;
    scrollTo({ top: scrollY + box.top - (innerHeight + top) / 2, behavior: calm ? "instant" : "smooth" });
  }
}

/** At the end what needs a look is in sight: the first case that did not pass, else the top. */
function settle() {
  if (Date.now() - touched < 6000 || !root.isConnected) return;
  const bad = [...state.cases.values()].find((one) => ["failed", "error", "stopped"].includes(one.status));
  const element = bad && rows.get(bad.full_name)?.element;
  const hero = document.querySelector(".hero");
  const top = hero.offsetHeight;
  // Where the verdict does not stay in sight it has the right of way.
  const stays = getComputedStyle(hero).position === "sticky";
  scrollTo({ top: element && stays ? Math.max(0, scrollY + element.getBoundingClientRect().top - top - 80) : 0, behavior: "instant" });
}

class ModuleView {
  constructor(module) {
    this.module = module;
    this.icon = icon(module.status, t(`status.${module.status}`));
    this.count = h("span", { class: "module-count number" });
    this.time = h("span", { class: "module-time number" });
    this.tick = h("input", { type: "checkbox", checked: true, data: { module: module.id }, aria: { label: t("choose.module", { name: module.name }) } });
    this.list = h("div", { class: "cases" });
    for (const one of module.cases) {
      const row = new CaseRow(one);
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
      ),
      this.list,
    );
    this.update();
  }

  take(module) {
    this.module = module;
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
    const ticks = this.module.cases.map((one) => rows.get(one.full_name).tick.checked);
    this.tick.checked = ticks.every(Boolean);
    this.tick.indeterminate = ticks.some(Boolean) && !this.tick.checked;
  }

  filter() {
    show(this.element, this.module.cases.some((one) => !rows.get(one.full_name).element.hidden));
  }
}

class CaseRow {
  constructor(one) {
    this.one = one;
    this.name = one.full_name;
    this.open = null;
    this.shown = {};
    this.icon = icon(one.status);
    this.title = h("span", { class: "case-name" }, one.name);
    this.attempt = h("span", { class: "tag attempt-tag", hidden: true });
    this.message = h("div", { class: "case-message" });
    this.bar = h("progress", { class: "case-progress", hidden: true, max: 1 });
    this.barLabel = h("span", { class: "case-progress-label muted", hidden: true });
    this.readings = h("div", { class: "readings" });
    this.more = h("span", { class: "more muted", hidden: true });
    this.time = h("span", { class: "case-time number" });
    this.tick = h("input", { type: "checkbox", checked: true, aria: { label: t("choose.case", { name: one.name }) } });
    this.head = h(
      "button",
      { class: "case-head", type: "button", aria: { expanded: "false" } },
      this.icon,
      h("span", { class: "case-text" }, h("span", { class: "case-title" }, this.title, this.attempt), this.message, this.bar, this.barLabel),
      h("span", { class: "case-readings" }, this.readings, this.more),
      this.time,
      h("span", { class: "case-chevron" }, icon("chevron")),
    );
    this.failures = h("div", { class: "case-failures" });
    this.charts = h("div", { class: "case-charts" });
    this.element = h("article", { class: "case", data: { name: this.name } }, h("label", { class: "tick" }, this.tick), this.head, this.failures, this.charts);
    this.update();
  }

  take(one) {
    this.one = one;
    this.charts.replaceChildren();
    this.shown = {};
    this.update();
  }

  update() {
    const { one } = this;
    const attempt = lastAttempt(one);
    if (this.shown.status !== one.status) {
      this.shown.status = one.status;
      setIcon(this.icon, one.status, t(`status.${one.status}`));
      this.element.className = `case is-${one.status}`;
      this.filter();
      modules.get(one.module.id)?.update();
    }
    this.updateText(one, attempt);
    this.updateBar(one, attempt);
    this.updateReadings(attempt);
    this.updateFailures(one, attempt);
    this.updateCharts(attempt);
    if (this.open) this.fillDetails();
    if (one.status === "run") follow(this.element);
  }

  updateText(one, attempt) {
    setText(this.time, one.start_time && one.stop_time ? duration(one.stop_time - one.start_time, { fine: true }) : one.status === "run" ? duration(now() - one.start_time, { fine: true }) : "");
    show(this.attempt, attempt && attempt.number > 1);
    if (attempt && attempt.number > 1) setText(this.attempt, t("case.attempt", { number: attempt.number }));
    const texts = attempt ? Object.values(attempt.messages) : [];
    const step = one.status === "run" && !texts.length ? attempt?.step?.step : null;
    setText(this.message, one.status === "skipped" && one.reason ? one.reason : texts.length ? texts.slice(-3).join(" · ") : step || "");
  }

  updateBar(one, attempt) {
    const bar = one.status === "run" ? attempt?.progress : null;
    show(this.bar, bar);
    show(this.barLabel, bar);
    if (!bar) return;
    this.bar.value = bar.value / bar.maximum;
    setAria(this.bar, "label", bar.label || t("case.progress"));
    setText(this.barLabel, `${bar.label ? `${bar.label} · ` : ""}${Math.round((100 * bar.value) / bar.maximum)} %`);
  }

  updateReadings(attempt) {
    const found = state.session.settings?.measurement_display === false ? [] : attempt?.measurements || [];
    const mark = `${attempt?.number}/${found.length}`;
    if (this.shown.readings === mark) return;
    this.shown.readings = mark;
    // What failed is seen first; else the newest.
    const failed = found.filter((one) => one.result === false);
    const chosen = failed.length ? failed.slice(0, READINGS) : found.slice(-READINGS);
    this.readings.replaceChildren(...chosen.map(reading));
    show(this.more, found.length > chosen.length);
    setText(this.more, t("case.more", { count: found.length - chosen.length }));
    setAria(this.readings, "label", chosen.map((one) => `${one.name} ${measuredText(one)}`).join(", ") || null);
  }

  updateFailures(one, attempt) {
    const found = attempt?.failures || [];
    const mark = `${attempt?.number}/${found.length}`;
    if (this.shown.failures === mark) return;
    this.shown.failures = mark;
    this.failures.replaceChildren(...found.map(failure));
  }

  updateCharts(attempt) {
    const found = attempt?.charts || [];
    const mark = `${attempt?.number}/${found.length}`;
    if (this.shown.charts === mark) return;
    this.shown.charts = mark;
    this.charts.replaceChildren(...found.map((entry, index) => liveChart(this.name, attempt, index, entry)));
  }

  toggle() {
    if (this.open) {
      this.open.remove();
      this.open = null;
    } else {
      this.open = h("div", { class: "case-details" });
      this.element.append(this.open);
      this.fillDetails();
    }
    setAria(this.head, "expanded", String(Boolean(this.open)));
    this.element.classList.toggle("is-open", Boolean(this.open));
  }

  fillDetails() {
    // Charts stand in the row already.
    this.open.replaceChildren(caseDetails(this.one, (attempt, index, entry) => (attempt === lastAttempt(this.one) ? null : liveChart(this.name, attempt, index, entry))));
  }

  filter() {
    const { status } = this.one;
    const wanted = filter === "all" || status === filter || (filter === "failed" && (status === "error" || status === "stopped"));
    show(this.element, wanted);
  }
}

function liveChart(name, attempt, index, entry) {
  return chartBox(entry.title, () => get("/api/chart", { case: name, attempt: attempt.number, index: entry.index ?? index }));
}

/** Once a second the running case's time goes on. */
export function tick() {
  for (const one of state.run?.modules.flatMap((module) => (module.status === "run" ? module.cases : [])) || []) {
    if (one.status === "run") rows.get(one.full_name)?.updateText(one, lastAttempt(one));
  }
}

