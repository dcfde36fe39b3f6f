// What the window is called, and the picture beside it: each page has its own title, the verdict of now is the live page's.

import { isFinal, isKnown, on, outcome, state } from "./state.js";
import { onLanguage, t } from "./text.js";

const MARKS = new URL("../marks/", import.meta.url);
const PLAIN = new URL("../favicon.svg", import.meta.url);
let shown = { path: "/", page: null };

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
  const live = shown.path === "/";
  const { run } = state;
  const stand = state.session.title || run?.sequence.name || "hardseq";
  const own = live ? verdict(run) : document.getElementById("main")?.dataset.title;
  const title = own && !live ? own : [own, shown.page && !live ? t(`nav.${shown.page}`) : null, stand].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
  renderMark(live, run);
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

for (const kind of ["run", "begin", "session", "snapshot", "connection"]) on(kind, retitle);
onLanguage(retitle);
