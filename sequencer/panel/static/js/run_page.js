// One stored run: its whole report, measurement by measurement.

import { againLink } from "./again.js";
import { address, get, post } from "./api.js";
import { withCopy } from "./copy.js";
import { failure, notDone, standing } from "./details.js";
import { fill, h, icon, setText, token, word } from "./dom.js";
import { parametersOf, readChoice, timeOf } from "./figure_choice.js";
import { notesCard } from "./notes.js";
import { labelButton } from "./label.js";
import { warningCount } from "./measurement.js";
import { moreRow } from "./more.js";
import { may } from "./people.js";
import { question } from "./question.js";
import { reasonText } from "./reason.js";
import { readRunFilters } from "./run_filters.js";
import { isNewestFirst, readOrder } from "./run_order.js";
import { keepRowKeys } from "./row_keys.js";
import { on, outcome, state } from "./state.js";
import { slotLine } from "./slot_line.js";
import { whenStored } from "./stored.js";
import { countsText } from "./status_filter.js";
import { StoredCases } from "./stored_cases.js";
import { clock, duration, moment, t, value } from "./text.js";
import { entitle } from "./title.js";
import { toastError } from "./toast.js";
import { unitLink } from "./unit_link.js";

// The formats in which a report can be saved: they come with what is installed, and are asked for once.
let formats = null;

/** Facts that never break, also where they have blanks. */
const NUMBERS = new Set(["id", "serial_number", "part_number", "variant", "batch", "sha256"]);
/** Facts that people take along to other programs. */
const COPIED = ["id", "serial_number"];

// The page that is shown, for what happens at the stand meanwhile.
let shown = { page: null, load: () => {}, cases: null };
let retrying = false;
on("session", (changed) => {
  if (!changed.state || !shown.page?.isConnected) return;
  if (retrying && changed.state !== "retrying") shown.load();
  retrying = changed.state === "retrying";
  renderRetry();
});
on("snapshot", renderRetry);

let closeAgain = null;
addEventListener("beforeprint", () => {
  closeAgain = shown.page?.isConnected && shown.cases ? shown.cases.openAll() : null;
});
addEventListener("afterprint", () => closeAgain?.());
addEventListener("hashchange", () => shown.page?.isConnected && shown.cases?.reveal());

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
  shown = { page, load, cases: null };
  retrying = state.session.state === "retrying";
  load();
  return page;
}

/** Back to the list as it was: its filters stand in the address of each of its runs. */
function back() {
  return h("a", { href: `/runs${window.location.search}`, class: "back-link" }, icon("back"), t("nav.runs"));
}

/** Steps to the runs above and below this one in the list that it was opened from. */
function neighbours(page, id) {
  const steps = h("nav", { class: "run-steps", aria: { label: t("report.neighbours") } });
  const choice = readChoice();
  const order = readOrder();
  const [above, below] = isNewestFirst(order) ? ["newer", "older"] : ["previous", "next"];
  const parameters = { run: id, ...parametersOf(choice, timeOf(choice)), ...readRunFilters(), ...order };
  const step = (run, name, direction) => {
    const picture = h("span", { class: `step-icon is-${direction}` }, icon("chevron"));
    const content = [picture, h("span", { class: "step-name" }, t(`report.${name}`))];
    return run
      ? h("a", { class: "button small", rel: direction, href: `/runs/${encodeURIComponent(run)}${window.location.search}`, aria: { label: t(`report.${name}`) } }, content)
      : h("button", { type: "button", class: "button small", disabled: true, aria: { label: t(`report.${name}`) } }, content);
  };
  const look = question(steps, {
    ask: (signal) => get("/api/figures/runs/neighbours", parameters, signal),
    answered: ({ newer, older }) => fill(steps, step(newer, above, "prev"), step(older, below, "next")),
    failed: () => fill(steps),
  });
  look();
  whenStored(page, look);
  return steps;
}

/** Whose run it is, with the way to all runs of this unit. */
function unit({ dut }) {
  const { serial_number: serial } = dut;
  return serial ? h("p", { class: "report-unit" }, withCopy(unitLink(serial), serial, t("fact.serial_number"))) : null;
}

/** In which slot the unit was, with the way to what was tested beside it. */
function place({ slot, start }) {
  if (!slot) return null;
  return h("p", { class: "report-slot" }, slotLine(slot), start ? h("a", { href: `/starts/${encodeURIComponent(start.id)}` }, t("starts.link")) : null);
}

