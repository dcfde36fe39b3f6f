// One stored run: its whole report, measurement by measurement.

import { address, get, post } from "./api.js";
import { chartBox } from "./chart.js";
import { artifactSection, caseDetails, failure, notDone, standing } from "./details.js";
import { fill, h, icon, setAria, setText, token, word } from "./dom.js";
import { measuredText, reading } from "./measurement.js";
import { question } from "./question.js";
import { reasonText } from "./reason.js";
import { keepRowKeys } from "./row_keys.js";
import { on, outcome, state } from "./state.js";
import { clock, duration, moment, t, value } from "./text.js";
import { entitle } from "./title.js";
import { toast } from "./toast.js";

// The formats in which a report can be saved: they come with what is installed, and are asked for once.
let formats = null;

/** Facts that never break, also where they have blanks. */
const NUMBERS = new Set(["id", "serial_number", "part_number", "batch", "sha256"]);

// The page that is shown, for what happens at the stand meanwhile.
let shown = { page: null, load: () => {} };
let retrying = false;
on("session", (changed) => {
  if (!changed.state || !shown.page?.isConnected) return;
  if (retrying && changed.state !== "retrying") shown.load();
  retrying = changed.state === "retrying";
  renderRetry();
});
on("snapshot", renderRetry);

// On paper nobody can open a case.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll(".run-page .case-head[aria-expanded='false']")];
  for (const head of opened) head.click();
});
addEventListener("afterprint", () => {
  for (const head of opened) head.click();
});

/** The page of the run whose id stands in the address as `id`. */
export function runPage(id) {
  const page = h("main", { id: "main", tabIndex: -1, class: "run-page" });
  keepRowKeys(page, ".case", ":scope > .case-head");
  const load = question(page, {
    ask: async (signal) => {
      formats ??= (await get("/api/exports", {}, signal)).exports;
      return get(`/api/runs/${id}`, {}, signal);
    },
    answered: (report) => show(page, report),
    failed: (text) => fill(page, back(), h("h1", { class: "empty muted" }, text)),
  });
  shown = { page, load };
  retrying = state.session.state === "retrying";
  load();
  return page;
}

function back() {
  return h("a", { href: "/runs", class: "back-link" }, icon("back"), t("nav.runs"));
}

function show(page, report) {
  const path = `/api/runs/${encodeURIComponent(report.id)}`;
  const exports = formats.map(({ name, label }) => h("a", { class: "button small", href: address(path, { format: name }), download: true }, icon("download"), label));
  const counts = {};
  for (const one of report.modules.flatMap((module) => module.cases)) counts[one.status] = (counts[one.status] || 0) + 1;
  entitle(page, `${t(`verdict.${outcome(report)}`).toUpperCase()} ${[report.dut.serial_number, report.sequence.name].filter(Boolean).join(" · ")}`);
  fill(
    page,
    h("header", { class: "page-head" }, back(), h("span", { class: "spacer" }), h("div", { class: "button-row" }, exports)),
    h(
      "section",
      { class: `report-head is-${report.status}` },
      h("div", { class: "verdict" }, icon(report.status), h("span", { class: "verdict-word" }, t(`verdict.${outcome(report)}`))),
      h(
        "div",
        {},
        h("h1", {}, report.sequence.name, report.sequence.version ? h("span", { class: "soft" }, ` ${report.sequence.version}`) : null),
        h("p", {}, Object.entries(counts).map(([status, count]) => t(`count.${status}`, { count })).join(" · ")),
        report.sequence.description ? h("p", { class: "pre" }, report.sequence.description) : null,
        report.stop_reason ? h("p", {}, reasonText(report.coded_stop_reason, report.stop_reason)) : null,
        [report.status === "skipped" ? `run.${outcome(report)}` : null, report.aborted ? "run.aborted" : null, report.selection ? "run.partial" : null, report.simulated ? "run.simulated" : null, report.debugged ? "run.debugged" : null].filter(Boolean).map((flag) => h("p", { class: "flag-line" }, t(flag))),
      ),
    ),
    h("div", { class: "run-failures" }, [...report.failures.map(failure), ...standing(report).map(notDone), retryButton(report)]),
    factCards(report),
    report.modules.map((module) => moduleCard(module, path)),
  );
  renderRetry();
}

/** Carries out later what is left to do after the run. */
function retryButton(report) {
  if (!standing(report).some((of) => !of.done)) return null;
  const again = async () => {
    try {
      await post(`/api/runs/${encodeURIComponent(report.id)}/retry-after-run`);
    } catch (error) {
      toast(error.message, "failed");
      shown.load();
    }
  };
  return h("div", { class: "button-row" }, h("button", { type: "button", class: "button retry-after-run", onclick: again }, h("span", { class: "button-text" }, t("after.retry"))));
}

