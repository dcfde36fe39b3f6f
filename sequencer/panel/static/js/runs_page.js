// All stored runs: found by a part of a text, sorted by a column, page by page, with their totals.

import { address, get } from "./api.js";
import { choiceBar } from "./choice_bar.js";
import { addressOf, isNarrowed, parametersOf, readChoice, timeOf, valueText } from "./figure_choice.js";
import { buildingNote } from "./figure_page.js";
import { fill, h, icon, show, token } from "./dom.js";
import { moreRow } from "./more.js";
import { noRuns } from "./no_runs.js";
import { noteTag } from "./notes.js";
import { question } from "./question.js";
import { keepRowKeys } from "./row_keys.js";
import { columnsButton, readColumns } from "./run_columns.js";
import { FINAL_STATUSES } from "./constants.js";
import { RUN_FILTERS, readRunFilters, runFilterFields } from "./run_filters.js";
import { isNewestFirst, readOrder } from "./run_order.js";
import { outcome } from "./state.js";
import { whenStored } from "./stored.js";
import { amount, duration, moment, t } from "./text.js";
import { unitLink } from "./unit_link.js";

/** By what the panel sorts a column. */
const SORTS = { cause: "case", duration: "seconds", user: "operator" };
/** What files call a column, and what stands in it besides. */
const IN_FILES = { cause: "caused_dut_failure_id", duration: "seconds", user: "operator", sequence: ["sequence", "disposition", "comments"] };
const FILES = { CSV: "csv", JSON: "json", XLSX: "xlsx", Parquet: "parquet" };
const PAGE = 50;
const MOST = 500;

export function runsPage() {
  const choice = readChoice();
  const filters = readRunFilters();
  const order = readOrder();
  let columns = readColumns();
  const body = h("tbody", {});
  keepRowKeys(body, "tr", "a:not(.chip)");
  const head = h("tr", {});
  const totals = h("p", { class: "run-totals", role: "status" });
  const note = h("div", { class: "empty muted", role: "status" });
  const more = h("button", { type: "button", class: "button", hidden: true, onclick: () => load(true) }, t("history.more"));
  const links = Object.entries(FILES).map(([name, format]) => h("a", { class: "button small", download: `runs.${format}`, data: { format } }, icon("download"), name));
  const table = h("div", { class: "table-scroll card" }, h("table", { class: "table runs" }, h("thead", {}, head), body));
  const building = buildingNote(() => load());
  // Whoever comes back to the list finds it as it was left.
  let left = history.state?.left;
  let cursor = null;
  let rows = [];

  const parameters = () => ({ ...parametersOf(choice, timeOf(choice)), ...filters, ...order });
  const isFiltered = () => isNarrowed(choice) || RUN_FILTERS.some((name) => filters[name]) || choice.since !== "all";

  const load = question(table, {
    ask(signal, next = false) {
      const chosen = columns.isUsual ? [] : columns.names.flatMap((name) => IN_FILES[name] ?? name);
      for (const link of links) link.href = address("/api/figures/runs", { ...parameters(), format: link.dataset.format, columns: chosen });
      const limit = Math.min(MOST, Math.max(PAGE, left?.rows ?? 0));
      return get("/api/figures/runs", { ...parameters(), cursor: next ? cursor : null, limit }, signal);
    },
    answered(page, next = false) {
      rows = next ? [...rows, ...page.rows] : page.rows;
      cursor = page.next;
      draw(next ? page.rows : null);
      if (page.totals) told(page);
      if (left) scrollTo(0, left.top);
      left = null;
    },
    failed(text) {
      // Rows of another question would look like the answer to this one.
      if (!cursor) draw((rows = []));
      fill(totals);
      fill(note, text);
    },
  });

  /** The rows, or those that are new after them. */
  function draw(added = null) {
    if (!added) body.replaceChildren();
    body.append(...(added ?? rows).map((run) => runRow(run, columns)));
    show(more, cursor);
    fill(note);
    for (const one of [table, ...links]) show(one, rows.length);
  }

  function told({ totals: of, left_out, changed, ...lacking }) {
    const verdicts = FINAL_STATUSES.filter((status) => of[status]).map((status) => h("span", { class: `run-total is-${status}` }, icon(status), `${amount(of[status])} ${t(`status.${status}`)}`));
    const unreadable = left_out ? h("span", {}, t("runs.unreadable", { runs: amount(left_out) })) : null;
    fill(totals, of.runs ? [h("strong", {}, t("runs.total", { runs: amount(of.runs) })), h("span", {}, t("runs.units", { units: amount(of.units) })), verdicts, unreadable, changed ? h("strong", { class: "is-changed" }, icon("warning"), " ", t("figures.changed", { runs: amount(changed) })) : null] : null);
    building.follow(lacking);
    if (!of.runs) fill(note, noRuns(isFiltered() || lacking.left));
  }

  /** Puts the runs that were stored since on top: whoever reads or pages on keeps the place. */
  async function renew() {
    const asked = JSON.stringify(parameters());
    const page = await get("/api/figures/runs", { ...parameters(), limit: PAGE }).catch(() => null);
    if (!page || asked !== JSON.stringify(parameters()) || table.ariaBusy) return;
    told(page);
    if (!isNewestFirst(order)) return;
    const shown = new Set(rows.map((run) => run.id));
    const fresh = page.rows.filter((run) => !shown.has(run.id));
    // Others may lie between those and the ones on display.
    if (fresh.length === PAGE) return load();
    rows = [...fresh, ...rows];
    body.prepend(...fresh.map((run) => runRow(run, columns)));
    if (rows.length) fill(note);
    for (const one of [table, ...links]) show(one, rows.length);
  }

  /** Asks anew, and says in the address what is asked; the choice of runs says itself there. */
  function ask() {
    cursor = null;
    left = null;
    show(more, false);
    const said = isNewestFirst(order) ? {} : order;
    history.replaceState(null, "", addressOf(window.location.pathname, choice, { ...filters, ...said, columns: columns.isUsual ? "" : columns.names.join() }));
    load();
  }

  function renderHead() {
    fill(head, columns.names.map((name) => heading(name, order, sortBy)));
  }

  function sortBy(name) {
    const sort = SORTS[name] ?? name;
    const turned = order.order === "ascending" ? "descending" : "ascending";
    order.order = order.sort === sort ? turned : sort === "start_time" ? "descending" : "ascending";
    order.sort = sort;
    renderHead();
    head.querySelector(`.col-${name} button`).focus();
    ask();
  }

  function choose(chosen) {
    columns = chosen;
    renderHead();
    draw();
    ask();
  }

  body.addEventListener("click", (event) => {
    history.replaceState({ left: { rows: body.children.length, top: scrollY } }, "");
    // A click anywhere in a row opens its run, unless it ended a selection of text.
    if (!event.target.closest("a") && getSelection().isCollapsed) event.target.closest("tr").querySelector(".row-link").click();
  });
  const bar = choiceBar(choice, { splits: false, changed: ask });
  bar.prepend(...runFilterFields(filters, ask));
  renderHead();
  whenStored(table, renew);
  load();
  return h(
    "main",
    { id: "main", tabIndex: -1, class: "history-page figures-page" },
    h("header", { class: "page-head" }, h("h1", {}, t("nav.runs")), h("span", { class: "spacer" }), columnsButton(() => columns, choose), moreRow(...links)),
    bar,
    building.element,
    totals,
    table,
    note,
    h("div", { class: "page-foot" }, more),
  );
}

