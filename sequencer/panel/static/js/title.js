// What the window is called, and the picture beside it: each page has its own title, the verdict of now is the live page's.

import { LIVE, slotName } from "./slot.js";
import { slotCounts } from "./slot_counts.js";
import { slotStatus } from "./slot_tile.js";
import { isBlocked, isFinal, isKnown, on, outcome, state, WORST_FIRST } from "./state.js";
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
  const own = live ? verdict() : document.getElementById("main")?.dataset.title;
  const title = own && !live ? own : [own, slot, shown.page && !live ? t(`nav.${shown.page}`) : null, stand].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
  renderMark(live, status());
}

/** What goes on, or how the run on display ended; of several slots the worst. */
function status() {
  const { run, session, slots } = state;
  if (slots) return ["run", "blocked", ...WORST_FIRST].find((one) => Object.values(slots).some((slot) => slotStatus(slot) === one)) ?? "ready";
  // A verdict of before does not stand over a stand that can test nothing.
  if (isBlocked(session)) return "blocked";
  return run?.status === "run" || run?.id ? run.status : "ready";
}

function verdict() {
  if (state.run && !isKnown()) return t("verdict.offline");
  const now = status();
  if (now === "ready") return null;
  const sign = now === "run" ? "" : now === "passed" ? "✓ " : "✕ ";
  if (!state.slots) return sign + t(`verdict.${now === "blocked" ? now : outcome(state.run)}`);
  return sign + slotCounts(Object.values(state.slots).map(slotStatus).filter((one) => one === now));
}

/** Beside the title stands that a run goes on, on every page; how it ended, on the live page. */
function renderMark(live, now) {
  const link = document.querySelector("link[rel=icon]");
  const marked = isKnown() && (now === "run" || (live && isFinal(now)));
  const { href } = marked ? new URL(`${now === "blocked" ? "error" : now}.svg`, MARKS) : PLAIN;
  if (link && link.href !== href) link.href = href;
}

for (const kind of ["run", "begin", "session", "snapshot", "connection", "slots"]) on(kind, retitle);
onLanguage(retitle);
