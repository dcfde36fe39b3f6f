// Who did what that is not every operator's to do: page by page, newest first. For engineers and managers.

import { address, get } from "./api.js";
import { fill, h, icon, show, token } from "./dom.js";
import { filterBar, isFiltered, readFilters, timeParameters, writeFilters } from "./filters.js";
import { question } from "./question.js";
import { hasText, moment, t } from "./text.js";

/** What is logged, as the log calls it; each has a text. */
const ACTIONS = ["start", "sync", "add_note", "rebuild_figures", "acknowledge_alarm", "open_instrument", "close_instrument", "call_instrument", "watch_instrument", "users add", "users change", "users remove"];
const FILTERS = ["user", "action"];
const COLUMNS = ["time", "user", "action", "details", "why", "outcome", "source"];
/** What is the id of a run, and leads there. */
const RUN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function logPage() {
  const filters = readFilters(FILTERS);
  const body = h("tbody", {});
  const note = h("div", { class: "empty muted", role: "status" });
  const damage = h("p", { class: "field-problem", hidden: true });
  const more = h("button", { type: "button", class: "button", hidden: true, onclick: () => load(true) }, t("history.more"));
  const csv = h("a", { class: "button small", download: "log.csv" }, icon("download"), "CSV");
  const json = h("a", { class: "button small", download: "log.json" }, icon("download"), "JSON");
  const head = h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col", class: `col-${name}` }, t(`log.${name}`))));
  const table = h("div", { class: "table-scroll card" }, h("table", { class: "table log" }, h("thead", {}, head), body));
  let cursor = null;

  const load = question(table, {
    ask(signal, next = false) {
      const meant = { user: filters.user, action: filters.action, ...timeParameters(filters) };
      csv.href = address("/api/log", { ...meant, format: "csv" });
      json.href = address("/api/log", { ...meant, format: "json" });
      return get("/api/log", { ...meant, cursor: next ? cursor : null }, signal);
    },
    answered(page, next = false) {
      if (!next) body.replaceChildren();
      body.append(...page.actions.map(row));
      cursor = page.next;
      show(more, cursor);
      fill(note, body.children.length ? null : t(isFiltered(filters, FILTERS) ? "log.no_match" : "log.empty"));
      for (const one of [table, csv, json]) show(one, body.children.length);
      show(damage, page.damaged);
      fill(damage, t("log.damaged", { count: page.damaged }));
    },
    failed(text) {
      if (!cursor) body.replaceChildren();
      for (const one of [table, csv, json]) show(one, body.children.length);
      fill(note, text);
    },
  });

  function ask() {
    cursor = null;
    show(more, false);
    writeFilters(filters);
    load();
  }

  load();
  return h(
    "main",
    { id: "main", tabIndex: -1, class: "history-page" },
    h("header", { class: "page-head" }, h("h1", {}, t("nav.log")), h("span", { class: "spacer" }), csv, json),
    filterBar({ user: "text", action: actionChoice, span: "span" }, filters, ask),
    damage,
    table,
    note,
    h("div", { class: "page-foot" }, more),
  );
}

/** What an action is called. */
function actionText(action) {
  const name = `action.${action.replaceAll(" ", "_")}`;
  return hasText(name) ? t(name) : action;
}

/** The choices of the filter by action. */
function actionChoice() {
  return ACTIONS.map((action) => [action, actionText(action)]);
}

function row(entry) {
  return h(
    "tr",
    {},
    h("td", { class: "col-time number" }, moment(entry.time)),
    h("td", { class: "col-user" }, h("span", { class: "strong" }, entry.user || "—"), entry.role ? [" ", h("span", { class: "muted" }, hasText(`role.${entry.role}`) ? t(`role.${entry.role}`) : entry.role)] : null),
    h("td", { class: "col-action" }, actionText(entry.action)),
    h("td", { class: "col-details" }, Object.entries(entry.details).map(([key, value]) => h("div", {}, h("span", { class: "muted" }, `${key}: `), shown(value)))),
    h("td", { class: "col-why pre" }, entry.why || ""),
    h("td", { class: "col-outcome" }, h("span", { class: entry.outcome === "done" ? "tag" : "tag is-bad" }, t(`logged.${entry.outcome}`)), entry.result ? [" ", shown(entry.result)] : null),
    h("td", { class: "col-source muted" }, [entry.source, entry.stand].filter(Boolean).join(" · ")),
  );
}

function shown(value) {
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "string") return JSON.stringify(value);
  return RUN.test(value) ? h("a", { href: `/runs/${value}`, class: "place" }, token(value)) : value;
}