function show(page, report) {
  const path = `/api/runs/${encodeURIComponent(report.id)}`;
  const exports = formats.map(({ name, label }) => h("a", { class: "button small", href: address(path, { format: name }), download: true }, icon("download"), label));
  entitle(page, `${t(`verdict.${outcome(report)}`).toUpperCase()} ${[report.dut.serial_number, report.sequence.name].filter(Boolean).join(" · ")}`);
  const cases = new StoredCases(report, path);
  shown.cases = cases;
  const warned = report.modules.flatMap((module) => module.cases).reduce((sum, one) => sum + warningCount(one.attempts), 0);
  const { activeElement: typing } = document;
  fill(
    page,
    h("header", { class: "page-head" }, back(), neighbours(page, report.id), h("span", { class: "spacer" }), moreRow(againLink(report), printButton(path), labelButton(report.id, "label.print"), exports)),
    h(
      "section",
      { class: `report-head is-${report.status}` },
      h("div", { class: "verdict" }, icon(report.status), h("span", { class: "verdict-word" }, t(`verdict.${outcome(report)}`))),
      h(
        "div",
        {},
        h("h1", {}, report.sequence.name, report.sequence.version ? h("span", { class: "soft" }, ` ${report.sequence.version}`) : null),
        unit(report),
        place(report),
        h("p", {}, countsText(cases.counts), warned ? ` · ${t("case.warnings", { count: warned })}` : ""),
        report.sequence.description ? h("p", { class: "pre" }, report.sequence.description) : null,
        report.stop_reason ? h("p", {}, reasonText(report.coded_stop_reason, report.stop_reason)) : null,
        [report.status === "skipped" ? `run.${outcome(report)}` : null, report.aborted ? "run.aborted" : null, report.selection ? "run.partial" : null, report.simulated ? "run.simulated" : null, report.debugged ? "run.debugged" : null].filter(Boolean).map((flag) => h("p", { class: "flag-line" }, t(flag))),
      ),
    ),
    h("div", { class: "run-failures" }, [...report.failures.map(failure), ...standing(report).map(notDone), retryButton(report)]),
    cases.missed,
    notesCard(report, () => shown.load()),
    factCards(report),
    cases.tools,
    cases.modules.map(({ element }) => element),
  );
  // Whoever writes a comment goes on with it.
  if (typing.isConnected) typing.focus({ preventScroll: true });
  renderRetry();
  cases.reveal();
}

/** The report sheet, in a window of its own that asks for the printer. */
function printButton(path) {
  const print = () => {
    const sheet = window.open(`${path}/sheet`, "_blank");
    sheet?.addEventListener("load", () => sheet.print());
  };
  return h("button", { type: "button", class: "button small", onclick: print }, icon("print"), t("report.print"));
}

/** Carries out later what is left to do after the run. */
function retryButton(report) {
  if (!standing(report).some((of) => !of.done)) return null;
  const again = async () => {
    try {
      await post(`/api/runs/${encodeURIComponent(report.id)}/retry-after-run`);
    } catch (error) {
      toastError(error, "page");
      shown.load();
    }
  };
  return h("div", { class: "button-row" }, h("button", { type: "button", class: "button retry-after-run", onclick: again }, h("span", { class: "button-text" }, t("after.retry"))));
}

function renderRetry() {
  const label = shown.page?.querySelector(".print-label");
  // The page may be there before the state of the stand is.
  if (label) label.hidden = !(state.session.settings?.labels && may("operator"));
  const button = shown.page?.querySelector(".retry-after-run");
  if (!button) return;
  button.hidden = !state.session.can_start;
  button.disabled = state.session.state !== "ready";
  setText(button.querySelector(".button-text"), t(state.session.state === "retrying" ? "after.retrying" : "after.retry"));
}

function factCards(report) {
  const { host, dut, stand, process, batch } = report;
  const cards = [
    ["report.run", { id: report.id, started: moment(report.start_time), duration: report.stop_time && duration(report.stop_time - report.start_time, { fine: true }), user: report.user, variant: report.variant, imported: report.imported && `${report.imported.program}: ${report.imported.file}`, file: report.sequence.file, sha256: report.sequence.sha256?.slice(0, 16), hardseq: report.hardseq, ...report.sequence.extensions, ...params(report) }],
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

function fact(key, of) {
  if (key === "serial_number" && typeof of === "string") return unitLink(of);
  if (["object", "boolean"].includes(typeof of)) return value(of);
  return NUMBERS.has(key) ? token(of) : word(of);
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
  return h("section", { class: "card fact-card" }, h("h2", {}, title), h("dl", { class: "facts" }, said.map(([key, of]) => h("div", {}, h("dt", {}, name(key)), h("dd", {}, COPIED.includes(key) ? withCopy(fact(key, of), of, name(key)) : fact(key, of))))));
}
