// Everything that one attempt of a case recorded: shared by the live page and the history.

import { withCopy } from "./copy.js";
import { add, h, icon } from "./dom.js";
import { measurementTable } from "./measurement.js";
import { reasonText } from "./reason.js";
import { clock, duration, fixed, t, value } from "./text.js";

/**
 * The attempts of a case, with `chart(attempt, index, entry)` making each chart and `link(attachment)` its address. The last
 * attempt is in sight, or that of `view.attempt`, an index, which keeps what was chosen.
 */
export function caseDetails(one, chart, { link = null, view = { attempt: null } } = {}) {
  const root = h("div", { class: "details-body" });
  const bodies = h("div", {});
  const last = one.attempts.length - 1;
  const choose = (index) => {
    view.attempt = index === last ? null : index;
    for (const [at, button] of [...tabs.children].entries()) button.setAttribute("aria-pressed", String(at === index));
    bodies.replaceChildren(attemptDetails(one.attempts[index], chart, link));
  };
  const tabs = h(
    "div",
    { class: "segmented", role: "group", aria: { label: t("case.attempts") } },
    one.attempts.map((attempt, index) =>
      h("button", { type: "button", onclick: () => choose(index) }, icon(attempt.status, t(`status.${attempt.status}`)), " ", t("case.attempt", { number: attempt.number })),
    ),
  );
  if (one.description) root.append(h("p", { class: "muted pre" }, one.description));
  if (one.attempts.length > 1) root.append(tabs);
  if (one.attempts.length) choose(view.attempt ?? last);
  root.append(bodies, facts(one));
  return root;
}

function facts(one) {
  const known = [
    [t("case.place"), one.place ? place(one.place) : "—"],
    one.reason ? [t("case.reason"), reasonText(one.coded_reason, one.reason)] : null,
    one.tags?.length ? [t("case.tags"), one.tags.join(", ")] : null,
    one.critical ? [t("case.critical"), t("value.true")] : null,
    one.start_time ? [t("case.started"), clock(one.start_time)] : null,
    one.stop_time ? [t("case.duration"), duration(one.stop_time - one.start_time, { fine: true })] : null,
  ].filter(Boolean);
  return h("dl", { class: "facts" }, known.map(([name, what]) => h("div", {}, h("dt", {}, name), h("dd", {}, what))));
}

function attemptDetails(attempt, chart, link) {
  const root = h("div", { class: "attempt" });
  add(root, [
    attempt.failures.map(failure),
    attempt.measurements.length ? measurementTable(attempt.measurements) : null,
    attempt.omitted?.measurements ? h("p", { class: "muted" }, t("case.more", { count: attempt.omitted.measurements })) : null,
    attempt.charts.map((entry, index) => chart(attempt, index, entry)),
    section("case.messages", Object.values(attempt.messages), (text) => h("p", { class: "pre" }, text)),
    attempt.omitted?.messages ? h("p", { class: "muted" }, t("case.more", { count: attempt.omitted.messages })) : null,
    section("case.log", attempt.log, logLine),
    section("case.checks", attempt.checks, check),
    section("case.tries", attempt.tries, (of) => h("p", { class: "pre" }, h("strong", {}, `${of.step} · ${of.number}`), ` ${reasonText(of.coded_reason, of.message)}`)),
    section("case.dialogs", attempt.dialogs, dialog),
    section("case.programs", attempt.programs, program),
    section("case.attachments", attempt.attachments, (entry) => attachment(entry, link)),
    artifactSection(attempt.artifact),
  ]);
  return root;
}

/** What a sequence recorded as artifact of a case or module, `null` when nothing. */
export function artifactSection(artifact) {
  if (!Object.keys(artifact || {}).length) return null;
  return section("case.artifact", [artifact], (of) => h("pre", { class: "output" }, JSON.stringify(of, null, 2)));
}

function section(title, entries, make) {
  if (!entries?.length) return null;
  return h("section", { class: "detail-section" }, h("h3", {}, t(title)), entries.map(make));
}

/** What failed after the run and was not tried again since then. */
export function standing(run) {
  return (run.after_run || []).filter((of) => of.retried === undefined);
}

