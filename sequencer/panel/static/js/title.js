// What the window is called, and the picture beside it: each page has its own title, the verdict of now is the live page's.

import { LIVE, slotName } from "./slot.js";
import { isFinal, isKnown, on, outcome, state, WORST_FIRST } from "./state.js";
import { onLanguage, t } from "./text.js";

const MARKS = new URL("../marks/", import.meta.url);
const PLAIN = new URL("../favicon.svg", import.meta.url);
let shown = { path: LIVE, page: null };

/** The page of this address is shown; `page` is what the menu calls it, null for one that is not in it. */
export function setPage(path, page) {
  shown = { path, page };
  retitle();
}

/** Gives `main`, the content of a page, a title of its own. */
export function entitle(main, title) {
  main.dataset.title = title;
  retitle();
}

function retitle() {
  const live = shown.path === LIVE;
  const { run } = state;
  const slot = live && state.session.slot ? slotName(state.session.slot) : null;
  const stand = state.session.title || run?.sequence.name || "hardseq";
  const own = live ? (state.slots ? verdicts() : verdict(run)) : document.getElementById("main")?.dataset.title;
  const title = own && !live ? own : [own, slot, shown.page && !live ? t(`nav.${shown.page}`) : null, stand].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
  renderMark(live, state.slots ? { id: "slots", status: worst() } : run);
}

/** What goes on, or the worst of what is on display: of the slots together. */
function worst() {
  const all = Object.values(state.slots).filter((slot) => slot.run && !slot.filled);
  return ["run", ...WORST_FIRST].find((status) => all.some((slot) => slot.status === status)) ?? "ready";
}

function verdicts() {
  if (!isKnown()) return t("verdict.offline");
  const status = worst();
  const count = Object.values(state.slots).filter((slot) => slot.status === status && slot.run && !slot.filled).length;
  if (status === "ready") return null;
  return status === "run" ? t("slots.count.run", { count }) : `${status === "passed" ? "✓" : "✕"} ${t(`slots.count.${status}`, { count })}`;
}

function verdict(run) {
  if (run && !isKnown()) return t("verdict.offline");
  if (run?.status === "run") return t("verdict.run");
  return run?.id && isFinal(run.status) ? `${run.status === "passed" ? "✓" : "✕"} ${t(`verdict.${outcome(run)}`)}` : null;
}

/** Beside the title stands that a run goes on, on every page; how it ended, on the live page. */
function renderMark(live, run) {
  const link = document.querySelector("link[rel=icon]");
  const marked = isKnown() && (run?.status === "run" || (live && run?.id && isFinal(run.status)));
  const { href } = marked ? new URL(`${run.status}.svg`, MARKS) : PLAIN;
  if (link && link.href !== href) link.href = href;
}

for (const kind of ["run", "begin", "session", "snapshot", "connection", "slots"]) on(kind, retitle);
onLanguage(retitle);
