// Begins: language, connection, the bar at the top, the page that the address names.

import { repeatable, runAgain } from "./again.js";
import { h, setAria } from "./dom.js";
import { isAsking } from "./dialogs.js";
import { headerView, markPage } from "./header.js";
import { isPending, isRunning, start, startable } from "./hero.js";
import { livePage } from "./live_page.js";
import { FACTORY, isOfSame, kept, LIVE, OF_ALL, SLOT } from "./slot.js";
import { isTelling } from "./messages.js";
import { lostPage, missingPage } from "./missing_page.js";
import { closeResult, isShowingResult } from "./result.js";
import { watchScans } from "./scan.js";
import { focusForm, hasScanField, isOfForm, takesScans, undoing } from "./start_form.js";
import { on, state } from "./state.js";
import { connect } from "./stream.js";
import { loadLanguage, onLanguage } from "./text.js";
import { toastBox, withdraw } from "./toast.js";

/** Milliseconds: who pressed the space bar so shortly before the page knew the stand's state need not press again. */
const EARLY = 2000;
const KIOSK = "kiosk" in document.documentElement.dataset;
let early = 0;
let grid = null;
/** The address whose page is shown. */
let shown = null;
/** Whether that page could not be loaded. */
let lost = false;

const pages = [
  ...(FACTORY ? [] : [[new RegExp(`^${LIVE}$`), () => live]]),
  [/^\/stands$/, async () => (await import("./stands_page.js")).standsPage()],
  [/^\/runs$/, async () => (await import("./runs_page.js")).runsPage()],
  [/^\/runs\/([^/]+)$/, async (id) => (await import("./run_page.js")).runPage(id)],
  [/^\/units$/, async () => (await import("./unit_page.js")).unitPage()],
  [/^\/starts\/([^/]+)$/, async (id) => (await import("./start_page.js")).startPage(id)],
  [/^\/overview$/, async () => (await import("./overview_page.js")).overviewPage()],
  [/^\/failures$/, async () => (await import("./failures_page.js")).failuresPage()],
  [/^\/measurements$/, async () => (await import("./measurements_page.js")).measurementsPage()],
  [/^\/measurements\/one$/, async () => (await import("./measurement_page.js")).measurementPage()],
  [/^\/time$/, async () => (await import("./time_page.js")).timePage()],
  [/^\/storage$/, async () => (await import("./storage_page.js")).storagePage()],
  [/^\/instruments$/, async () => (await import("./instruments_page.js")).instrumentsPage()],
  [/^\/log$/, async () => (await import("./log_page.js")).logPage()],
];

// The space bar starts, but only where it means nothing else and nothing covers the page.
document.addEventListener("keydown", (event) => {
  if (event.code !== "Space" || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest?.("input, select, textarea, button, a, summary, dialog, [contenteditable], [popover]")) return;
  if (window.location.pathname !== LIVE || isAsking() || isTelling() || isShowingResult()) return;
  // Else the page would scroll.
  event.preventDefault();
  if (!state.run) early = Date.now();
  else if (grid) grid.startFilled();
  else if (startable() && !isRunning()) start();
});
// Control and Enter run again, from the form's fields and from the result too: no scanner types that.
addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || !event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (isAsking() || isTelling() || !(window.location.pathname === LIVE || isShowingResult())) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat || !repeatable()) return;
    closeResult();
    runAgain();
  },
  true,
);
on("snapshot", () => {
  if (grid) return;
  if (Date.now() - early < EARLY && startable() && !isRunning()) start();
  early = 0;
});

// Back to all slots, where nothing else takes the key: an empty field, which has the focus after each run, does not.
document.addEventListener("keydown", (event) => {
  if (SLOT === null || event.key !== "Escape" || event.defaultPrevented || window.location.pathname !== LIVE) return;
  const empty = event.target.matches?.("input") && event.target.value === "";
  if (!empty && event.target.closest?.("input, select, textarea")) return;
  if (event.target.closest?.("dialog, [popover]") || document.querySelector("dialog[open], :popover-open:not(.toasts)")) return;
  window.location.assign(kept("/"));
});

