// The connection to the live state: server-sent events, taken up again after whatever happened.

import { address, logIn } from "./api.js";
import { SLOT } from "./slot.js";
import { setClock, setConnected, state, takePatch, takeSnapshot } from "./state.js";

/** Milliseconds; the server says something every five seconds. */
const SILENCE = 12_000;
/** Milliseconds within which one of the tabs that rest takes the stream up again. */
const TURN = 1000;
/**
 * What the tabs of a browser say to each other. They have six connections to the panel in all: with a stream in each of them
 * none would be left for Start and Stop. So of the tabs that nobody sees only one keeps its stream, the others rest. The page of one
 * slot knows nothing of the others: it lets those go on that know of all.
 */
const tabs = new BroadcastChannel("hardseq");
let source = null;
let retry = 0;
let heard = 0;

/** Connects, and stays connected for as long as the page is there. */
export function connect() {
  open();
  // A connection can die without a word (a pulled cable): the heartbeats stop.
  setInterval(() => {
    if (!source || performance.now() - heard < SILENCE) return;
    setConnected(false);
    reopen();
  }, 1000);
  addEventListener("online", () => source && reopen());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !(source && state.connected)) reopen();
  });
  addEventListener("pagehide", () => tabs.postMessage("gone"));
  tabs.addEventListener("message", ({ data }) => {
    if (!document.hidden) return;
    if (data === "open" || (data === "open slot" && SLOT !== null)) rest();
    // Sounds are wanted of a tab that nobody sees, too. Of several that rest, whoever comes first tells the others.
    else if (data === "gone" && !source && !retry) retry = setTimeout(reopen, Math.random() * TURN);
  });
}

function open() {
  heard = performance.now();
  tabs.postMessage(SLOT === null ? "open" : "open slot");
  source = new EventSource(address("/api/events", { after: state.id }));
  source.addEventListener("open", () => {
    heard = performance.now();
    setConnected(true);
  });
  source.addEventListener("snapshot", (event) => take(event, takeSnapshot));
  source.addEventListener("patch", (event) => take(event, takePatch));
  source.addEventListener("alive", (event) => {
    heard = performance.now();
    setClock(Number(event.data));
  });
  source.addEventListener("error", failed);
}

function take(event, into) {
  heard = performance.now();
  setConnected(true);
  into(JSON.parse(event.data));
  state.id = event.lastEventId;
}

async function failed() {
  setConnected(false);
  // The browser tries again by itself unless the server answered with an error.
  if (source?.readyState !== EventSource.CLOSED || retry) return;
  retry = setTimeout(reopen, 1000);
  try {
    const answer = await fetch(address("/api/events"), { method: "HEAD" });
    if (answer.status === 401) logIn();
  } catch {
    // Nobody there: the next try comes in a second.
  }
}

function reopen() {
  rest();
  open();
}

/** Without a stream, until the tab is looked at or the last one that had one is gone. */
function rest() {
  clearTimeout(retry);
  retry = 0;
  source?.close();
  source = null;
}
