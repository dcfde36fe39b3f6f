// What became of a unit: all runs of a serial number over stands and processes, what changed between them, its parts, files and notes.

import { address, get } from "./api.js";
import { withCopy } from "./copy.js";
import { attachmentLink } from "./details.js";
import { fill, h, icon, token, word } from "./dom.js";
import { valueText } from "./figure_choice.js";
import { buildingNote } from "./figure_page.js";
import { notesCard } from "./notes.js";
import { question } from "./question.js";
import { keepRowKeys } from "./row_keys.js";
import { outcome } from "./state.js";
import { whenStored } from "./stored.js";
import { duration, measured, moment, number, t } from "./text.js";
import { entitle } from "./title.js";
import { unitLink } from "./unit_link.js";

/** The page of the serial number in the address. */
export function unitPage() {
  const serial = new URLSearchParams(window.location.search).get("serial_number") ?? "";
  const page = h("main", { id: "main", tabIndex: -1, class: "history-page unit-page" });
  const building = buildingNote(() => load());
  keepRowKeys(page, ".unit-runs tbody tr", "a:not(.chip)");
  const load = question(page, {
    async ask(signal) {
      const about = { serial_number: serial };
      const [runs, units, additions] = await Promise.all([
        get("/api/figures/unit-history", about, signal),
        get("/api/figures/unit", about, signal),
        // The runs are there without the store, too.
        get("/api/unit/additions", about, signal).catch((error) => (error.name === "AbortError" ? Promise.reject(error) : null)),
      ]);
      return { runs: runs.rows, lacking: runs, units: units.rows, additions };
    },
    answered(found) {
      render(page, serial, found, building.element, load);
      building.follow(found.lacking);
    },
    failed: (text) => fill(page, back(), h("h1", { class: "empty muted" }, text)),
  });
  whenStored(page, load);
  load();
  return page;
}

function back() {
  return h("a", { href: "/runs", class: "back-link" }, icon("back"), t("nav.runs"));
}

function render(page, serial, { runs, units, additions }, building, load) {
  entitle(page, `${serial} · ${t("unit.title")}`);
  const { activeElement: typing } = document;
  const parts = (name) => units.flatMap((unit) => unit[name]);
  const numbers = [...new Set(runs.map((run) => run.part_number).filter(Boolean))];
  const latest = runs.findLast((run) => ["passed", "failed", "error"].includes(run.status) && !run.partial && !run.simulated);
  const head = h(
    "div",
    { class: "unit-head" },
    h("h1", {}, serial ? withCopy(token(serial), serial, t("fact.serial_number")) : t("unit.title")),
    h("p", { class: "muted" }, numbers.map((name, at) => [at ? ", " : "", token(name)])),
    latest ? h("p", { class: "unit-state" }, h("span", { class: `chip is-${latest.status}` }, icon(latest.status), t(`status.${latest.status}`)), " ", latest.sequence, additions?.disposition ? [" ", h("span", { class: "tag note-tag" }, t(`disposition.${additions.disposition}`))] : null) : null,
  );
  fill(
    page,
    h("header", { class: "page-head" }, back()),
    head,
    building,
    family(parts("built_into"), "unit.built_into"),
    family(parts("sub_units"), "unit.sub_units"),
    runs.length ? history(runs, serial) : h("p", { class: "empty muted" }, t("unit.none")),
    runs.length && additions ? notesCard({ id: runs.at(-1).id, notes: additions.notes }, load) : null,
    additions ? files(additions.attachments) : h("p", { class: "muted" }, t("history.away")),
  );
  // Whoever writes a comment goes on with it.
  if (typing.isConnected) typing.focus({ preventScroll: true });
}

/** The units that are parts of this one, or of which it is one. */
function family(units, title) {
  if (!units.length) return null;
  return h("section", { class: "card unit-family" }, h("h2", {}, t(title)), h("ul", {}, units.map((unit) => h("li", {}, unitLink(unit.serial_number), unit.part_number ? h("span", { class: "muted" }, " ", token(unit.part_number)) : null))));
}

/** The newest run first, each with what changed since the one before of its sequence. */
function history(runs, serial) {
  const heads = ["status", "start_time", "sequence", "stand", "slot", "user", "cause", "duration"];
  return h(
    "div",
    { class: "table-scroll card" },
    h(
      "table",
      { class: "table runs unit-runs" },
      h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col", class: `col-${name}` }, t(`history.${name}`))), h("th", { scope: "col" }, t("unit.changed")))),
      h("tbody", {}, runs.toReversed().map((run) => runRow(run, serial))),
    ),
  );
}

function runRow(run, serial) {
  const href = address(`/runs/${encodeURIComponent(run.id)}`, { serial_number: serial });
  const flags = ["partial", "simulated", "aborted", "changed", "imported"].filter((name) => run[name]);
  return h(
    "tr",
    { class: `is-${run.status}`, data: { run: run.id }, onclick: open },
    h("td", { class: "col-status" }, h("a", { href, class: `chip is-${run.status}`, tabIndex: -1 }, icon(run.status), t(`status.${outcome(run)}`))),
    h("td", { class: "col-start_time number" }, h("a", { href, class: "row-link" }, moment(run.start_time))),
    h("td", { class: "col-sequence" }, run.sequence, run.version ? h("span", { class: "muted" }, ` ${run.version}`) : null, flags.map((name) => [" ", h("span", { class: "tag" }, t(`run.${name}_short`))])),
    h("td", { class: "col-stand" }, run.stand || ""),
    h("td", { class: "col-slot" }, run.slot ? valueText("slot", run.slot) : ""),
    h("td", { class: "col-user" }, run.operator || ""),
    h("td", { class: "col-cause" }, token(run.caused_dut_failure_id || ""), run.error_code === null ? null : [" ", h("span", { class: "tag" }, t("failure.code", { code: run.error_code }))]),
    h("td", { class: "col-duration number" }, run.seconds === null ? "—" : duration(run.seconds, { fine: true })),
    h("td", { class: "unit-changes" }, run.changes.length ? h("ul", {}, run.changes.map(change)) : null),
  );
}

/** A click anywhere in a row opens its run, unless it ended a selection of text. */
function open(event) {
  if (event.target.closest("a") || !getSelection().isCollapsed) return;
  event.currentTarget.querySelector(".row-link").click();
}

function change(of) {
  const named = of.measurement ? [word(of.measurement), of.what === "limits" ? ` (${t("unit.limits")})` : ""] : t(`filter.${of.what}`);
  const said = (value) => (value === null ? "—" : of.measurement ? written(of, value) : of.what === "slot" ? valueText("slot", value) : value);
  return h("li", { class: of.crossed ? "is-crossed" : "" }, h("span", { class: "muted" }, named, ": "), said(of.before), h("span", { class: "for-readers" }, ` ${t("unit.becomes")} `), h("span", { aria: { hidden: "true" } }, " → "), h("strong", {}, said(of.after)));
}

function written(of, value) {
  return of.what === "limits" ? measured(value, of.unit) : measured(number(Number(value)), of.unit);
}

function files(attachments) {
  if (!attachments.length) return null;
  const link = (of) => attachmentLink(of, `/api/runs/${encodeURIComponent(of.run)}/attachments/${encodeURIComponent(of.sha256)}`);
  return h("section", { class: "card unit-files" }, h("h2", {}, t("case.attachments")), h("ul", {}, attachments.map((of) => h("li", {}, link(of), h("span", { class: "muted" }, ` ${of.case} · ${moment(of.start_time)}`)))));
}
