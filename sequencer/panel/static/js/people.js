// Who is logged in, what they may do, and when nobody is at work any more. The server decides; the page shows it.

import { get, logIn, post } from "./api.js";

/** Each may do what those before it may. */
const ROLES = ["operator", "engineer", "manager"];
/** Milliseconds between two times that the page tells that somebody is at work, and between two looks whether nobody is. */
const TELL = 20_000;
const LOOK = 5000;
const page = document.documentElement.dataset;
const listeners = [];
let told = Date.now();
let worked = Date.now();

/** Whether people log in here. */
export function named() {
  return "people" in page;
}

/** The name and role of who is logged in; null for nobody. */
export function person() {
  return page.user ? { name: page.user, role: page.role } : null;
}

/** Whether whoever sits here has the rights of `role`; where nobody logs in, everybody has. */
export function may(role) {
  return !named() || ROLES.indexOf(page.role) >= ROLES.indexOf(role);
}

/** Calls `listener` when somebody was logged out. */
export function onPerson(listener) {
  listeners.push(listener);
}

/** Logs out, and shows who may log in next. */
export async function logOut() {
  await post("/logout");
  logIn();
}

function nobody() {
  delete page.user;
  delete page.role;
  delete page.idle;
  for (const listener of listeners) listener();
}

async function look() {
  if (!person()) return;
  try {
    if ((await get("/api/user")).name !== page.user) nobody();
  } catch {
    // Without connection nothing can be done here either; the next look shows it.
  }
}

async function atWork() {
  worked = Date.now();
  if (!person() || worked - told < Math.min(TELL, Number(page.idle) * 250)) return;
  told = worked;
  try {
    await post("/api/user/active");
  } catch {
    // Who was logged out meanwhile is led to the login page.
  }
}

if (named()) {
  for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, atWork, { capture: true, passive: true });
  setInterval(() => person() && Date.now() - worked > Number(page.idle) * 1000 && look(), LOOK);
  document.addEventListener("visibilitychange", () => document.hidden || look());
}
