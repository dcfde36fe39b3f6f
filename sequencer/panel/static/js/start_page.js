// The runs that were started together, one for each slot: their verdicts, a time axis of what each did, what they waited for.

import { get } from "./api.js";
import { BAD_STATUSES } from "./constants.js";
import { fill, h, icon, token } from "./dom.js";
import { question } from "./question.js";
import { slotLine } from "./slot_line.js";
import { caseAddress } from "./stored_cases.js";
import { whenStored } from "./stored.js";
import { duration, moment, percent, t } from "./text.js";
import { timeline } from "./timeline.js";
import { entitle } from "./title.js";

/** Cases of one slot that are named; the run's page has all. */
const NAMED = 3;

/** The page of the start whose id stands in the address as `id`. */
export function startPage(id) {
  const page = h("main", { id: "main", tabIndex: -1, class: "history-page start-page" });
  let seen = "";
  const load = question(page, {
    ask: (signal) => get(`/api/starts/${id}`, {}, signal),
    answered(start) {
      const found = JSON.stringify(start);
      if (found !== seen) show(page, start);
      seen = found;
    },
    failed(text) {
      seen = "";
      fill(page, back(), h("h1", { class: "empty muted" }, text));
    },
  });
  whenStored(page, load);
  load();
  return page;
}

function back() {
  return h("a", { href: "/runs", class: "back-link" }, icon("back"), t("nav.runs"));
}

function show(page, start) {
  entitle(page, `${t("starts.title")} · ${start.sequence}`);
  fill(
    page,
    h("header", { class: "page-head" }, back()),
    h(
      "div",
      { class: "start-head" },
      h("h1", {}, start.sequence),
      h("p", { class: "muted" }, t("starts.title"), " · ", h("span", { class: "number" }, `${moment(start.begin)} · ${duration(start.seconds, { fine: true })}`), " · ", token(start.id)),
      start.missing.length ? h("p", { class: "field-problem" }, t("starts.missing", { slots: start.missing.join(", ") })) : null,
    ),
    h("ul", { class: "start-slots", aria: { label: t("slots.list") } }, start.rows.map(slotCard)),
    timeline(start),
    waits(start),
  );
}

export function runAddress(row) {
  return `/runs/${encodeURIComponent(row.run)}`;
}

function slotCard(row) {
  const status = t(`verdict.${row.outcome}`);
  const bad = new Map(row.cases.filter((one) => BAD_STATUSES.includes(one.status)).map((one) => [one.name, one.title]));
  const failed = [...bad].slice(0, NAMED).map(([name, title]) => h("li", {}, h("a", { href: runAddress(row) + caseAddress(name) }, title)));
  return h(
    "li",
    { class: "card start-slot" },
    slotLine({ name: row.slot, number: row.number }),
    h("span", { class: `chip is-${looks(row.outcome)}` }, icon(looks(row.outcome)), status),
    h("a", { href: runAddress(row), class: "strong start-serial" }, token(row.serial_number || row.run)),
    h("span", { class: "number muted" }, duration(row.end - row.begin, { fine: true })),
    failed.length ? h("ul", { class: "start-failed" }, failed, bad.size > NAMED ? h("li", { class: "muted" }, t("report.missed_more", { count: bad.size - NAMED })) : null) : null,
  );
}

/** Which icon and colour an outcome has. */
function looks(outcome) {
  return ["nothing_tested", "incomplete"].includes(outcome) ? "skipped" : outcome;
}

/** What was waited for, the longest first. */
function waits(start) {
  const head = ["what", "times", "all", "share", "longest", "saves"].map((name) => h("th", { scope: "col" }, t(`waits.${name}`)));
  const body = start.waiting.map((one) => {
    const longest = Math.max(...one.by_slot);
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("code", {}, one.kind), " ", one.names.join(", ")),
      h("td", { class: "number" }, one.times),
      h("td", { class: "number" }, duration(one.seconds, { fine: true })),
      h("td", { class: "number" }, percent(one.share)),
      h("td", {}, start.rows[one.by_slot.indexOf(longest)].slot, ", ", h("span", { class: "number" }, duration(longest, { fine: true }))),
      h("td", { class: "number" }, one.kind === "sync" ? "—" : duration(one.saved, { fine: true })),
    );
  });
  return h(
    "section",
    { class: "card start-waits" },
    h("h2", {}, t("waits.title")),
    body.length
      ? h("div", { class: "table-scroll", tabIndex: 0, role: "region", aria: { label: t("waits.title") } }, h("table", { class: "table" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body)))
      : h("p", { class: "muted" }, t("waits.none")),
  );
}
