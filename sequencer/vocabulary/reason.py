"""Why something is so: a code with parameters, and the one English sentence for each code.

A missed limit, a skipped case, a failure, a refused start is a ``Reason``. Events, reports and HTTP answers have both:
the English sentence, and beside it ``{"code": "above", "parameters": {"value": 5.6, "limit": 5.2, "unit": "V"}}``, from
which a page makes the sentence in its own language (``panel/static/translations``, ``reason.above``). What people and
drivers wrote is text and stays what it is; as a parameter it is shown as it is.

Codes and the names of their parameters never change their meaning. Which kinds of parameters there are:

- ``value``, ``limit``, ``upper``, and each of ``choices``: a number, shown with ``unit`` where there is one; what is no
  number is as the sentence shows it (a text in quotes, ``true``, ``[1, 2]``);
- ``reason``, ``detail``, ``where``, ``subject``: another reason, or text;
- ``expected``, ``fields``, ``names``, ``types``: lists of numbers or texts;
- ``outcome``, ``kind``, ``wanted``, ``role``: a word of ``WORDS``, which is translated as well;
- all others: numbers and texts.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypedDict

from sequencer.vocabulary.data import MAX_WHOLE
from sequencer.vocabulary.shown import show, shown_number, with_unit

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        # Measured values and their limits.
        "below": "{value} is below the lower limit of {limit}",
        "not_above": "{value} is not above the lower limit of {limit}",
        "above": "{value} is above the upper limit of {limit}",
        "not_below": "{value} is not below the upper limit of {limit}",
        "inside": "{value} is inside the forbidden range of {limit} to {upper}",
        "not_equal": "{value} is not {limit}",
        "forbidden": "the value must not be {value}",
        "not_one_of": "{value} is not one of {choices}",
        "no_match": "{value} does not match /{pattern}/",
        "lacks": "{value} does not contain {limit}",
        "wrong_kind": "{value} is {kind}, the limit is for {wanted}",
        "no_value": "there is no value",
        "not_finite": "{number} is not a finite number",
        "empty": "the array is empty",
        "element": "element [{index}]: {reason}",
        "entry": "{key}: {reason}",
        "not_comparable": "the value could not be compared: {type}",
        "missed": "{measurement}: {reason}",
        # Other judgements.
        "not_true": "not true: {expression}",
        "never_true": "still not true after {rounds} rounds: {expression}",
        "no_round": "repeat needs at least 1 round, not 0: nothing was judged",
        "answered_fail": "the operator answered Fail",
        "no_measurement": "no measurement with limits was recorded",
        "nothing_judged": "nothing was judged",
        # Skipped cases.
        "not_selected": "not selected",
        "condition": "its condition is false: {expression}",
        "module_condition": "the condition of its module is false: {expression}",
        "judges_left_out": "every step that judges was left out by its `if`",
        "setup_module": "setup module '{name}' failed",
        "setup_case": "setup case '{name}' failed",
        "depends": "depends on {case}, which {outcome}",
        "critical_case": "critical case '{name}' {outcome}",
        "critical_module": "critical module '{name}' {outcome}",
        "on_fail": "'{name}' {outcome} (on_fail: stop)",
        # Steps after the run.
        "left_out": "left out: {reason}",
        "left_out_after": "left out because step {number} of after_run failed",
        "unknown": "it failed; the reason could not be read",
        # Stops.
        "operator_stopped": "stopped by the operator",
        "dialog_closed": "the operator closed the dialog",
        "ctrl_c": "stopped by Ctrl-C",
        "shut_down": "the panel is shut down",
        "debugging": "stopped while debugging",
        "key_pressed": "{key}",
        "program_ended": "the program was asked to end",
        "terminal_closed": "the terminal was closed",
        "signal": "a signal",
        "terminated": "the test process was told to end",
        "runner_gone": "the program that started the run is gone",
        "stopped_again": "{reason}; stopped again, so the test process was ended",
        "hung_when_stopped": "{reason}; stopped again while {where} hung",
        "stop_ignored": "{reason}; {where} did not react, so the test process was ended",
        # Timeouts.
        "step_late": "the step took longer than its timeout of {seconds} s",
        "case_late": "the case took longer than its timeout of {seconds} s",
        "identity_late": "the instrument took longer than {seconds} s to identify itself",
        "close_late": "closing the driver took longer than {seconds} s",
        "with_detail": "{reason}: {detail}",
        "no_answer": "no operator answered",
        "hung_step": "it hung in the step '{step}'",
        "hung_call": "it hung in {call}, called by the step '{step}'",
        "hung": "it hung in {call}",
        "opening_driver": "while the driver '{driver}' was opened",
        "timeout_ignored": "the timeout passed, {where} did not react, so the test process was ended",
        "close_ignored": "a driver could not be closed in time, {where} did not react, so the test process was ended",
        "where_unknown": "what was running",
        "where_step": "the step '{step}'",
        "where_call": "{call}, called by the step '{step}',",
        # What goes wrong with the run itself.
        "died": "the test process died",
        "process_closed": "the test process closed its pipe",
        "process_killed": "the test process was ended by {signal}",
        "process_exited": "the test process ended with exit code {exit_code}",
        "printed": "{reason}\nIts last output:\n{output}",
        "lost": "the end of this case was never recorded",
        "journal_lost": "the journal cannot be written: {detail}",
        "facts": "the facts above the modules: {detail}",
        "driver_not_opened": "the driver '{driver}' could not be opened: {detail}",
        "driver_not_reopened": "the driver '{driver}' could not be opened again: {detail}",
        "driver_not_closed": "the driver '{driver}' could not be closed: {detail}",
        "requirement": "the driver '{driver}' does not meet its requirements: {detail}",
        "wrong_instrument": "expected an instrument that matches '{pattern}', found '{found}'",
        "calibration_overdue": "expected a calibration that is valid today, {today}; it was due on {due}",
        "skipped_by_hand": "step skipped by hand while debugging",
        "exception": "{type}: {message}",
        # What a step could not do.
        "expression_failed": "`{expression}`: {detail}",
        "template_failed": "{found}: {detail}",
        "undefined": "'{name}' is not defined",
        "same_key": "two keys have the value {found}",
        "not_writable": "a value of type {type} cannot be written as text: {detail}",
        "not_boolean": "`{expression}` is neither true nor false but {found}",
        "need_each_other": "the variables {names} need each other",
        "unreadable": "a {type} that cannot be read: {detail}",
        "many_elements": "the value has more than {most} elements: return only what is judged",
        "contains_itself": "the value contains itself",
        "nested_deeply": "the value is nested more than {most} levels deep",
        "large_array": "the array has {number} elements; {most} are allowed: return only what is judged",
        "function_not_called": "the value is the function '{name}', which was never called",
        "class_not_called": "the value is the class '{name}', which was never called",
        "not_awaited": "the method is `async` and was never run; write a plain `def` that waits for the result",
        "not_finished": "the method returned {found}, which was never finished; wait for the result in the method",
        "generator": (
            "the method is a generator (it has a `yield`) and was never run; use `return`, or return `list(...)`"
        ),
        "not_iterated": "the method returned {found}, which was never iterated over; return `list(...)` of it",
        "measurement_name": "the measurement's name",
        "measurement_unit": "the unit of '{measurement}'",
        "name_in": "a name in {subject}",
        "blank": "{subject} is blank",
        "invisible": "{subject} has an invisible character: {found}",
        "is_null": "{subject} is null",
        "not_string": "{subject} must be a string, not {found}",
        "must_not_be": "{subject} must not be {found}",
        "no_section": "nothing can be recorded under '{name}'",
        "artifact_level": "the level of an artifact must be run, module or case, not '{name}'",
        "unknown_field": "{subject} has no field '{name}'; it has {fields}",
        "not_mappings": "{subject} must be a list of mappings, not {type}",
        "not_mapping": "{subject} must be a mapping, not {type}",
        "not_whole": "{subject} must be an integer from 0 to {most}, not {found}",
        "recorded_before": "{subject} was already recorded as {before} and would now become {found}",
        "not_kept": "{name} could not be kept: {detail}",
        "no_limits": "limits of '{measurement}': the expression returned no limits",
        "bad_limits": "limits of '{measurement}': {detail}",
        "program_not_started": "{program} could not be started: {reason}",
        "no_program": "there is no such program",
        "no_folder": "there is no folder {folder}",
        "printed_too_much": "{program} printed more than {size} MB, which is more than can be judged",
        "equipment_fault": "{program} reported a fault of the test equipment: exit code {exit_code}",
        "wrong_exit_code": "{program} ended with exit code {exit_code}, not {expected}",
        "last_line": "{reason}; its last line: {line}",
        "output_refused": "the output of {program} matches `refuse`, '{pattern}': {line}",
        "output_lacks": "the output of {program} does not match '{pattern}'",
        "bad_pattern": "`{key}` is not a valid regular expression: {detail}",
        "chart_series": "the series of a chart must be a list, not {found}",
        "chart_no_y": "series {number} of the chart has no y values",
        "chart_uneven": "series '{name}' of the chart has {x} x values but {y} y values",
        "chart_too_long": "series '{name}' of the chart has {number} points; the maximum is {most}",
        "chart_not_list": "the {axis} values of series '{name}' must be a list of numbers, not {found}",
        "chart_not_number": "the {axis} values of series '{name}' hold {found}, which is not a number",
        "message_not_shown": "the message cannot be shown: {detail}",
        "dialog_not_shown": "the dialog cannot be shown: {detail}",
        "large_file": "{file} is larger than the {size} MiB that a report can hold",
        "not_attached": "cannot attach {file}: {detail}",
        "progress_max": "the max of a progress must be above 0, not {number}",
        "progress_number": "the {key} of a progress must be a number, not {found}",
        "repeat_number": "repeat needs a positive integer, not {found}",
        "for_each_list": "for_each needs a list for '{name}', not {found}",
        "wait_duration": "wait needs a duration such as '500 ms' or a number of seconds, not {found}",
        "not_duration": "{found} is not a duration: write a number and one of ms, s, min, h, such as `500 ms`",
        "long_duration": "{found} is longer than any run",
        "upload_early": "`upload` belongs in `after_run`: the verdict is not known yet",
        "nobody_answers": "nobody can answer this dialog: the tests run without a panel and without a terminal",
        "nobody_confirms": "nobody can confirm this message: the tests run without a panel and without a terminal",
        "identity_unknown": "its identity is not known: {reason}",
        "no_identify": "it has no `identify()`",
        "returned_no_string": "it returned {found}, which is not a string",
        "bad_due": "`calibration_due` '{due}' {reason}",
        "date_form": "must be a date such as 2027-05-01",
        "no_such_date": "is not a valid date; write it like 2027-05-01",
        "bad_idn": "`idn` cannot be used: {detail}",
        "dialog_type": "a dialog's type must be one of {types}, not {found}",
        "field_type": "a field's type must be one of {types}, not {found}",
        "no_choices": "there is nothing to choose from in '{name}'",
        "key_number": "{key} must be a number, not {found}",
        "key_integer": "{key} must be an integer, not {found}",
        "field_pattern": "a pattern must be a string, not {found}",
        "field_choices": "choices must be a list, not {found}",
        "field": "{name}: {reason}",
        "picture_outside": "a picture must be a file in the project folder, not {found}",
        "label_no_zpl": "the template of the label has no ^XA: it is not ZPL",
        "label_forbidden": "the template of the label may not contain ^FH (hardseq writes it), ^CC, ^CD or ^CT",
        "label_outside": "in the template of the label values can stand between ^FD and ^FS only",
        "label_unknown": "the template of the label names {name}; there are {names}, and param. and info. with a name",
        "label_lacks": "there is no label: the run has no {name}",
        "label_not_passed": "there is no label: the unit has not passed, and the template does not name the verdict",
        "label_not_set_up": "`[label]` in the configuration needs `printer` and `template`",
        "label_template": "the template of the label {file} cannot be read: {detail}",
        "label_printer_away": "the label was not printed, {printer} did not take it: {detail}",
        "logo_too_large": "the picture {found} is too large for a logo: at most {most} bytes",
        "picture_kind": "{found} is not a picture that a page can show; use one of {types}",
        "picture_missing": "there is no picture {found} in the project folder",
        "picture_no_file": "{found} is not a file",
        "argument_form": "--arg {argument}: write --arg NAME=VALUE",
        # The panel.
        "login_needed": "log in first",
        "role_needed": "this needs the role {role}",
        "run_in_progress": "a run is in progress",
        "no_run_in_progress": "no run is in progress",
        "sequence_blocked": "the sequence cannot be run; the panel says why",
        "single_run": "this page belongs to a single run; `hardseq panel` starts runs",
        "start_late": "Start was pressed {seconds} s ago; press it again",
        "start_early": "Start was pressed in the future, {seconds} s from now; press it again",
        "dialog_answered": "this dialog was already answered",
        "dialog_withdrawn": "this dialog was withdrawn: the test goes on without an answer",
        "being_sent": "it is already being sent",
        "no_such_run": "there is no run with this id",
        "no_such_attachment": "there is no such attachment",
        "no_such_dialog": "there is no such dialog",
        "no_such_message": "there is no such message",
        "no_such_choice": "there is no such choice",
        "no_such_chart": "there is no such chart",
        "no_such_picture": "there is no such picture",
        "no_such_html": "there is no such HTML",
        "not_web_address": "this is not a web address",
        "too_many_pages": "too many pages are open; close one",
        "too_many_queries": "too many queries about stored runs at once; try again in a moment",
        "too_many_tries": "too many wrong tokens; wait a minute",
        "panel_error": "the panel had an internal error; see its output on the terminal",
        "coming_up": "the test process is still coming up",
        "other_sequence": "the sequence is being loaded, or another one is chosen; look at the form again",
        "form_not_kept": "what was entered in the form holds until the panel is restarted only: {detail}",
        "form_not_read": "what was entered in the form earlier could not be read; it holds the defaults: {detail}",
        "cannot_start": "the test process cannot start: {detail}",
        "not_stored": "a report could not be stored yet; it is tried again: {detail}",
        "no_report": "the run's report could not be made: {detail}",
        "kept_from": (
            "{kept} of {measured} measured values kept in {place}; from case {case} on nothing could be written"
        ),
        "kept_but_end": "{kept} of {measured} measured values kept in {place}; the end could not be written",
        # Stores: where reports are kept and wait.
        "database_locked": "the embedded database {file} is locked by another process ({detail})",
        "database_full": "the embedded database {file} cannot grow: the disk is full ({detail})",
        "database_read_only": (
            "the embedded database {file} is read-only: check the permissions of the file and its folder ({detail})"
        ),
        "database_not_writable": (
            "the embedded database {file} cannot be written: check the permissions of the file and its folder "
            "({detail})"
        ),
        "database_not_opened": (
            "the embedded database {file} cannot be opened: check that its folder exists and is writable ({detail})"
        ),
        "database_disk_error": (
            "the embedded database {file} cannot be read or written: the disk reports an error ({detail})"
        ),
        "not_a_database": (
            "the embedded database {file} is not a database: move the file away; a new one will be created ({detail})"
        ),
        "database_damaged": (
            "the embedded database {file} is damaged: move the file away and keep it; a new one will be created "
            "({detail})"
        ),
        "database_refused": "the embedded database {file} refused: {detail}",
        "value_not_stored": "the embedded database {file} cannot hold a value: {detail}",
        "database_unusable": "the embedded database {file} cannot be used: {detail}",
        "database_closed": "the embedded database was closed",
        "database_old": "the database must be upgraded, but cannot be written at the moment",
        "database_new": "the database was written by a newer hardseq (its format is {version}): update hardseq",
        "run_not_stored": "there is no run {run} in {place} to keep a file with",
        "report_damaged": "the stored report is damaged: {detail}",
        "other_report": "another report of run {run} is already stored in {place}",
        "couch_away": "CouchDB at {address} cannot be reached: {detail}",
        "couch_missing": "CouchDB at {address} does not have it: {detail}",
        "couch_document_refused": "CouchDB at {address} refused the document ({status}): {detail}",
        "couch_conflict": "CouchDB at {address}: {detail}",
        "couch_answered": "CouchDB at {address} answered {status}: {detail}",
        "couch_log": "{reason}; its log says why, and most often its disk is full",
        "couch_no_user": "CouchDB at {address} refused a request without user ({status})",
        "couch_no_user_there": (
            "CouchDB at {address} refused a request without user in the database '{name}' ({status})"
        ),
        "couch_locked": "CouchDB at {address} has locked the account of user '{user}' ({status}): {detail}",
        "couch_login": "CouchDB at {address} refused user '{user}' or the password ({status})",
        "couch_not_allowed": "CouchDB at {address} does not allow this for user '{user}' ({status}): {detail}",
        "couch_not_allowed_there": (
            "CouchDB at {address} does not allow this for user '{user}' in the database '{name}' ({status}): {detail}"
        ),
        "couch_not_again": (
            "{reason}; CouchDB may lock the account for five minutes, so this is not tried again for {seconds} s"
        ),
        "not_couch": "{address} does not answer as CouchDB does: it sent {found} instead of JSON",
        "couch_no_database": "the database '{name}' is missing and cannot be created: {detail}",
        "written_by_others": "run {run} is being written by others in {place} all the time",
        "file_changed": "the file {sha256} of run {run} was changed in {place}: it is no longer the same",
        "file_not_read": "the attached file {file} cannot be read: {detail}",
        "not_replicated": "runs do not reach the factory, replication is {state}: {detail}",
        "no_reason_given": "no reason is given",
        "outbox_not_opened": "the outbox {file} cannot be opened: {detail}",
        "outbox_unusable": "the outbox cannot be used: {detail}",
        "stand_cloud_no_address": "StandCloud is not configured: [stand_cloud] has no address",
        "stand_cloud_no_key": (
            "StandCloud is not configured: there is no API key (api_key in [stand_cloud], or HARDSEQ_SC_API_KEY)"
        ),
        "couch_not_configured": "CouchDB is no longer configured: [database]",
        "being_stored": "waiting reports are being stored just now",
        "many_waiting": "too many reports wait for the store, or one of them cannot be read",
        "users_missing": "{file} is missing; `hardseq users add` makes it",
        "users_not_read": "{file} cannot be read: {detail}",
        "users_unusable": "{file} cannot be used: {detail}",
        "note_empty": "write a comment, or choose what becomes of the unit",
        "waiver_reason": "to waive needs a comment that says why",
        "waiver_unnamed": "to waive needs the name of who does it",
        "log_unwritable": "this is logged, and the log cannot be written: {detail}",
        "log_unreadable": "the log in the state folder cannot be read: {detail}",
        # Refused starts.
        "state_folder": "the state folder {place} cannot be used: {detail}",
        "disk_full": "the disk is full: a run and its report need space in {place}, where {free} MB are free",
        "stand_cloud_away": "StandCloud cannot be reached, and connection_only is set: {detail}",
        "unknown_case": "there is no case or module named '{name}'",
        "did_you_mean": "{reason}: did you mean '{name}'?",
        "unknown_tag": "no case has the tag '{tag}'",
        "none_chosen": "no case is chosen",
        "nothing_selected": "the selection leaves no case to run",
        "nothing_left": "nothing is left to do after this run",
        "sequence_changed": "the sequence has changed since that run: its steps after the run are different now",
        "report_waits": "the run's report waits for {place}; `hardseq sync` sends it there",
        "no_run": "there is no run {run}",
        "report_changed": "the stored report was changed: {detail}",
        "sequence_gone": "the run's sequence {file} no longer exists",
        "journal_not_stored": "what its journal holds is not stored yet",
        "sequence_invalid": "the sequence has errors now: {detail}",
        "wrong_param": "parameter '{name}' {reason}",
        "several": "{reason}; {detail}",
        "not_as_planned": "what was collected is not what was planned: {detail}",
        "stand_in_use": "another run uses this stand: {holder}",
        "stand_closing": "the test process of run {run} is still closing its instruments; try again soon",
        "started_before": "this run was started before",
        "not_prepared": "the run was not prepared, or is closed",
        "no_test_process": "the test process cannot be started: {detail}",
        "no_plan": "the test process told no plan",
        "tests_not_loaded": "the generated tests cannot be loaded: {detail}",
        "journal_not_opened": "the journal {file} cannot be opened: {detail}",
        "journal_not_written": "the journal {file} cannot be written: {detail}",
        # Refused values of parameters and of answers; their subject is the name of what was asked for.
        "required": "is required",
        "text": "must be text",
        "number": "must be a number",
        "decimal_sign": "must be a number with a single decimal sign",
        "comma": "must be written with a decimal point and without a comma",
        "finite": "must be a finite number",
        "integer": "must be an integer",
        "true_or_false": "must be true or false",
        "switch": "must be on or off",
        "min": "must be at least {limit}",
        "max": "must be at most {limit}",
        "too_large": "must be at most {limit}, in either direction",
        "min_length": "must have at least {count} characters",
        "max_length": "must have at most {count} characters",
        "pattern": "does not have the right form",
        "form": "does not have the right form: {hint}",
        "form_example": "does not have the right form, such as {example}",
        "choice": "must be one of the choices",
        "one_of": "must be one of {choices}",
        "choice_list": "must be a list of choices",
        "min_chosen": "choose at least {count}",
        "max_chosen": "choose at most {count}",
        "unknown_param": "is not a parameter of this sequence",
        "of_one_product": "belongs to one product and is not kept for a batch",
        "wrong_result": "this dialog is answered by {results}",
    }
)
"""The English sentence of each code; ``{name}`` is where a parameter is shown."""

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "failed": "failed",
        "error": "had an error",
        "stopped": "was stopped",
        "skipped": "was skipped",
        "none": "did not run",
    }
)
"""How a case ended, within a sentence."""
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "nothing": "nothing",
        "boolean": "a boolean",
        "number": "a number",
        "text": "text",
        "array": "an array",
        "mapping": "a mapping",
        "true_or_false": "true or false",
        "text_or_array": "text or an array",
    }
)
"""What a value is, or is to be, within a sentence; what is none of these is named by its type."""
ROLES: Mapping[str, str] = MappingProxyType({role: role for role in ("operator", "engineer", "manager")})
WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"outcome": OUTCOMES, "kind": KINDS, "wanted": KINDS, "role": ROLES}
)
"""Parameters that are words with a translation."""
QUANTITIES = frozenset({"value", "limit", "upper"})
"""Parameters that are shown with ``unit``."""
_NUMBERS = (*QUANTITIES, "choices")


class CodedReason(TypedDict):
    """A reason in events, reports and HTTP answers."""

    # Evaluated here, as the model of the report reads them.
    code: Annotated[str, "The code, such as `above`."]
    parameters: Annotated[dict[str, Any], "What the sentence shows, by name."]


class Reason:
    """A reason of hardseq's own. Its text is the English sentence.

    ``parameters`` as the module says, JSON-safe (see ``quantity``); ``None`` is no parameter.
    """

    __slots__ = ("code", "parameters")

    def __init__(self, code: str, **parameters: Any) -> None:
        self.code = code
        self.parameters = {name: value for name, value in parameters.items() if value is not None}

    def document(self) -> CodedReason:
        """As JSON holds it."""
        told = {
            name: value.document() if isinstance(value, Reason) else value for name, value in self.parameters.items()
        }
        return {"code": self.code, "parameters": told}

    def __str__(self) -> str:
        given, unit = self.parameters, self.parameters.get("unit")
        numbers = {number for name in _NUMBERS for number in _numbers(given.get(name))}
        # A value must not read like the limit that it just missed; pages do the same (`reason.js`).
        write = shown_number if len({shown_number(number) for number in numbers}) == len(numbers) else show
        slots = {name: _shown(name, value, unit, write) for name, value in given.items()}
        return SENTENCES[self.code].format_map(defaultdict(str, slots))

    def __repr__(self) -> str:
        return f"<Reason {self.code}: {self}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason) and self.document() == other.document()

    def __hash__(self) -> int:
        return hash(str(self))


ReasonOrText = Reason | str
"""A reason of hardseq's own, or what somebody else says."""
WrittenReason = CodedReason | str
"""The same as a message between processes holds it."""


