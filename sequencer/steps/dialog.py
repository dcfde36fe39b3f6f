"""``dialog``: asks the operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from sequencer.expressions.expression import has_expression
from sequencer.project.pictures import require_pictures
from sequencer.report.dialog import describe, describe_field, field_problems, useless_keys
from sequencer.report.dialog_answer import buttons, without_ends
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.dialog_schema import DIALOG
from sequencer.steps.keys import SAVE, TEMPLATE, WARN_LIMITS
from sequencer.steps.measuring import read_name, read_warn_limits, record_measurement
from sequencer.steps.pictures import check_pictures
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError, StepFailed, why
from sequencer.vocabulary.model import LimitedMeasurement, Step
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.tree import MappingNode

_CHOOSING = ("radio", "list", "checkbox")
_ASKING = ("text", "textarea", "number", "radio", "checkbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogStep(Step):
    """Asks what the template ``dialog`` describes; the answer may be recorded as ``measurement``."""

    dialog: Data
    save: str | None = None
    message: str | None = None
    measurement: str | None = None
    unit: str | None = None
    limits: Data = None
    warn_limits: Data = None

    @property
    def judges(self) -> bool:
        """When the operator answers Pass or Fail, or an answer is a measurement with limits."""
        return self.limited or (isinstance(self.dialog, Mapping) and bool(self.dialog.get("pass_fail")))

    @property
    def limited(self) -> bool:
        """When an answer is a measurement with limits."""
        return self.limits is not None or any("limits" in field for field in _fields(self.dialog))

    @property
    def limited_measurements(self) -> tuple[LimitedMeasurement, ...]:
        """The answer, and the fields of a form, as far as they have limits or warning limits."""
        of_fields = (each for field in _fields(self.dialog) if (each := _of_field(field)) is not None)
        if self.measurement is None or (self.limits is None and self.warn_limits is None):
            return tuple(of_fields)
        return (LimitedMeasurement(self.measurement, self.limits, self.unit, self.warn_limits), *of_fields)


def _of_field(field: Mapping[str, Data]) -> LimitedMeasurement | None:
    """The measurement that a field with limits, or with warning limits, is."""
    unit, limits, warn_limits = field.get("unit"), field.get("limits"), field.get("warn_limits")
    if "measurement" not in field or (limits is None and warn_limits is None):
        return None
    return LimitedMeasurement(str(field["measurement"]), limits, None if unit is None else str(unit), warn_limits)


def _fields(dialog: object) -> tuple[Mapping[str, Data], ...]:
    """The fields of a form, as templates."""
    return tuple(dialog.get("fields", ())) if isinstance(dialog, Mapping) else ()


class Dialog(StepRun):
    """Runs a ``dialog``. What is saved: the value asked for; without one, whether it was passed or confirmed."""

    verb = "dialog"

    def __init__(
        self,
        case: CaseContext,
        place: str,
        dialog: str | Mapping[str, object],
        *,
        save: str | None = None,
        message: str | None = None,
        measurement: str | None = None,
        unit: str | None = None,
        limits: object = None,
        warn_limits: object = None,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(case, place, **shared)
        self.dialog = dialog
        self.save = save
        self.message = message
        self.measurement = measurement
        self.unit = unit
        self.limits = limits
        self.warn_limits = warn_limits

    def finish(self) -> None:
        """Asks, saves, records. Fail is a ``StepFailed``, and so is a measurement that misses its limits."""
        try:
            dialog = describe(self.case.value(self.dialog), self.timeout)
            require_pictures(dialog)
        except ValueError as error:
            raise StepError(Reason("dialog_not_shown", detail=why(error))) from None
        answer = self.case.ask(dialog)
        given = without_ends(dialog, answer.value)
        value = given if dialog["fields"] else answer.result != "fail"
        if self.save is not None:
            self.case.save(self.save, value)
        if answer.result in ("pass", "fail"):
            self.case.judged()
        if answer.result == "fail":
            raise StepFailed(Reason("answered_fail") if self.message is None else self.case.text(self.message))
        if self.measurement is not None:
            record_measurement(
                self, self.measurement, given, unit=self.unit, limits=self.limits, warn_limits=self.warn_limits
            )
        self._record_fields(given)

    def _record_fields(self, answer: Data) -> None:
        """Records every field that is a measurement, also behind one that misses its limits."""
        missed: list[StepFailed] = []
        for field in _fields(self.dialog):
            value = answer.get(str(field["name"])) if isinstance(answer, Mapping) else None
            limits, unit = field.get("limits"), field.get("unit")
            if "measurement" not in field or (value is None and limits is None):
                continue
            try:
                record_measurement(
                    self,
                    str(field["measurement"]),
                    value,
                    unit=None if unit is None else str(unit),
                    limits=limits,
                    warn_limits=field.get("warn_limits"),
                )
            except StepFailed as failed:
                missed.append(failed)
        if missed:
            raise missed[0] if len(missed) == 1 else StepFailed("; ".join(map(str, missed)))


def parse(node: MappingNode, reader: StepReader) -> DialogStep:
    """Reads the step; keys that do not go together are problems."""
    shared = reader.shared(node, "dialog")
    written = node["dialog"]
    if isinstance(written, MappingNode):
        _check(written, reader)
        check_pictures(written, reader)
    _check_measurement(node, reader)
    unit = reader.text(node, "unit") or (written.get("unit") if isinstance(written, MappingNode) else None)
    limits = reader.limits(node, "limits", unit)
    step = DialogStep(
        **shared,
        dialog=_read_dialog(node, reader),
        save=node.get("save"),
        message=reader.text(node, "message"),
        measurement=read_name(node, "measurement", reader),
        unit=unit,
        limits=limits,
        warn_limits=read_warn_limits(node, reader, unit),
    )
    if step.save is not None:
        reader.define(step.save, node.value_place("save"))
    return step


def _read_dialog(node: MappingNode, reader: StepReader) -> Data:
    """The template; the limits of its fields, which are checked, are in the fields' units."""
    template, written = reader.template(node, "dialog"), node["dialog"]
    fields = written.get("fields", ()) if isinstance(written, MappingNode) else ()

    def warnings(field: MappingNode, key: str, unit: str | None) -> Data:
        return read_warn_limits(field, reader, unit, key)

    for field, read in zip(fields, _fields(template), strict=True):
        unit = reader.text(field, "unit")
        for key, reading in (("limits", reader.limits), ("warn_limits", warnings)):
            if key not in field:
                continue
            if "measurement" not in field:
                message = f"`{key}` belongs to a measurement, and this field records none"
                hint = "add `measurement: Name`"
                reader.problem("limits-without-measurement", message, field.key_place(key), hint=hint)
            assert isinstance(read, dict)
            read[key] = reading(field, key, unit)
        read_name(field, "measurement", reader)
    result: Data = template
    return result


