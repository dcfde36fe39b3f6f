// Sounds for the end of a run and for questions, made by the browser: there is no file to load.

import { memory } from "./dom.js";
import { state } from "./state.js";
import { t } from "./text.js";
import { toast, withdraw } from "./toast.js";

/**
 * The sets to choose from. A tune: frequencies in hertz, start and length in seconds; each note has these partials, as multiples
 * of its frequency and their loudness. In each set a pass goes up and a fail is low, for whoever only listens.
 */
const SETS = {
  tones: {
    wave: (frequency) => (frequency < 300 ? "sawtooth" : "sine"),
    partials: [[1, 1]],
    passed: [[660, 0, 0.13], [880, 0.13, 0.13], [1320, 0.26, 0.34]],
    failed: [[220, 0, 0.28], [165, 0.3, 0.55]],
    stopped: [[330, 0, 0.2], [262, 0.22, 0.3]],
    question: [[880, 0, 0.1], [1100, 0.12, 0.16]],
  },
  bells: {
    wave: () => "sine",
    partials: [[1, 0.8], [2.76, 0.25], [5.4, 0.08]],
    passed: [[784, 0, 0.6], [1047, 0.2, 1.1]],
    failed: [[233, 0, 0.8], [175, 0.4, 1.3]],
    stopped: [[440, 0, 0.6], [349, 0.3, 0.8]],
    question: [[988, 0, 0.5], [988, 0.35, 0.7]],
  },
  beeps: {
    wave: () => "square",
    partials: [[1, 0.6]],
    passed: [[1000, 0, 0.09], [1500, 0.12, 0.18]],
    failed: [[400, 0, 0.18], [400, 0.26, 0.18], [400, 0.52, 0.45]],
    stopped: [[600, 0, 0.15], [450, 0.2, 0.25]],
    question: [[1200, 0, 0.08], [1200, 0.16, 0.08], [1200, 0.32, 0.08]],
  },
};
const ALIKE = { error: "failed", skipped: "stopped" };
export const SOUNDS = Object.keys(SETS);
const FIRST = "tones";
const MIDDLE = 50;
/** Milliseconds after which what was to be heard is old. */
const STALE = 1000;
/** Milliseconds within which a browser that lets the page be heard has begun to. */
const PATIENCE = 400;
let context = null;
let blocked = false;
let told = () => {};

/** The set that this browser plays, as it was told, else as the configuration says; "off" for none. */
export function chosenSound() {
  const chosen = memory.get("sound") ?? (state.session.settings?.sound_on ? "on" : "off");
  // What an earlier page kept is "on".
  return chosen === "off" || chosen in SETS ? chosen : FIRST;
}

export function setSound(name) {
  memory.set("sound", name);
  if (name === "off") setBlocked(false);
  else tryOut("passed");
}

/** How loud, 1 to 100. */
export function volume() {
  const kept = Number(memory.get("volume") ?? MIDDLE);
  return kept >= 1 && kept <= 100 ? kept : MIDDLE;
}

export function setVolume(percent) {
  memory.set("volume", String(percent));
  tryOut("question");
}

/** Whether the last sound could not be heard because the browser did not let the page play any. */
export function isBlocked() {
  return blocked;
}

/** Calls back when the browser blocks sounds, or no longer does. */
export function onBlocked(listener) {
  told = listener;
}

export function play(name) {
  const heard = chosenSound() !== "off";
  document.documentElement.dataset.sound = heard ? name : "";
  if (heard) sound(name);
}

/** A sound for whoever chooses, also where sound is off: whether it is loud enough here, and which means what. */
export function tryOut(name) {
  document.documentElement.dataset.sound = "test";
  sound(name);
}

async function sound(name) {
  try {
    context ??= opened();
    const asked = Date.now();
    const late = setTimeout(() => setBlocked(context.state !== "running"), PATIENCE);
    // A browser is silent until somebody used the page: what was to be heard before that is not made up for.
    await context.resume();
    clearTimeout(late);
    setBlocked(context.state !== "running");
    if (Date.now() - asked < STALE) tune(name);
  } catch {
    // A browser without sound shows what happened all the same.
    setBlocked(true);
  }
}

function opened() {
  const opening = new AudioContext();
  opening.addEventListener("statechange", () => opening.state === "running" && setBlocked(false));
  return opening;
}

function setBlocked(now) {
  if (blocked === now) return;
  blocked = now;
  if (blocked) toast(t("sound.blocked"), "warning", "sound");
  else withdraw("sound");
  told();
}

function tune(name) {
  const set = SETS[chosenSound()] ?? SETS[FIRST];
  const begin = context.currentTime + 0.02;
  // Ears hear the square of it.
  const loudness = (volume() / 100) ** 2;
  for (const [frequency, start, length] of set[ALIKE[name] ?? name]) {
    for (const [multiple, share] of set.partials) tone(set.wave(frequency), frequency * multiple, begin + start, length / multiple ** 0.5, loudness * share);
  }
}

function tone(wave, frequency, start, length, loudness) {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.type = wave;
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(loudness, start + 0.015);
  gain.gain.exponentialRampToValueAtTime(loudness / 250, start + length);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + length + 0.05);
}
