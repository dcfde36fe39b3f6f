// What is known of a unit that was tested before: while it is scanned, during its run, and beside its verdict.

import { get } from "./api.js";
import { fill, h, icon, setAria, setText, show } from "./dom.js";
import { may, onPerson } from "./people.js";
import { boardNumber, boardParam } from "./start_form.js";
import { now, on, state } from "./state.js";
import { onLanguage, past, t } from "./text.js";
import { unitLink } from "./unit_link.js";

/** Milliseconds without a key, after which a number is looked up that somebody types. */
const PAUSE = 250;
/** Milliseconds after which it is another time ago. */
const RENEW = 15_000;
/** Characters of the comment on a unit that was scrapped. */
const COMMENT = 120;
const BUSY = ["starting", "running", "stopping", "saving"];

const note = h("p", { class: "unit-note", role: "status", hidden: true });
/** The unit that is spoken of, as it is asked for. */
let wanted = null;
let spoken = null;
let line = null;
/** The answer, and whose it is. */
let known = null;
let question = null;
let timer = 0;

/** The line for the live page. */
export function unitNote() {
  return note;
}

/** A line for what shows the verdict of the present run. */
export function unitLine() {
  line = h("p", { class: "result-unit", hidden: true });
  render();
  return line;
}

/** Of which unit the page of all slots speaks until another one is scanned. */
export function spokenOf(serial) {
  spoken = serial ?? null;
  lookUp();
}

/** The unit that stands in the form, else that of the run on display. */
function unit() {
  const { run, session } = state;
  if (!run || !state.connected || !may("operator")) return null;
  const sequence = run.sequence.name;
  if (state.slots) {
    const serial_number = boardNumber() ?? spoken;
    return serial_number === null ? null : { serial_number: String(serial_number), sequence };
  }
  const scanned = BUSY.includes(session.state) ? null : boardNumber();
  if (scanned) return { serial_number: scanned, sequence };
  // A run says itself which unit it is for, some of them late; until then it is what was scanned for it.
  const serial_number = run.id ? run.dut.serial_number ?? run.params?.[boardParam(session.params || [])?.name] : null;
  return serial_number ? { serial_number: String(serial_number), sequence, part_number: run.dut.part_number, without: run.id } : null;
}

/** Looks whether it is another unit that is to be spoken of. */
function lookUp() {
  // The form is empty already, and the run has yet to say whose it is.
  if (state.session.state === "starting") return;
  const found = unit();
  if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  if (found?.serial_number !== wanted?.serial_number) known = null;
  wanted = found;
  question?.abort();
  clearTimeout(timer);
  render();
  if (wanted) timer = setTimeout(ask, wanted.without ? 0 : PAUSE, wanted);
}

async function ask(about) {
  question = new AbortController();
  let answer = null;
  try {
    answer = await get("/api/unit", about, question.signal);
  } catch (error) {
    if (error.name === "AbortError") return;
  }
  if (about !== wanted) return;
  known = answer ?? { latest: null, judged: null, runs: 0, disposition: null, more: false, complete: false };
  render();
}

function words({ latest, judged, runs, disposition, more, complete }) {
  const said = [];
  const scrapped = isScrapped() ? t("unit.scrapped", { when: past(disposition.time, now()) }) : "";
  if (disposition && !scrapped) said.push(t("unit.was", { status: t(`disposition.${disposition.disposition}`), when: past(disposition.time, now()) }));
  if (latest && latest.id !== judged?.id) said.push(was(latest));
  // Of a list that was cut off the number is the least that it can be.
  if (judged) said.push(runs > 1 ? `${was(judged)} (${t("unit.runs", { count: more ? `${runs}+` : runs })})` : was(judged));
  return [scrapped && disposition.comment ? `${scrapped}: ${short(disposition.comment)}` : scrapped, said.length ? t("unit.before", { runs: said.join(" · ") }) : "", complete ? "" : t("unit.unknown")].filter(Boolean).join(" · ");
}

function isScrapped() {
  return known?.disposition?.disposition === "scrap";
}

function short(comment) {
  const line = comment.replace(/\s+/g, " ");
  return line.length > COMMENT ? `${line.slice(0, COMMENT)}…` : line;
}

/** How and when an earlier run ended, and the case that failed, by its name where there is still one of its id. */
function was(run) {
  const said = t("unit.was", { status: status(run), when: past(run.start_time, now()) });
  const id = run.status === "passed" ? null : run.caused_dut_failure_id;
  return id ? t("unit.cause", { run: said, case: state.cases.get(id)?.name ?? id.split("::").pop() }) : said;
}

/** How it ended; of what is no evidence for the unit, why. */
function status(run) {
  const flag = ["aborted", "simulated", "partial"].find((name) => run[name]);
  if (flag) return t(`run.${flag}_short`);
  return t(run.status === "skipped" ? "unit.no_verdict" : `status.${run.status}`);
}

function render(renewal = false) {
  setAria(note, "live", renewal ? "off" : null);
  const said = wanted && known ? words(known) : "";
  show(note, said);
  const scrapped = Boolean(wanted && isScrapped());
  for (const shown of [note, line]) shown?.classList.toggle("is-scrapped", scrapped);
  note.setAttribute("role", scrapped ? "alert" : "status");
  if (line) {
    setText(line, wanted?.without ? said : "");
    show(line, line.textContent);
  }
  const mark = JSON.stringify([wanted?.serial_number, said, scrapped]);
  if (note.dataset.mark === mark) return;
  note.dataset.mark = mark;
  const good = known?.complete && !known.disposition && known.latest?.id === known.judged?.id && known.judged?.status === "passed";
  fill(note, said ? [icon(good ? "info" : "warning"), " ", unitLink(wanted.serial_number), ` ${said}`] : null);
}

for (const kind of ["input", "hardseq-form"]) addEventListener(kind, lookUp);
for (const kind of ["snapshot", "begin", "run", "session", "connection"]) on(kind, lookUp);
onPerson(lookUp);
onLanguage(() => {
  lookUp();
  render();
});
setInterval(render, RENEW, true);
