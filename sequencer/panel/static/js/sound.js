// Sounds for the end of a run and for questions, made by the browser: there is no file to load.

import { memory } from "./dom.js";
import { state } from "./state.js";

// Frequencies in hertz, start and length in seconds.
const TUNES = {
  passed: [[660, 0, 0.13], [880, 0.13, 0.13], [1320, 0.26, 0.34]],
  failed: [[220, 0, 0.28], [165, 0.3, 0.55]],
  error: [[220, 0, 0.28], [165, 0.3, 0.55]],
  stopped: [[330, 0, 0.2], [262, 0.22, 0.3]],
  skipped: [[330, 0, 0.2], [262, 0.22, 0.3]],
  question: [[880, 0, 0.1], [1100, 0.12, 0.16]],
};

const STALE = 1000;
let context = null;

/** Whether this browser plays sounds: as it was told, else as the configuration says. */
export function soundOn() {
  const chosen = memory.get("sound");
  return chosen === null ? Boolean(state.session.settings?.sound_on) : chosen === "on";
}

export function setSound(on) {
  memory.set("sound", on ? "on" : "off");
  if (on) play("question");
}

export function play(name) {
  const heard = soundOn() && TUNES[name];
  document.documentElement.dataset.sound = heard ? name : "";
  if (heard) sound(name);
}

/** One sound after the other, also where sound is off: whether they are loud enough here, and which means what. */
export function tryOut() {
  document.documentElement.dataset.sound = "test";
  ["passed", "failed", "question"].forEach((name, place) => setTimeout(sound, 1200 * place, name));
}

function sound(name) {
  try {
    context ??= new AudioContext();
    const asked = Date.now();
    // A browser is silent until somebody used the page: what was to be heard before that is not made up for.
    context.resume().then(() => Date.now() - asked < STALE && tune(name));
  } catch {
    // A browser without sound shows what happened all the same.
  }
}

function tune(name) {
  const begin = context.currentTime + 0.02;
  for (const [frequency, start, length] of TUNES[name]) tone(frequency, begin + start, length);
}

function tone(frequency, start, length) {
  const oscillator = context.createOscillator();
  const volume = context.createGain();
  oscillator.type = frequency < 300 ? "sawtooth" : "sine";
  oscillator.frequency.value = frequency;
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(0.25, start + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.001, start + length);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + length + 0.05);
}
