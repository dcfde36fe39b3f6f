// What lies over the page and wants a decision: presses that were meant for something else decide nothing.

import { h } from "./dom.js";
import { t } from "./text.js";
import { toast, withdraw } from "./toast.js";

/** Milliseconds between two keys of a barcode scanner at most. */
const SCAN = 100;
/** Milliseconds: a click or key right after something appeared was meant for what stood there before. */
const FRESH = 350;

/** Milliseconds without another key behind a letter that is a decision: a scanner would have typed its next character. */
const ALONE = 150;
const LATE = 50;

/** When the newest character was typed, wherever, that no Enter has followed yet. */
let unended = 0;
/** When the newest key but Shift and the like was pressed, and how long after the one before. */
let newest = 0;
let pause = Infinity;
let waiting = 0;
addEventListener(
  "keydown",
  ({ key }) => {
    clearTimeout(waiting);
    if (key === "Enter") unended = 0;
    else if (key.length === 1) unended = Date.now();
    if (["Shift", "CapsLock", "AltGraph"].includes(key)) return;
    pause = Date.now() - newest;
    newest = Date.now();
  },
  true,
);
addEventListener("pointerdown", () => clearTimeout(waiting), true);

/**
 * Calls `act` for the key of `event` unless it is held down, goes with Ctrl and the like, or is part of a scan: shortly before and
 * after it no other key may be pressed, and no pointer.
 */
export function whenAlone(event, act) {
  if (event.repeat || event.isComposing || event.ctrlKey || event.altKey || event.metaKey || pause <= SCAN) return;
  const wait = () => {
    const due = performance.now() + ALONE;
    // Keys that came while the page was busy are told after it.
    waiting = setTimeout(() => (performance.now() > due + LATE ? wait() : act()), ALONE);
  };
  wait();
}

/**
 * A modal dialog that opens with the event `enter`, closes with `leave`, and that only the page's own buttons close.
 * Escape, pressed without thinking, does nothing (unless `escape` says what), and no key gets through to the page below.
 * A key that is held down decides nothing, and neither does the end of a scan that was meant for something else.
 */
export function modal(properties, ...children) {
  const { escape, ...others } = properties;
  const element = h("dialog", { ...others, tabIndex: -1, closedby: "none" }, ...children);
  let wanted = true;
  let typed = 0;
  const meant = (event) => (event.target.matches("input[type=text], textarea") ? !(event.key === "Enter" && event.repeat) : !event.repeat && Date.now() - typed > SCAN);
  element.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const escaped = event.key === "Escape";
    if (event.key === "Enter" && !event.repeat && !meant(event)) toast(t("start.covered"), "warning", "covered");
    if (escaped || ((event.key === "Enter" || event.key === " ") && !meant(event))) event.preventDefault();
    if (escaped) escape?.();
    if (event.key.length === 1 && event.key !== " ") typed = Date.now();
  });
  element.addEventListener("keyup", (event) => {
    event.stopPropagation();
    if (event.key === " " && !meant(event)) event.preventDefault();
  });
  element.addEventListener("cancel", (event) => event.preventDefault());
  element.addEventListener("enter", () => {
    document.body.append(element);
    element.showModal();
    dispatchEvent(new Event("hardseq-modal"));
  });
  // A browser may close it all the same when asked twice.
  element.addEventListener("close", () => wanted && element.isConnected && element.showModal());
  element.addEventListener("leave", () => {
    wanted = false;
    element.close();
    element.remove();
    withdraw("covered");
    takeCaret();
  });
  return element;
}

/** Closing gives the focus back to the field that had it, but not the caret when a pointer closed it: what is scanned next would go nowhere. */
function takeCaret() {
  const { activeElement: field } = document;
  if (field.matches("input[type=text], input[type=search], textarea")) field.setSelectionRange(field.selectionStart, field.selectionEnd);
  dispatchEvent(new Event("hardseq-modal-left"));
}

/**
 * Lets buttons of a modal that just appeared take nothing for a moment, and shows it. Then `main`, one of them, gets the focus
 * unless somebody has begun to do something else. What is typed into one of the modal's fields ends that moment, as it was meant
 * for the field, if it is not the rest of a scan that began before.
 */
export function rest(element, buttons, main = null) {
  for (const button of buttons) button.disabled = true;
  element.classList.add("is-resting");
  if (main) element.focus({ preventScroll: true });
  const amidScan = Date.now() - unended < SCAN;
  const typed = (event) => !amidScan && event.target.matches("input[type=text]") && wake();
  const timer = setTimeout(wake, FRESH);
  element.addEventListener("input", typed);
  function wake() {
    clearTimeout(timer);
    element.removeEventListener("input", typed);
    for (const button of buttons) button.disabled = false;
    element.classList.remove("is-resting");
    element.dispatchEvent(new Event("rested"));
    if (main && document.activeElement === element) main.focus({ preventScroll: true });
  }
}
