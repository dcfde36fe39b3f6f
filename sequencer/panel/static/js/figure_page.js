// What all pages of figures have in common: the choice of runs, what the figures rest on, how far they are, and why there are none.

import { get } from "./api.js";
import { choiceBar } from "./choice_bar.js";
import { addressOf, isNarrowed, readChoice, timeOf } from "./figure_choice.js";
import { fill, h, icon, show } from "./dom.js";
import { noneYet } from "./no_runs.js";
import { reasonText } from "./reason.js";
import { question } from "./question.js";
import { whenStored } from "./stored.js";
import { amount, t } from "./text.js";

/** Milliseconds between two looks at an index that is being built. */
const PAUSE = 2000;

/**
 * A page of figures.
 *
 * - `title`, and `files(choice, time)`: the address of what is shown, which also answers as a file (`format=csv`).
 * - `ask(choice, time, signal)`: asks the panel, and comes back with a list of answers, the first of which says what all rests on.
 *   Its `time` is that of `timeOf`.
 * - `shown(answers, choice, time)`: what to show, once there are runs.
 * - `splits`, `spans`: whether these can be chosen.
 */
export function figurePage({ title, files, splits = true, spans = false, ask, shown }) {
  const choice = readChoice();
  const body = h("div", { class: "figures-body" });
  const basis = h("p", { class: "figures-basis muted", role: "status" });
  const building = buildingNote(() => load());
  const links = ["CSV", "JSON"].map((format) => h("a", { class: "button small", download: "", hidden: true }, icon("download"), format));

  const load = question(body, {
    ask: (signal) => ask(choice, timeOf(choice), signal),
    answered(answers) {
      const [{ runs, left_out, left, changed, problem, coded_reason: reason }] = answers;
      fill(basis, runs || left_out ? [t("figures.rests_on", { runs: amount(runs) }), left_out ? [" · ", t("figures.left_out", { runs: amount(left_out) })] : null, changed ? [" · ", h("strong", { class: "is-changed" }, icon("warning"), " ", t("figures.changed", { runs: amount(changed) }))] : null] : null);
      for (const link of links) {
        link.href = `${files(choice, timeOf(choice))}&format=${link.textContent.toLowerCase()}`;
        show(link, runs);
      }
      fill(body, runs ? shown(answers, choice, timeOf(choice)) : h("div", { class: "empty muted" }, nothing(choice, left)));
      building.follow({ left, problem, coded_reason: reason });
    },
    failed(text) {
      fill(basis);
      for (const link of links) show(link, false);
      fill(body, h("p", { class: "empty muted" }, text));
    },
  });

  whenStored(body, () => isRead(body) || load());
  load();
  return h("main", { id: "main", tabIndex: -1, class: "history-page figures-page" }, h("header", { class: "page-head" }, h("h1", {}, title), h("span", { class: "spacer" }), links), choiceBar(choice, { splits, spans, changed: load }), basis, building.element, body);
}

/** Shows what the figures lack, and calls `load` when they have it; `follow(lacking)` takes what an answer says of that. */
export function buildingNote(load) {
  const element = h("div", { class: "figures-building" });
  let later = 0;

  function follow(lacking) {
    clearTimeout(later);
    fill(element);
    if (!lacking.left && !lacking.problem) return;
    if (lacking.problem) fill(element, h("p", { class: "field-problem" }, t("figures.stale", { reason: reasonText(lacking.coded_reason, lacking.problem) })));
    const look = async () => {
      const found = await get("/api/figures/state").catch(() => null);
      if (!element.isConnected) return;
      if (found && !found.left && !found.problem) return load();
      if (found?.left) fill(element, h("p", {}, t("figures.building", { runs: amount(found.left) })), h("progress", { max: found.runs + found.left, value: found.runs, aria: { label: t("figures.progress") } }));
      later = setTimeout(look, PAUSE);
    };
    look();
  }

  return { element, follow };
}

/** Whether somebody is at something in `body`, which would not be there any more: the next run is soon enough. */
function isRead(body) {
  return body.contains(document.activeElement) || body.contains(document.fullscreenElement) || body.querySelector("details[open]") !== null;
}

function nothing(choice, left) {
  const element = h("div", {}, h("p", {}, t("figures.none_match")), h("p", {}, h("a", { href: addressOf(window.location.pathname, {}, { since: "all" }) }, t(isNarrowed(choice) ? "figures.show_all" : "figures.all_time"))));
  if (!left) {
    get("/api/figures/state").then(
      ({ runs }) => runs || fill(element, noneYet()),
      () => {},
    );
  }
  return element;
}

/** Goes to an address of the panel as a link does: for what is clicked in a chart. */
export function goTo(address) {
  const link = h("a", { href: address, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
}
