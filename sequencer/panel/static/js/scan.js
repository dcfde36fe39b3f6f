// What a barcode scanner types goes into the form, whole or not at all, wherever the focus is.

import { t } from "./text.js";
import { toast } from "./toast.js";

/** Milliseconds between two keys of a scanner at most. */
const GAP = 100;
/** Letters: a person who presses a key has not scanned anything. */
const SCAN = 3;
const WRITABLE = "input:not([type=checkbox], [type=radio], [type=range]), textarea, [contenteditable]";

/**
 * Watches the keyboard where `isWanted` says that scans are meant for the form. `isOpen` says whether it takes one now, `isCovered`
 * whether something lies over the page that takes keys itself, `isOfForm` whether an element is one of its fields. `focus` puts the
 * focus where scans go and takes away what lies over that, `undoing` gives what puts the form back as it was before.
 *
 * The rest of a scan whose beginning came too early, or went elsewhere, is dropped: half a number would be another number. Its
 * Enter presses no button that happens to have the focus.
 */
export function watchScans({ isWanted, isOpen, isCovered, isOfForm, focus, undoing }) {
  let last = 0;
  let letters = 0;
  /** Where the scan that goes on goes: into the form, into nothing, or to what takes keys itself. */
  let way = "none";
  /** Takes half a scan out of the form again, and nothing else. */
  let undo = () => {};

  function begin({ target, key }) {
    letters = 0;
    undo = undoing();
    const writes = target.matches?.(WRITABLE);
    // The space bar alone means what it always does: no scan begins with it.
    if (!writes && key === " ") way = "none";
    else if (isCovered() || target.closest?.("[popover]") || (writes && !isOfForm(target))) way = "elsewhere";
    else if (!isOpen()) way = "lost";
    else if (writes) way = "form";
    else {
      way = "form";
      focus();
    }
  }

  function take(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const enter = event.key === "Enter";
    if (!enter && event.key.length !== 1) return;
    const going = event.timeStamp - last < GAP;
    if (!isWanted()) return pass(event, enter, going);
    if (going && way === "form" && !isOpen()) {
      way = "lost";
      undo();
    }
    if (!going && !enter) begin(event);
    const unwanted = way === "lost" ? !isCovered() : way === "elsewhere" && isOfForm(event.target);
    if ((going || !enter) && unwanted) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (enter && way === "lost" && letters >= SCAN) toast(t("start.early"), "warning", "run");
    }
    last = enter || way === "none" ? 0 : event.timeStamp;
    letters += 1;
  }

  /** Where no scan is meant for the form its Enter presses nothing that happens to have the focus either. */
  function pass(event, enter, going) {
    if (enter && going && letters >= SCAN && !event.target.matches?.(WRITABLE) && !isCovered()) event.preventDefault();
    letters = going ? letters + 1 : 1;
    last = enter ? 0 : event.timeStamp;
    way = "none";
  }

  addEventListener("keydown", take, true);
}
