// The runs of this stand: filtered, page by page, newest first.

import { address, get } from "./api.js";
import { fill, h, icon, show, token } from "./dom.js";
import { RUN_FILTERS as NAMES, SLOT_FIELD, filterBar, isFiltered, readFilters, timeParameters, writeFilters } from "./filters.js";
import { noRuns } from "./no_runs.js";
import { noteTag } from "./notes.js";
import { question } from "./question.js";
import { keepRowKeys } from "./row_keys.js";
import { HAS_SLOTS, slotTitle } from "./slot.js";
import { outcome } from "./state.js";
import { whenStored } from "./stored.js";
import { duration, moment, t } from "./text.js";

const COLUMNS = ["status", "start_time", "serial_number", "part_number", "sequence", "cause", "duration", "stand", ...(HAS_SLOTS ? ["slot"] : []), "user"];
const PAGE = 50;
const MOST = 500;

export function runsPage() {
  const filters = readFilters(NAMES);
  const body = h("tbody", {});
  keepRowKeys(body, "tr", "a:not(.chip)");
  const note = h("div", { class: "empty muted", role: "status" });
  const more = h("button", { type: "button", class: "button", hidden: true, onclick: () => load(true) }, t("history.more"));
  const csv = h("a", { class: "button small", download: "runs.csv" }, icon("download"), "CSV");
  const json = h("a", { class: "button small", download: "runs.json" }, icon("download"), "JSON");
  const table = h(
    "div",
    { class: "table-scroll card" },
    h("table", { class: "table runs" }, h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col", class: `col-${name}` }, t(`history.${name}`))))), body),
  );
  // Whoever comes back to the list finds it as it was left.
  let left = history.state?.left;
  let cursor = null;

  const parameters = () => ({ ...Object.fromEntries(NAMES.map((name) => [name, filters[name]])), ...timeParameters(filters) });

  const load = question(table, {
    ask(signal, next = false) {
      csv.href = address("/api/runs", { ...parameters(), format: "csv" });
      json.href = address("/api/runs", { ...parameters(), format: "json" });
      const limit = Math.min(MOST, Math.max(PAGE, left?.rows ?? 0));
      return get("/api/runs", { ...parameters(), cursor: next ? cursor : null, limit }, signal);
    },
    answered(page, next = false) {
      if (!next) body.replaceChildren();
      body.append(...page.runs.map(runRow));
      cursor = page.next;
      show(more, cursor);
      note.replaceChildren();
      if (!body.children.length) note.append(noRuns(isFiltered(filters, NAMES)));
      for (const one of [table, csv, json]) show(one, body.children.length);
      if (left) scrollTo(0, left.top);
      left = null;
    },
    failed(text) {
      // Rows of another question would look like the answer to this one.
      if (!cursor) body.replaceChildren();
      fill(note, text);
    },
  });

  /** Puts the runs that were stored since on top: whoever reads or pages on keeps the place. */
  async function renew() {
    const asked = JSON.stringify(filters);
    const page = await get("/api/runs", { ...parameters(), limit: PAGE }).catch(() => null);
    if (!page || asked !== JSON.stringify(filters) || table.ariaBusy) return;
    const shown = new Set([...body.children].map((row) => row.dataset.run));
    const fresh = page.runs.filter((run) => !shown.has(run.id));
    // Others may lie between those and the ones on display.
    if (fresh.length === PAGE) return load();
    body.prepend(...fresh.map(runRow));
    if (!body.children.length) return;
    fill(note);
    for (const one of [table, csv, json]) show(one, true);
  }

  function ask() {
    cursor = null;
    left = null;
    show(more, false);
    writeFilters(filters);
    load();
  }

  body.addEventListener("click", (event) => {
    history.replaceState({ left: { rows: body.children.length, top: scrollY } }, "");
    // A click anywhere in a row opens its run, unless it ended a selection of text.
    if (!event.target.closest("a") && getSelection().isCollapsed) event.target.closest("tr").querySelector(".row-link").click();
  });
  whenStored(table, renew);
  load();
  return h(
    "main",
    { id: "main", tabIndex: -1, class: "history-page" },
    h("header", { class: "page-head" }, h("h1", {}, t("nav.runs")), h("span", { class: "spacer" }), csv, json),
    filterBar({ serial_number: "text", part_number: "text", sequence: "text", stand: "text", ...SLOT_FIELD, status: "status", span: "span" }, filters, ask),
    table,
    note,
    h("div", { class: "page-foot" }, more),
  );
}

function runRow(run) {
  const href = `/runs/${encodeURIComponent(run.id)}${window.location.search}`;
  const flags = [["partial", "run.partial_note"], ["simulated", "run.simulated"], ["aborted", "run.aborted"]].filter(([name]) => run[name]);
  const ended = t(`status.${outcome(run)}`);
  return h(
    "tr",
    { class: `is-${run.status}`, data: { run: run.id } },
    h("td", { class: "col-status" }, h("a", { href, class: `chip is-${run.status}`, tabIndex: -1 }, icon(run.status), ended)),
    h("td", { class: "col-start_time number" }, h("a", { href, class: "row-link", aria: { label: [moment(run.start_time), run.serial_number, ended].filter(Boolean).join(", ") } }, moment(run.start_time))),
    h("td", { class: "col-serial_number strong number" }, token(run.serial_number || "—")),
    h("td", { class: "col-part_number" }, token(run.part_number || "—")),
    h("td", { class: "col-sequence" }, run.sequence, run.sequence_version ? h("span", { class: "muted" }, ` ${run.sequence_version}`) : null, flags.map(([name, note]) => [" ", h("span", { class: "tag", title: t(note) }, t(`run.${name}_short`))]), " ", noteTag(run)),
    h("td", { class: "col-cause" }, token(run.caused_dut_failure_id || ""), run.error_code === null ? null : [" ", h("span", { class: "tag" }, t("failure.code", { code: run.error_code }))]),
    h("td", { class: "col-duration number" }, run.stop_time ? duration(run.stop_time - run.start_time, { fine: true }) : "—"),
    h("td", { class: "col-stand" }, run.stand || ""),
    HAS_SLOTS ? h("td", { class: "col-slot" }, slotTitle(run.slot) ?? "") : null,
    h("td", { class: "col-user" }, run.user || ""),
  );
}
