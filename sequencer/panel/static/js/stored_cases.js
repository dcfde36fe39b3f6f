// Modules and cases of a stored run: all of them, or those of one status; each case has an address of its own.

import { chartBox } from "./chart.js";
import { ALLOWED_SKIPS } from "./constants.js";
import { artifactSection, caseDetails, failure } from "./details.js";
import { h, icon, setAria, show } from "./dom.js";
import { isWarned, measuredText, reading, warningTag } from "./measurement.js";
import { reasonText } from "./reason.js";
import { StatusFilter, isBad, isMeant } from "./status_filter.js";
import { outcome } from "./state.js";
import { duration, t } from "./text.js";

const FILTERS = ["all", "failed", "passed", "skipped"];
/** Entries of the list at the head; where there are more, a button shows the others. */
const LISTED = 8;

/** The address of a case on the page of its run. */
export function caseAddress(name) {
  return `#case=${encodeURIComponent(name)}`;
}

/** The case that the window's address names, as `module::case`. */
function addressed() {
  const [, name] = /^#case=(.*)$/.exec(window.location.hash) ?? [];
  try {
    return name === undefined ? null : decodeURIComponent(name);
  } catch {
    return null;
  }
}

/** The cases of a report with filter and list of what did not pass; `path` is where its files are. */
export class StoredCases {
  constructor(report, path) {
    this.rows = new Map();
    this.modules = report.modules.map((module) => this.module(module, path));
    this.filter = new StatusFilter(FILTERS, (name) => this.choose(name));
    this.tools = h("div", { class: "plan-tools" }, this.filter.element);
    this.missed = missedList(report);
    this.counts = {};
    for (const { one } of this.rows.values()) this.counts[one.status] = (this.counts[one.status] || 0) + 1;
    this.choose("all");
  }

  /** Shows the cases that the filter means. */
  choose(filter) {
    for (const row of this.rows.values()) show(row.element, isMeant(filter, row.one.status));
    for (const { element, rows } of this.modules) show(element, !rows.length || rows.some((row) => !row.element.hidden));
    this.filter.update(this.counts, filter);
  }

  /** Opens the case that the address names, and brings it into sight. */
  reveal() {
    const row = this.rows.get(addressed());
    if (!row) return;
    if (row.element.hidden) this.choose("all");
    row.toggle(true);
    row.element.scrollIntoView({ block: "start", behavior: "instant" });
    row.head.focus({ preventScroll: true });
  }

  /** On paper nobody can open a case; returns what closes those again that were not open. */
  openAll() {
    const closed = [...this.rows.values()].filter((row) => !row.open);
    for (const row of closed) row.toggle(true);
    return () => closed.forEach((row) => row.toggle(false));
  }

  module(module, path) {
    const artifact = artifactSection(module.artifact);
    const rows = module.cases.map((one) => new StoredCase(`${module.id}::${one.id}`, one, path));
    for (const row of rows) this.rows.set(row.name, row);
    const element = h(
      "section",
      { class: "module card", aria: { label: module.name } },
      h(
        "header",
        { class: `module-head is-${module.status}` },
        icon(module.status, t(`status.${module.status}`)),
        h("h2", {}, module.name),
        module.description ? h("span", { class: "muted module-description" }, module.description) : null,
        module.group === "main" ? null : h("span", { class: "tag" }, t(`group.${module.group}`)),
        h("span", { class: "spacer" }),
        h("span", { class: "module-time number" }, module.start_time && module.stop_time ? duration(module.stop_time - module.start_time, { fine: true }) : ""),
      ),
      artifact ? h("div", { class: "case-details" }, artifact) : null,
      h("div", { class: "cases" }, rows.map((row) => row.element)),
    );
    return { element, rows };
  }
}