await loadLanguage();
// The page of all slots, where there are slots.
grid = OF_ALL ? await import("./grid_page.js") : null;
const live = FACTORY ? null : grid ? grid.gridPage() : livePage();
const outlet = h("div", { class: "outlet" });
/** Where alarms are; on most days there is none. */
const alarms = h("div", {});
document.getElementById("app").replaceChildren(headerView(), alarms, outlet, toastBox());
for (const kind of ["snapshot", "session"]) on(kind, showAlarms);
connect();
await route();

async function showAlarms() {
  if (alarms.firstChild || !state.session.alarms?.length) return;
  try {
    alarms.replaceChildren((await import("./alarms.js")).alarmsView());
  } catch {
    // Without connection there is no script: whatever is told next asks for it again.
  }
}

/** Shows the page of the present address. */
async function route({ focus = false } = {}) {
  const { pathname, search } = window.location;
  shown = pathname + search;
  for (const [pattern, open] of pages) {
    const match = pattern.exec(pathname);
    if (!match) continue;
    const page = await opened(() => open(...match.slice(1)));
    if (window.location.pathname !== pathname) return;
    outlet.replaceChildren(page);
    break;
  }
  if (!pages.some(([pattern]) => pattern.test(pathname))) outlet.replaceChildren(missingPage());
  withdraw("page");
  markPage(pathname);
  scrollTo(0, 0);
  if (pathname === LIVE) focusForm();
  else if (focus) document.getElementById("main")?.focus({ preventScroll: true });
}

/** What `open()` shows; while the panel is away that can be nothing of what this browser has not loaded yet. */
async function opened(open) {
  lost = false;
  try {
    return await open();
  } catch (error) {
    reportError(error);
    lost = true;
    return lostPage();
  }
}

on("connection", () => lost && state.connected && route());

/** Goes to an address of the panel without loading everything again. */
function go(address) {
  history.pushState(null, "", address);
  return route({ focus: true });
}

/** A page finds by itself what the last part of its address, behind `#`, names. */
addEventListener("popstate", () => {
  if (!isOfSame(window.location.pathname)) window.location.reload();
  else if (window.location.pathname + window.location.search !== shown) route();
});
onLanguage(() => {
  if (window.location.pathname !== LIVE) route();
});

/** Whether a link leads away from the live page where that is all there is; the login leads back. */
function isWayOut({ origin, pathname }) {
  return KIOSK && !(origin === window.location.origin && (["/", "/login", window.location.pathname].includes(pathname) || pathname.startsWith("/slots/")));
}

// The middle button opens a link, too.
document.addEventListener("auxclick", (event) => {
  const link = event.target.closest("a[href]");
  if (link && isWayOut(new URL(link.href, window.location.href))) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || ((event.button || event.metaKey || event.ctrlKey || event.shiftKey) && !KIOSK)) return;
  const target = new URL(link.href, window.location.href);
  if (isWayOut(target)) return event.preventDefault();
  const ours = target.origin === window.location.origin && isOfSame(target.pathname) && pages.some(([pattern]) => pattern.test(target.pathname));
  if (!ours || link.target || link.hasAttribute("download")) return;
  if (target.hash && target.pathname + target.search === window.location.pathname + window.location.search) return;
  event.preventDefault();
  if (target.href !== window.location.href) go(target.pathname + target.search + target.hash);
});

// The second half of a double click is for what the first half hit, not for what came to lie there in between.
let clicked = null;
document.addEventListener(
  "click",
  (event) => {
    if (event.detail < 2) clicked = event.target;
    else if (event.target !== clicked) {
      event.preventDefault();
      event.stopPropagation();
    }
  },
  true,
);

watchScans({
  isWanted: () => window.location.pathname === LIVE && hasScanField(),
  isOpen: () => takesScans() && (grid !== null || (!isPending() && !isRunning())),
  // A pass gives way to the next board; any other result stays until somebody has seen it.
  isCovered: () => document.querySelector("dialog[open]:not(.result.is-passed)") !== null,
  isOfForm,
  focus: () => {
    closeResult();
    focusForm({ away: true });
  },
  undoing,
});

setAria(document.body, "busy", null);
