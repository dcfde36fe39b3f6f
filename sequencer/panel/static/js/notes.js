// What was added to a stored run later: comments, and what is to become of the unit. The verdict stays what it was.

import { post } from "./api.js";
import { DISPOSITIONS, LONGEST_COMMENT } from "./constants.js";
import { h, memory, newId } from "./dom.js";
import { may, named, person } from "./people.js";
import { FACTORY } from "./slot.js";
import { moment, t } from "./text.js";
import { toast, toastError } from "./toast.js";

/** The form that is on the page, and of what: it stays when the page is drawn anew, for somebody may be writing in it. */
let kept = { mark: "", form: null };

/** A tag for the runs list: the newest disposition, or that there are comments; null for a run without either. */
export function noteTag(run) {
  if (!run.notes?.length) return null;
  const title = run.notes.map((note) => note.comment).filter(Boolean).join("\n");
  return h("span", { class: "tag note-tag", title }, t(run.disposition ? `disposition.${run.disposition}` : "notes.short"));
}

/** The notes of a report, and a form for whoever may add one; `renew` shows the report anew. */
export function notesCard(report, renew) {
  const notes = report.notes || [];
  const mark = JSON.stringify([report.id, person(), document.documentElement.lang]);
  if (kept.mark !== mark) kept = { mark, form: !FACTORY && may("operator") ? noteForm(report, renew) : null };
  const { form } = kept;
  if (!notes.length && !form) return null;
  return h("section", { class: "card notes" }, h("h2", {}, t("notes.title")), notes.map(shown), form);
}

function shown(note) {
  return h(
    "div",
    { class: "note" },
    note.disposition ? h("span", { class: "tag note-tag" }, t(`disposition.${note.disposition}`)) : null,
    note.comment ? h("p", { class: "pre" }, note.comment) : null,
    h("p", { class: "muted note-who" }, note.user || note.source, " · ", h("span", { class: "number" }, moment(note.time))),
  );
}

function noteForm(report, renew) {
  const ids = [newId("note"), newId("note")];
  const comment = h("textarea", { id: ids[0], rows: 2, maxLength: LONGEST_COMMENT });
  const options = DISPOSITIONS.filter((name) => name !== "waived" || may("manager"));
  const disposition = h("select", { id: ids[1], onchange: require }, [h("option", { value: "" }, "—"), options.map((name) => h("option", { value: name }, t(`disposition.${name}`)))]);
  const button = h("button", { type: "submit", class: "button primary" }, t("notes.add"));

  // Who waives says why.
  function require() {
    comment.required = disposition.value !== "repair" && disposition.value !== "scrap" && disposition.value !== "retest";
  }

  async function add(event) {
    event.preventDefault();
    button.disabled = true;
    const user = named() ? null : memory.get("operator");
    const said = { comment: comment.value, disposition: disposition.value || null };
    try {
      await post(`/api/runs/${encodeURIComponent(report.id)}/notes`, { ...said, ...(user ? { user } : {}) });
      toast(t("notes.added"), "info", "page");
      if (comment.value === said.comment) comment.value = "";
      if (disposition.value === (said.disposition ?? "")) disposition.value = "";
      require();
      renew();
    } catch (error) {
      // What was typed stays.
      toastError(error, "page");
    }
    button.disabled = false;
  }

  require();
  return h(
    "form",
    { class: "note-form", onsubmit: add },
    h("div", { class: "field" }, h("label", { htmlFor: ids[0] }, t("notes.comment")), comment),
    h("div", { class: "field" }, h("label", { htmlFor: ids[1] }, t("notes.disposition")), disposition),
    button,
  );
}