function renderRetry() {
  const button = shown.page?.querySelector(".retry-after-run");
  if (!button) return;
  button.hidden = !state.session.can_start;
  button.disabled = state.session.state !== "ready";
  setText(button.querySelector(".button-text"), t(state.session.state === "retrying" ? "after.retrying" : "after.retry"));
}

function factCards(report) {
  const { host, dut, stand, process, batch } = report;
  const cards = [
    ["report.run", { id: report.id, started: moment(report.start_time), duration: report.stop_time && duration(report.stop_time - report.start_time, { fine: true }), user: report.user, file: report.sequence.file, sha256: report.sequence.sha256?.slice(0, 16), hardseq: report.hardseq, ...report.sequence.extensions, ...params(report) }],
    ["report.device", { ...dut, ...dut.info, info: null, sub_units: null, batch: batch.serial_number }],
    ["report.stand", { ...stand, ...stand.info, info: null, host: host.name, os: host.os, python: host.python, timezone: host.timezone }],
    ["report.process", { ...process, ...process.info, info: null }],
    ...(dut.sub_units || []).map((unit) => ["report.sub_unit", { ...unit, ...unit.info, info: null }]),
    ...(report.instruments || []).map((instrument) => ["report.instrument", { ...instrument, ...instrument.info, info: null }]),
    ["case.artifact", report.artifact || {}],
  ];
  return h("div", { class: "fact-cards" }, cards.map(([title, facts]) => factCard(t(title), facts)), told(report.operator_messages || []));
}

/** What the operator was told, with the time of day. */
function told(messages) {
  if (!messages.length) return null;
  const one = (of) => h("p", { class: "pre" }, h("span", { class: "muted number" }, clock(of.time)), " ", h("strong", {}, of.title || ""), of.title && of.text ? " · " : "", of.text || "");
  return h("section", { class: "card fact-card" }, h("h2", {}, t("report.told")), messages.map(one));
}

function params(report) {
  return Object.fromEntries(Object.entries(report.params || {}).map(([name, of]) => [`${t("report.param")} ${name}`, of]));
}

function factCard(title, facts) {
  const said = Object.entries(facts).filter(([, said]) => said !== null && said !== undefined && said !== "");
  if (!said.length) return null;
  const name = (key) => {
    const text = t(`fact.${key}`);
    return text === `fact.${key}` ? key : text;
  };
  return h("section", { class: "card fact-card" }, h("h2", {}, title), h("dl", { class: "facts" }, said.map(([key, of]) => h("div", {}, h("dt", {}, name(key)), h("dd", {}, typeof of === "object" ? value(of) : NUMBERS.has(key) ? token(of) : word(of))))));
}

function moduleCard(module, path) {
  const artifact = artifactSection(module.artifact);
  return h(
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
    h("div", { class: "cases" }, module.cases.map((one) => caseRow(one, path))),
  );
}

function caseRow(one, path) {
  const attempt = one.attempts[one.attempts.length - 1];
  const found = attempt?.measurements || [];
  const failed = found.filter((measurement) => measurement.result === false && !measurement.superseded);
  const chosen = (failed.length ? failed : found).slice(0, 4);
  const head = h(
    "button",
    { class: "case-head", type: "button", aria: { expanded: "false" } },
    icon(one.status, t(`status.${one.status}`)),
    h(
      "span",
      { class: "case-text" },
      h("span", { class: "case-title" }, h("span", { class: "case-name" }, one.name), one.attempts.length > 1 ? h("span", { class: "tag" }, t("case.attempts_count", { count: one.attempts.length })) : null),
      h("span", { class: "case-message" }, reasonText(one.coded_reason, one.reason) || Object.values(attempt?.messages || {}).slice(-3).join(" · ")),
    ),
    h("span", { class: "case-readings" }, h("span", { class: "readings", aria: { label: chosen.map((measurement) => `${measurement.name} ${measuredText(measurement)}`).join(", ") } }, chosen.map(reading)), found.length > chosen.length ? h("span", { class: "more muted" }, t("case.more", { count: found.length - chosen.length })) : null),
    h("span", { class: "case-time number" }, one.start_time && one.stop_time ? duration(one.stop_time - one.start_time, { fine: true }) : ""),
    h("span", { class: "case-chevron" }, icon("chevron")),
  );
  const row = h("article", { class: `case is-${one.status}` }, head, h("div", { class: "case-failures" }, (attempt?.failures || []).map(failure)), h("div", { class: "case-charts" }, (attempt?.charts || []).map(storedChart)));
  let open = null;
  head.addEventListener("click", () => {
    if (open) open.remove();
    open = open ? null : h("div", { class: "case-details" }, caseDetails(one, (of, index, entry) => (of === attempt ? null : storedChart(entry)), { link: (entry) => `${path}/attachments/${encodeURIComponent(entry.sha256)}` }));
    if (open) row.append(open);
    setAria(head, "expanded", String(Boolean(open)));
    row.classList.toggle("is-open", Boolean(open));
  });
  return row;
}

function storedChart(entry) {
  return chartBox(entry.title, async () => entry);
}