def _check_measurement(node: MappingNode, reader: StepReader) -> None:
    for key in ("limits", "warn_limits", "unit"):
        if key in node and "measurement" not in node:
            reader.problem(
                f"{'unit' if key == 'unit' else 'limits'}-without-measurement",
                f"`{key}` belongs to a measurement, and this dialog records none",
                node.key_place(key),
                hint="add `measurement: Name`",
            )
    written = node["dialog"]
    kind = written.get("type", "confirm") if isinstance(written, MappingNode) else "confirm"
    if "measurement" in node and kind not in _ASKING:
        reader.problem(
            "nothing-to-measure",
            f"a dialog of type `{kind}` has no value to record as a measurement",
            node.key_place("measurement"),
        )


def _check(dialog: MappingNode, reader: StepReader) -> None:
    kind = dialog.get("type", "confirm")
    for key, needed in (("fields", "form"), ("steps", "steps")):
        if kind == needed and key not in dialog:
            reader.problem(f"no-{key}", f"a dialog of type `{needed}` needs `{key}`", dialog.value_place("type"))
        elif key in dialog and kind != needed:
            message = f"`{key}` belongs to a dialog of `type: {needed}`"
            reader.problem(f"{key}-misplaced", message, dialog.key_place(key), hint=f"write `type: {needed}`")
    _check_buttons(dialog, reader)
    _check_keys(dialog, kind, reader)
    if kind in _ASKING:
        _check_field(dialog, kind, reader)
    known: dict[str, set[str]] = {"name": set(), "label": set()}
    for field in dialog.get("fields", ()):
        for key, what in (("name", "named"), ("label", "labelled")):
            said = field.get(key)
            if said is not None and said in known[key]:
                reader.problem("duplicate-field", f"two fields are {what} `{said}`", field.value_place(key))
            known[key].add(said)
        _check_keys(field, field.get("type", "text"), reader)
        _check_field(field, field.get("type", "text"), reader)


