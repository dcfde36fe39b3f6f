// Tells the history page that is on display when a run has been stored.

import { on } from "./state.js";

let page = null;

/** Calls `look` after each run of this stand, for as long as `element` is on the page and no other page asks for it. */
export function whenStored(element, look) {
  page = { element, look };
}

// Once its run is stored, a panel is ready for the next one, and `hardseq run` is over.
on("session", ({ state }) => {
  if ((state === "ready" || state === "over") && page?.element.isConnected) page.look();
});
// One slot may end while others go on; a run that begins in it came after one that may have ended between two looks.
on("slots", (changed) => {
  if (Object.values(changed).some(({ state, run }) => state === "ready" || run) && page?.element.isConnected) page.look();
});
