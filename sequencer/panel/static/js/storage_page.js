// Where reports go, what waits there and why; one button tries again.

import { get, post } from "./api.js";
import { fill, h, icon, setText, show, token } from "./dom.js";
import { may } from "./people.js";
import { question } from "./question.js";
import { reasonText } from "./reason.js";
import { on, state } from "./state.js";
import { moment, t } from "./text.js";
import { toast, toastError } from "./toast.js";
import { WhyField } from "./why_field.js";

/** Milliseconds between two looks. */
const LOOK = 5000;
/** Alerts about a report that is not where it belongs. */
const UNSAVED = ["store", "sync"];
let look = () => {};
on("session", (changed) => (changed.storage || changed.alerts || changed.factory) && look());

export function storagePage() {
  const body = h("div", { class: "storage-body" });
  const retry = h("button", { type: "button", class: "button primary", hidden: true, onclick: again }, icon("refresh"), h("span", {}));
  const why = new WhyField("storage.why");
  let seen = "";

  const load = question(body, {
    ask: (signal) => get("/api/outbox", {}, signal),
    answered(status) {
      // Where nothing is set up and nothing is unsaved there is nothing to try.
      const something = status.targets.length || status.problem || state.session.alerts?.some(({ code }) => UNSAVED.includes(code));
      show(retry, may("engineer") && something);
      why.ask(!retry.hidden);
      retry.disabled = status.sending;
      setText(retry.lastChild, t(status.sending ? "storage.sending" : "storage.retry"));
      render(JSON.stringify([status, state.session.factory]), () => shown(status));
    },
    failed: (text) => render(text, () => h("p", { class: "empty muted" }, text)),
  });

  /** Only what changed is drawn again: nobody loses a place in the table, nothing is read out twice. */
  function render(content, make) {
    if (content === seen) return;
    seen = content;
    fill(body, make());
  }

  async function again() {
    retry.disabled = true;
    try {
      await post("/api/sync", why.said ? { why: why.said } : {});
      why.element.value = "";
      toast(t("storage.trying"), "info", "page");
    } catch (error) {
      toastError(error, "page");
    }
    load();
  }

  look = () => body.isConnected && load();
  load();
  const timer = setInterval(() => (body.isConnected ? load() : clearInterval(timer)), LOOK);
  setText(retry.lastChild, t("storage.retry"));
  return h(
    "main",
    { id: "main", tabIndex: -1, class: "history-page" },
    h("header", { class: "page-head" }, h("h1", {}, t("nav.storage")), h("span", { class: "spacer" }), why.element, retry),
    body,
  );
}

function shown(status) {
  return [
    h("section", { class: "card storage-place" }, icon("storage"), h("div", {}, h("h2", {}, t("storage.place")), h("p", {}, h("code", {}, status.place || "—")), status.problem ? h("p", { class: "field-problem" }, reasonText(status.coded_reason, status.problem)) : null)),
    factory(state.session.factory),
    status.targets.length ? status.targets.map(target) : h("p", { class: "empty muted" }, t("storage.nothing")),
  ];
}

/** How runs are copied to the factory, where they are. */
function factory(copy) {
  if (!copy) return null;
  return h(
    "section",
    { class: "card storage-place storage-factory" },
    icon("storage"),
    h("div", {}, h("h2", {}, t("storage.factory")), h("p", {}, h("code", {}, copy.target)), h("p", { class: copy.problem ? "field-problem" : "muted" }, copy.problem ? reasonText(copy.coded_reason, copy.problem) : t("storage.copied"))),
  );
}

function target(of) {
  const figures = [
    ["storage.waiting", of.waiting],
    ["storage.blocked", of.blocked],
    ["storage.parked", of.parked],
    ["storage.delivered", of.delivered],
  ];
  const hidden = of.waiting + of.blocked + of.parked - of.entries.length;
  const hold = of.hold ? t(`hold.${of.hold.reason}`, { text: reasonText(of.hold.coded_reason, of.hold.text), seconds: Math.round(of.hold.seconds || 0) }) : null;
  return h(
    "section",
    { class: "card target" },
    h("h2", {}, t(`target.${of.target}`)),
    h("dl", { class: "figures" }, figures.map(([name, count]) => h("div", { class: count && name !== "storage.delivered" ? "is-some" : "" }, h("dt", {}, t(name)), h("dd", { class: "number" }, String(count))))),
    h("p", {}, t("storage.last"), ": ", h("span", { class: "number" }, of.last_delivery ? moment(of.last_delivery) : t("storage.never"))),
    [hold, reasonText(of.coded_reason, of.problem)].filter(Boolean).map((text) => h("p", { class: "field-problem" }, text)),
    of.entries.length
      ? h(
          "div",
          { class: "table-scroll" },
          h(
            "table",
            { class: "table" },
            h("thead", {}, h("tr", {}, ["state", "run", "queued", "attempts", "next_try", "answer"].map((name) => h("th", { scope: "col" }, t(`storage.${name}`))))),
            h(
              "tbody",
              {},
              of.entries.map((entry) =>
                h(
                  "tr",
                  {},
                  h("td", {}, t(`storage.${entry.state}`)),
                  h("td", {}, h("a", { href: `/runs/${encodeURIComponent(entry.run)}`, class: "place" }, token(entry.run))),
                  h("td", { class: "number" }, moment(entry.queued)),
                  h("td", { class: "number" }, String(entry.attempts)),
                  h("td", { class: "number" }, entry.next_try ? moment(entry.next_try) : "—"),
                  h("td", {}, [entry.status, reasonText(entry.coded_reason, entry.text)].filter(Boolean).join(" ")),
                ),
              ),
            ),
          ),
        )
      : null,
    hidden > 0 ? h("p", { class: "muted" }, t("storage.more", { count: hidden })) : null,
  );
}
