// The connection to the live state: server-sent events, taken up again after whatever happened.

import { logIn } from "./api.js";
import { setConnected, state, takePatch, takeSnapshot } from "./state.js";

const SILENCE = 15_000;
let source = null;
let retry = 0;
let heard = 0;

/** Connects, and stays connected for as long as the page is there. */
export function connect() {
  open();
  // A connection can die without a word (a pulled cable): the heartbeats stop.
  setInterval(() => {
    if (source && heard && Date.now() - heard > SILENCE * 2) reopen();
  }, SILENCE);
  addEventListener("online", reopen);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !state.connected) reopen();
  });
}

function open() {
  const after = state.id ? `?after=${encodeURIComponent(state.id)}` : "";
  source = new EventSource(`/api/events${after}`);
  source.addEventListener("open", () => {
    heard = Date.now();
    setConnected(true);
  });
  source.addEventListener("snapshot", (event) => take(event, takeSnapshot));
  source.addEventListener("patch", (event) => take(event, takePatch));
  source.addEventListener("alive", () => {
    heard = Date.now();
  });
  source.addEventListener("error", failed);
}

function take(event, into) {
  heard = Date.now();
  setConnected(true);
  into(JSON.parse(event.data));
  state.id = event.lastEventId;
}

async function failed() {
  setConnected(false);
  heard = 0;
  // The browser tries again by itself unless the server answered with an error.
  if (source.readyState !== EventSource.CLOSED || retry) return;
  retry = setTimeout(reopen, 1000);
  try {
    const answer = await fetch("/api/state", { method: "GET" });
    if (answer.status === 401) logIn();
  } catch {
    // Nobody there: the next try comes in a second.
  }
}

function reopen() {
  clearTimeout(retry);
  retry = 0;
  heard = 0;
  source?.close();
  open();
}
