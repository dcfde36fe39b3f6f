"""What an attempt of a case collects: one small function for each kind of event that only adds to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from sequencer.report import event as events
from sequencer.report.model import AttemptReport
from sequencer.report.parts import new_failure
from sequencer.vocabulary.data import MeasurementType

_TYPES = frozenset(get_args(MeasurementType))


def _step_started(attempt: AttemptReport, event: events.StepStarted, time: float) -> None:
    attempt["step"] = {
        "place": event.place,
        "verb": event.verb,
        "step": event.step,
        "call": event.call,
        "time": time,
        "timeout": event.timeout,
    }


def _measurement(attempt: AttemptReport, event: events.MeasurementRecorded, time: float) -> None:
    attempt["measurements"].append(
        {
            "name": event.measurement,
            "value": event.value,
            "type": event.type if event.type in _TYPES else "other",
            "unit": event.unit,
            "limits": event.limits,
            "result": event.result,
            "reason": event.reason,
            "place": event.place,
            "time": time,
        }
    )


def _check(attempt: AttemptReport, event: events.CheckEvaluated, time: float) -> None:
    attempt["checks"].append(
        {"expression": event.expression, "result": event.result, "place": event.place, "time": time}
    )


def _try_failed(attempt: AttemptReport, event: events.TryFailed, time: float) -> None:
    measurements, checks = attempt["measurements"], attempt["checks"]
    for measured in measurements[max(0, len(measurements) - event.measurements) :]:
        measured["superseded"] = True
    for checked in checks[max(0, len(checks) - event.checks) :]:
        checked["superseded"] = True
    attempt.setdefault("tries", []).append(
        {"step": event.step, "number": event.number, "message": event.message, "place": event.place, "time": time}
    )


def _message(attempt: AttemptReport, event: events.MessageShown, time: float) -> None:
    messages = attempt["messages"]
    key, number = event.key, len(messages)
    while not key:  # a message without a key stands on its own
        number += 1
        key = f"#{number}" if f"#{number}" not in messages else ""
    messages[key] = event.text


def _failure(attempt: AttemptReport, event: events.FailureRecorded, time: float) -> None:
    attempt["failures"].append(new_failure(event, time))


def _dialog_asked(attempt: AttemptReport, event: events.DialogAsked, time: float) -> None:
    attempt["dialogs"].append(
        {
            "id": event.id,
            "dialog": event.dialog,
            "result": None,
            "value": None,
            "by": None,
            "asked": time,
            "seconds": None,
        }
    )


def _dialog_answered(attempt: AttemptReport, event: events.DialogAnswered, time: float) -> None:
    for asked in reversed(attempt["dialogs"]):
        if asked["id"] == event.id:
            asked.update(result=event.result, value=event.value, by=event.by, seconds=event.seconds)
            return


def _progress(attempt: AttemptReport, event: events.ProgressChanged, time: float) -> None:
    attempt["progress"] = {"value": event.value, "maximum": event.maximum, "label": event.label}


def _chart(attempt: AttemptReport, event: events.ChartAdded, time: float) -> None:
    attempt["charts"].append(event.chart)


def _program_run(attempt: AttemptReport, event: events.ProgramFinished, time: float) -> None:
    attempt["programs"].append(
        {
            "command": event.command,
            "exit_code": event.exit_code,
            "output": event.output,
            "truncated": event.truncated,
            "seconds": event.seconds,
            "place": event.place,
        }
    )


def _attachment(attempt: AttemptReport, event: events.FileAttached, time: float) -> None:
    attempt["attachments"].append(
        {"name": event.name, "sha256": event.sha256, "size": event.size, "media_type": event.media_type}
    )


DETAILS: Mapping[type[Any], Callable[[AttemptReport, Any, float], None]] = {
    events.StepStarted: _step_started,
    events.MeasurementRecorded: _measurement,
    events.CheckEvaluated: _check,
    events.TryFailed: _try_failed,
    events.MessageShown: _message,
    events.FailureRecorded: _failure,
    events.DialogAsked: _dialog_asked,
    events.DialogAnswered: _dialog_answered,
    events.ProgressChanged: _progress,
    events.ChartAdded: _chart,
    events.ProgramFinished: _program_run,
    events.FileAttached: _attachment,
}