def _check_buttons(dialog: MappingNode, reader: StepReader) -> None:
    for name in dialog.get("buttons", ()):
        if name not in buttons(dialog):
            message = f"this dialog has no button `{name}`"
            hint = f"it has {' and '.join(f'`{each}`' for each in buttons(dialog))}; `pass_fail` decides which"
            reader.problem("useless-key", message, dialog["buttons"].key_place(name), hint=hint)


def _check_keys(said: MappingNode, kind: str, reader: StepReader) -> None:
    for key in useless_keys(said):
        reader.problem("useless-key", f"`{key}` cannot be used with `type: {kind}`", said.key_place(key))


def _check_field(field: MappingNode, kind: str, reader: StepReader) -> None:
    """What is written without expressions is held to the rules that the dialog itself will be held to."""
    if kind in _CHOOSING and "choices" not in field:
        reader.problem("no-choices", f"there is nothing to choose from: `{kind}` needs `choices`", field.place)
        return
    if kind in _CHOOSING and has_expression(field["choices"]):
        return
    known = {key: value for key, value in field.items() if not has_expression(value)}
    described = describe_field({**known, "type": kind, "name": field.get("name", "value")})
    for problem in field_problems(described):
        # A slider has bounds without saying them.
        key = problem.key if problem.key in field else next(iter({"min", "max"} & set(field)), "type")
        reader.problem(problem.code, problem.message, field.value_place(key))


def emit(step: DialogStep, out: Emitter) -> None:
    """``Dialog(...).run()``"""
    names = ("save", "message", "measurement", "unit", "limits", "warn_limits")
    keywords = {name: getattr(step, name) for name in names}
    out.line(out.construct(Dialog, step, step.dialog, **keywords) + ".run()")


STEP = StepType(
    verb="dialog",
    summary="Asks the operator and waits for the answer. Closing the dialog stops the run.",
    schema=DIALOG,
    model=DialogStep,
    parse=parse,
    emit=emit,
    keys={
        "save": SAVE,
        "message": {
            "type": "string",
            **TEMPLATE,
            "description": "The message when the operator answers Fail; may contain ${{ expressions }}.",
            "examples": ["The LED at ${{ position }} is dark"],
        },
        "measurement": {
            "type": "string",
            **TEMPLATE,
            "minLength": 1,
            "description": "Records the answer as a measurement of this name.",
            "examples": ["Torque"],
        },
        "unit": {"type": "string", **TEMPLATE, "description": "The measurement's unit.", "examples": ["Nm"]},
        "limits": {"$ref": "#/$defs/limits"},
        "warn_limits": WARN_LIMITS,
    },
    shared=frozenset({"name", "if", "timeout", "on_fail", "error_code"}),
    example=(
        "- dialog: {type: number, title: Torque, text: Read the torque wrench, unit: Nm}\n"
        "  save: torque\n"
        "  measurement: Torque\n"
        "  limits: [1.0, 1.4]\n"
        "  timeout: 2 min\n"
    ),
)