/** What failed once the verdict was known: it says nothing about the product, and is still to be done. */
export function notDone(of) {
  return h("div", { class: "not-done" }, h("p", { class: "result-reason" }, t("after.failed", { number: of.number })), failure(of));
}

/** A failure: what, where, its code; a driver's traceback folded away. */
export function failure(of) {
  return h(
    "div",
    { class: `failure is-${of.kind === "failed" || of.kind === "timeout" ? "failed" : of.kind}` },
    icon(of.kind === "timeout" ? "failed" : of.kind, t(`failure.${of.kind}`)),
    h(
      "div",
      {},
      h("p", { class: "failure-message pre" }, reasonText(of.coded_reason, of.message)),
      h(
        "p",
        { class: "failure-where" },
        of.place ? place(of.place) : null,
        of.call ? [" ", h("code", {}, of.call)] : null,
        of.error_code === null || of.error_code === undefined ? null : [" ", h("span", { class: "tag" }, t("failure.code", { code: of.error_code }))],
      ),
      of.traceback ? h("details", {}, h("summary", {}, t("failure.traceback")), h("pre", { class: "output" }, of.traceback)) : null,
    ),
  );
}

/** Where something stands in the sequence; an editor opens it. */
function place(of) {
  return withCopy(h("code", { class: "place" }, of), of, t("case.place"));
}

function check(of) {
  return h(
    "p",
    { class: `check is-${of.result ? "passed" : "failed"}` },
    icon(of.result ? "passed" : "failed", t(of.result ? "result.passed" : "result.failed")),
    " ",
    h("code", {}, of.expression),
    " ",
    h("code", { class: "place" }, of.place),
  );
}

/** A line of the log: when, how much it matters where that is not the usual, who wrote it, and what. */
function logLine(of) {
  return h(
    "p",
    { class: `log-line pre is-${of.level}` },
    h("time", { class: "muted" }, clock(of.time)),
    of.level === "info" ? null : [" ", h("strong", {}, t(`log.level.${of.level}`))],
    of.source ? [" ", h("code", {}, of.source)] : null,
    ` ${of.text}`,
  );
}

function dialog(of) {
  const said = of.result === null ? t("dialog.waiting") : t(`dialog.result.${of.result}`);
  const answer = of.value === null || of.value === undefined ? null : answerText(of.value);
  return h(
    "p",
    { class: "asked" },
    icon("question"),
    " ",
    h("strong", {}, of.dialog.title || of.dialog.text || t("dialog.title")),
    ": ",
    said,
    answer ? [" – ", h("strong", {}, answer)] : null,
    of.by ? h("span", { class: "muted" }, ` · ${of.by}`) : null,
    of.seconds === null ? null : h("span", { class: "muted" }, ` · ${duration(of.seconds, { fine: true })}`),
  );
}

function answerText(of) {
  if (of !== null && typeof of === "object" && !Array.isArray(of)) {
    return Object.entries(of).map(([name, one]) => `${name}: ${value(one)}`).join(", ");
  }
  return value(of);
}

function program(of) {
  const ended = of.exit_code === null ? t("program.killed") : t("program.exit", { code: of.exit_code });
  return h(
    "details",
    { class: "program" },
    h("summary", {}, h("code", {}, of.command.join(" ")), " ", h("span", { class: "muted" }, `${ended} · ${duration(of.seconds, { fine: true })}`)),
    h("pre", { class: "output" }, of.output || "—"),
  );
}

function attachment(of, link) {
  return h("p", {}, attachmentLink(of, link ? link(of) : null));
}

/** An attached file with its size, to be saved from `href` where there is one. */
export function attachmentLink(of, href) {
  const size = of.size >= 1e6 ? `${fixed(of.size / 1e6, 1)} MB` : of.size >= 1e3 ? `${fixed(of.size / 1e3, 1)} kB` : `${of.size} B`;
  const text = [icon("file"), " ", of.name, " ", h("span", { class: "muted" }, size)];
  return href ? h("a", { href, download: of.name }, text) : h("span", {}, text);
}
