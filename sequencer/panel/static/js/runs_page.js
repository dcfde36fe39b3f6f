// The runs of this stand: filtered, page by page, newest first.

import { address, get } from "./api.js";
import { fill, h, icon, show } from "./dom.js";
import { filterBar, readFilters, timeParameters, writeFilters } from "./filters.js";
import { duration, moment, t } from "./text.js";

const NAMES = ["serial_number", "part_number", "sequence", "status", "stand"];
const COLUMNS = ["status", "start_time", "serial_number", "part_number", "sequence", "cause", "duration", "user"];

export function runsPage() {
  const filters = readFilters(NAMES, { span: "all" });
  const body = h("tbody", {});
  const note = h("p", { class: "empty muted", role: "status" });
  const more = h("button", { type: "button", class: "button", onclick: () => load(true) }, t("history.more"));
  const csv = h("a", { class: "button small", download: "runs.csv" }, icon("download"), "CSV");
  const json = h("a", { class: "button small", download: "runs.json" }, icon("download"), "JSON");
  let cursor = null;
  let running = null;

  const parameters = () => ({ ...Object.fromEntries(NAMES.map((name) => [name, filters[name]])), ...timeParameters(filters) });

  async function load(next = false) {
    running?.abort();
    running = new AbortController();
    if (!next) cursor = null;
    csv.href = address("/api/runs", { ...parameters(), format: "csv" });
    json.href = address("/api/runs", { ...parameters(), limit: 500 });
    try {
      const page = await get("/api/runs", { ...parameters(), cursor, limit: 50 }, running.signal);
      if (!next) body.replaceChildren();
      body.append(...page.runs.map(runRow));
      cursor = page.next;
      show(more, cursor);
      fill(note, body.children.length ? "" : t("history.empty"));
    } catch (error) {
      if (error.name !== "AbortError") fill(note, error.message);
    }
  }

  load();
  return h(
    "main",
    { id: "main", tabIndex: -1, class: "history-page" },
    h("header", { class: "page-head" }, h("h1", {}, t("nav.runs")), h("span", { class: "spacer" }), csv, json),
    filterBar({ serial_number: "text", part_number: "text", sequence: "text", stand: "text", status: "status", span: "span" }, filters, () => {
      writeFilters(filters);
      load();
    }),
    h(
      "div",
      { class: "table-scroll card" },
      h("table", { class: "table runs" }, h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col", class: `col-${name}` }, t(`history.${name}`))))), body),
    ),
    note,
    h("div", { class: "page-foot" }, more),
  );
}

function runRow(run) {
  const href = `/runs/${encodeURIComponent(run.id)}`;
  const flags = [run.partial ? "run.partial_short" : null, run.simulated ? "run.simulated_short" : null, run.aborted ? "run.aborted_short" : null].filter(Boolean);
  return h(
    "tr",
    { class: `is-${run.status}` },
    h("td", { class: "col-status" }, h("a", { href, class: `chip is-${run.status}` }, icon(run.status), t(`status.${run.status}`))),
    h("td", { class: "col-start_time number" }, h("a", { href, class: "row-link" }, moment(run.start_time))),
    h("td", { class: "col-serial_number strong number" }, run.serial_number || "—"),
    h("td", { class: "col-part_number" }, run.part_number || "—"),
    h("td", { class: "col-sequence" }, run.sequence, run.sequence_version ? h("span", { class: "muted" }, ` ${run.sequence_version}`) : null, flags.map((flag) => [" ", h("span", { class: "tag" }, t(flag))])),
    h("td", { class: "col-cause" }, run.caused_dut_failure_id || "", run.error_code === null ? null : [" ", h("span", { class: "tag" }, t("failure.code", { code: run.error_code }))]),
    h("td", { class: "col-duration number" }, run.stop_time ? duration(run.stop_time - run.start_time, { fine: true }) : "—"),
    h("td", { class: "col-user" }, run.user || ""),
  );
}