/** Where a look is needed, each with its reason and a jump to it; null when everything passed. */
function missedList(report) {
  // A run may pass with cases that were left out for these reasons; any other one is missing.
  const incomplete = outcome(report) === "incomplete";
  const isMissed = (one) => isBad(one.status) || (incomplete && one.status === "skipped" && !ALLOWED_SKIPS.includes(one.skip_kind));
  const missed = report.modules.flatMap((module) => module.cases.filter(isMissed).map((one) => missedEntry(module, one)));
  if (!missed.length) return null;
  const list = h("ul", { class: "missed-list" }, missed);
  const all = h("button", { type: "button", class: "button small", onclick: showAll }, t("report.missed_more", { count: missed.length - LISTED }));
  for (const entry of missed.slice(LISTED)) entry.hidden = true;
  show(all, missed.length > LISTED);
  function showAll() {
    for (const entry of missed) entry.hidden = false;
    all.remove();
    missed[LISTED].querySelector("a").focus();
  }
  return h("nav", { class: "card missed", aria: { label: t("report.missed") } }, h("h2", {}, t("report.missed"), " ", h("span", { class: "number" }, missed.length)), list, all);
}

function missedEntry(module, one) {
  const first = one.attempts.at(-1)?.failures[0];
  const why = first ? reasonText(first.coded_reason, first.message) : reasonText(one.coded_reason, one.reason);
  return h(
    "li",
    { class: `is-${one.status}` },
    icon(one.status, t(`status.${one.status}`)),
    h("span", {}, h("a", { href: caseAddress(`${module.id}::${one.id}`) }, `${module.name} · ${one.name}`), why ? h("span", { class: "missed-why" }, why) : null),
  );
}

class StoredCase {
  constructor(name, one, path) {
    this.name = name;
    this.one = one;
    this.path = path;
    this.attempt = one.attempts[one.attempts.length - 1];
    this.open = null;
    this.head = this.headView();
    const { attempt } = this;
    this.element = h("article", { class: `case is-${one.status}`, data: { name } }, this.head, h("div", { class: "case-failures" }, (attempt?.failures || []).map(failure)), h("div", { class: "case-charts" }, (attempt?.charts || []).map(storedChart)));
  }

  headView() {
    const { one, attempt } = this;
    const found = attempt?.measurements || [];
    const failed = found.filter((measurement) => measurement.result === false && !measurement.superseded);
    const seen = failed.length ? failed : found.filter(isWarned);
    const chosen = (seen.length ? seen : found).slice(0, 4);
    return h(
      "button",
      { class: "case-head", type: "button", aria: { expanded: "false" }, onclick: () => this.press() },
      icon(one.status, t(`status.${one.status}`)),
      h(
        "span",
        { class: "case-text" },
        h("span", { class: "case-title" }, h("span", { class: "case-name" }, one.name), one.attempts.length > 1 ? h("span", { class: "tag" }, t("case.attempts_count", { count: one.attempts.length })) : null, warningTag(one.attempts)),
        h("span", { class: "case-message" }, reasonText(one.coded_reason, one.reason) || Object.values(attempt?.messages || {}).slice(-3).join(" · ")),
      ),
      h("span", { class: "case-readings" }, h("span", { class: "readings", aria: { label: chosen.map((measurement) => `${measurement.name} ${measuredText(measurement)}`).join(", ") } }, chosen.map(reading)), found.length > chosen.length ? h("span", { class: "more muted" }, t("case.more", { count: found.length - chosen.length })) : null),
      h("span", { class: "case-time number" }, one.start_time && one.stop_time ? duration(one.stop_time - one.start_time, { fine: true }) : ""),
      h("span", { class: "case-chevron" }, icon("chevron")),
    );
  }

  /** The address is that of the case that was opened last: reloaded, sent or come back to, it is open again. */
  press() {
    this.toggle(!this.open);
    const { pathname, search } = window.location;
    if (this.open) history.replaceState(history.state, "", caseAddress(this.name));
    else if (addressed() === this.name) history.replaceState(history.state, "", pathname + search);
  }

  toggle(wanted) {
    if (Boolean(this.open) === wanted) return;
    this.open?.remove();
    this.open = wanted ? h("div", { class: "case-details" }, this.details()) : null;
    if (this.open) this.element.append(this.open);
    setAria(this.head, "expanded", String(wanted));
    this.element.classList.toggle("is-open", wanted);
  }

  details() {
    const chart = (of, index, entry) => (of === this.attempt ? null : storedChart(entry));
    return caseDetails(this.one, chart, { link: (entry) => `${this.path}/attachments/${encodeURIComponent(entry.sha256)}` });
  }
}

function storedChart(entry) {
  return chartBox(entry.title, async () => entry);
}
