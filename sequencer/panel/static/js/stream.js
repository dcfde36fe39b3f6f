// The connection to the live state: server-sent events, taken up again after whatever happened.

import { logIn } from "./api.js";
import { setClock, setConnected, state, takePatch, takeSnapshot } from "./state.js";

/** Milliseconds; the server says something every five seconds. */
const SILENCE = 12_000;
let source = null;
let retry = 0;
let heard = 0;

/** Connects, and stays connected for as long as the page is there. */
export function connect() {
  open();
  // A connection can die without a word (a pulled cable): the heartbeats stop.
  setInterval(() => {
    if (performance.now() - heard < SILENCE) return;
    setConnected(false);
    reopen();
  }, 1000);
  addEventListener("online", reopen);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !state.connected) reopen();
  });
}

function open() {
  heard = performance.now();
  const after = state.id ? `?after=${encodeURIComponent(state.id)}` : "";
  source = new EventSource(`/api/events${after}`);
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
  source?.close();
  open();
}