function heading(name, order, sortBy) {
  const sorted = order.sort === (SORTS[name] ?? name);
  const mark = sorted ? h("span", { class: `sort-mark is-${order.order}` }, icon("down")) : null;
  return h("th", { scope: "col", class: `col-${name}`, aria: { sort: sorted ? order.order : "none" } }, h("button", { type: "button", class: "sort-button", onclick: () => sortBy(name) }, t(`history.${name}`), mark));
}

function runRow(run, columns) {
  return h("tr", { class: `is-${run.status}`, data: { run: run.id } }, columns.names.map((name) => h("td", { class: CLASSES[name] ?? `col-${name}` }, CELLS[name](run, columns))));
}

const CLASSES = { start_time: "col-start_time number", serial_number: "col-serial_number strong number", duration: "col-duration number", error_code: "col-error_code number" };

const CELLS = {
  status: (run) => h("a", { href: hrefOf(run), class: `chip is-${run.status}`, tabIndex: -1 }, icon(run.status), t(`status.${outcome(run)}`)),
  start_time: (run) => h("a", { href: hrefOf(run), class: "row-link", aria: { label: [moment(run.start_time), run.serial_number, t(`status.${outcome(run)}`)].filter(Boolean).join(", ") } }, moment(run.start_time)),
  serial_number: (run) => (run.serial_number ? unitLink(run.serial_number) : "—"),
  part_number: (run) => token(run.part_number || "—"),
  batch: (run) => token(run.batch || ""),
  sequence(run) {
    const flags = [["partial", "run.partial_note"], ["simulated", "run.simulated"], ["aborted", "run.aborted"], ["changed", "reason.not_as_stored"]].filter(([name]) => run[name]);
    const tags = [...flags.map(([name, words]) => [name, t(words)]), ...(run.imported ? [["imported", `${t("fact.imported")} ${run.imported}`]] : [])];
    return [run.sequence, run.version ? h("span", { class: "muted" }, ` ${run.version}`) : null, tags.map(([name, words]) => [" ", h("span", { class: "tag", title: words }, t(`run.${name}_short`))]), " ", noteTag(run)];
  },
  version: (run) => token(run.version || ""),
  cause: (run, columns) => [token(run.caused_dut_failure_id || ""), run.error_code === null || columns.names.includes("error_code") ? null : [" ", h("span", { class: "tag" }, t("failure.code", { code: run.error_code }))]],
  error_code: (run) => (run.error_code === null ? "" : String(run.error_code)),
  duration: (run) => (run.seconds === null ? "—" : duration(run.seconds, { fine: true })),
  stand: (run) => run.stand || "",
  slot: (run) => (run.slot ? valueText("slot", run.slot) : ""),
  user: (run) => run.operator || "",
};

function hrefOf(run) {
  return `/runs/${encodeURIComponent(run.id)}${window.location.search}`;
}
