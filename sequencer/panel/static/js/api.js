// Calls to the panel's HTTP interface.

import { reasonText } from "./reason.js";
import { SLOT } from "./slot.js";
import { t } from "./text.js";

/** An answer that is an error; `code`, `message` and `fields` as the panel said them. */
export class ApiError extends Error {
  constructor(status, error) {
    super(inWords(error) || `HTTP ${status}`);
    this.status = status;
    this.code = error?.code || "unknown";
    this.fields = error?.fields || [];
  }
}

/** A person can do nothing with the header that is wrong; a reason of hardseq's own is a sentence here. */
function inWords(error) {
  if (error?.code === "token") return t("error.token");
  const text = reasonText(error?.coded_reason, error?.message);
  return error?.coded_reason ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** What is asked of a run that goes on: on the page of a slot it is that of the slot. */
const OF_RUN = /^\/api\/(start|stop|events|chart|frames\/.*|dialogs\/.*|messages\/.*)$/;
/** Milliseconds; a Start may wait for a test process that is coming up. */
const PATIENCE = 20_000;
let token = document.documentElement.dataset.token;

/** Goes to the login page, which leads back here. */
export function logIn() {
  window.location.assign(address("/login", { next: window.location.pathname + window.location.search }));
}

async function readAnswer(answer) {
  let document = null;
  try {
    document = await answer.json();
  } catch {
    // What has no JSON is described by its status.
  }
  if (!answer.ok) {
    if (answer.status === 401) logIn();
    throw new ApiError(answer.status, document?.error);
  }
  return document;
}

/** Like `fetch`, with words for a person when nobody answers. */
async function reach(path, options) {
  try {
    return await fetch(path, { ...options, signal: options.signal ?? AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error(t("connection.lost"));
  }
}

export async function get(path, parameters = {}, signal = undefined) {
  return readAnswer(await reach(address(path, parameters), { signal, headers: { Accept: "application/json" } }));
}

/** `path` with the parameters that say something; each value of a list is one of its own. */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(meant(path, parameters))) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") query.append(name, one);
  }
  const written = query.toString();
  return written ? `${path}?${written}` : path;
}

function meant(path, parameters) {
  return SLOT !== null && OF_RUN.test(path) ? { slot: SLOT, ...parameters } : parameters;
}

export async function post(path, body = {}) {
  const send = () =>
    reach(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Hardseq-Token": token },
      body: JSON.stringify(meant(path, body)),
    });
  let answer = await send();
  if (answer.status === 403 && (await renewToken())) answer = await send();
  return readAnswer(answer);
}

/** The panel was restarted and has another token: the page it serves now holds it. */
async function renewToken() {
  const answer = await reach("/", { headers: { Accept: "text/html" } });
  if (!answer.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.documentElement.dataset.token;
  if (!found || found === token) return false;
  token = found;
  return true;
}