def sentence(reason: ReasonOrText | None) -> str | None:
    """The reason in English."""
    return None if reason is None else str(reason)


def code_of(reason: ReasonOrText | None) -> str | None:
    """Its code; text has none."""
    return reason.code if isinstance(reason, Reason) else None


def coded(reason: ReasonOrText | None) -> CodedReason | None:
    """The code beside a sentence; ``None`` for text, which has none."""
    return reason.document() if isinstance(reason, Reason) else None


def written(reason: ReasonOrText) -> WrittenReason:
    """For a message; ``read_reason`` reads it."""
    return reason.document() if isinstance(reason, Reason) else reason


def read_reason(written: object, text: str = "") -> ReasonOrText:
    """What ``document`` or ``written`` wrote, or the ``text`` beside it for a code that this version does not know."""
    if isinstance(written, str):
        return written
    code = written.get("code") if isinstance(written, Mapping) else None
    if not isinstance(written, Mapping) or not isinstance(code, str) or code not in SENTENCES:
        return text
    parameters = written.get("parameters")
    read = dict(parameters) if isinstance(parameters, Mapping) else {}
    for name, value in read.items():
        if isinstance(value, Mapping):
            read[name] = read_reason(value)
            if not isinstance(read[name], Reason):
                return text
    return Reason(code, **read)


def undamaged(written: object) -> CodedReason | None:
    """The code that a journal has beside a sentence; ``None`` where it is damaged, and the sentence is left."""
    if not isinstance(written, Mapping):
        return None
    code, parameters = written.get("code"), written.get("parameters")
    if not isinstance(code, str) or not isinstance(parameters, dict):
        return None
    return {"code": code, "parameters": parameters}


def quantity(value: object, unit: str | None = None) -> int | float | str:
    """A value as a parameter: a number that every page holds exactly, anything else as the sentence shows it."""
    if type(value) is int and abs(value) <= MAX_WHOLE:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    return show(value, unit)


def _numbers(value: object) -> list[int | float]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, int | float)]


def _shown(name: str, value: object, unit: str | None, write: Callable[[int | float], str]) -> str:
    if name in WORDS:
        return WORDS[name].get(str(value), str(value))
    if isinstance(value, list):
        return ", ".join(_shown("value", each, unit, write) for each in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return with_unit(write(value), unit) if name in QUANTITIES else shown_number(value)
    return show(value) if isinstance(value, bool) else str(value)
