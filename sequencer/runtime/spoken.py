"""What a driver says of the step that calls it, by ``sequencer.api.step()``."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from mimetypes import guess_type
from typing import TYPE_CHECKING

from sequencer.expressions.expression import literal_text
from sequencer.expressions.value import measured
from sequencer.report.event import MessageShown, ProgressChanged
from sequencer.steps.measuring import record_measurement
from sequencer.vocabulary.failure import StepError, StepFailed
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.runtime.case import AttemptContext


class SpokenStep:
    """The step of ``attempt`` that is under way.

    Measurements and files of another thread than the test's own are recorded when the step ends; once the case is over
    they are a ``StepError`` in that thread.
    """

    def __init__(self, attempt: AttemptContext) -> None:
        self._attempt = attempt

    def progress(self, value: float, maximum: float, label: str | None) -> None:
        """Raises ``ValueError`` for what is not such a number."""
        check_progress(value, maximum)
        shown = min(max(float(value), 0.0), float(maximum))
        self._attempt.run.emit_from_driver(ProgressChanged(self._attempt.full_name, shown, float(maximum), label))

    def message(self, text: str, key: str) -> None:
        """As the step ``message``."""
        self._attempt.run.emit_from_driver(MessageShown(self._attempt.full_name, key, str(text)))

    def measure(self, name: str, value: object, unit: str | None, limits: object) -> None:
        """As the step ``measure``; a missed limit is a failure of the step, at its end, and nothing is raised.

        Raises ``StepError`` for what cannot be recorded, which is a failure of the step as well.
        """

        def record() -> None:
            try:
                if (step := self._attempt.innermost) is None:
                    raise StepError(Reason("no_step", measurement=name))
                record_measurement(
                    step,
                    literal_text(str(name)),
                    measured(value),
                    unit=None if unit is None else literal_text(unit),
                    limits=_literal(limits),
                    nulls=False,  # a program's null may be a value that is missing
                )
            except (StepFailed, StepError) as error:
                self._attempt.spoken_failure = self._attempt.spoken_failure or error
                if isinstance(error, StepError):
                    raise

        self._now_or_later(record, Reason("no_step", measurement=name))

    def attach(self, name: str, data: bytes, media_type: str | None) -> None:
        """As the step ``attach``. Raises ``StepError`` when it cannot be kept."""
        self._now_or_later(
            lambda: self._attempt.attach(name, data, media_type or guess_type(name)[0]),
            Reason("no_step_file", name=name),
        )

    def _now_or_later(self, record: Callable[[], None], too_late: Reason) -> None:
        if threading.current_thread() is threading.main_thread():
            record()
            return
        later = self._attempt.spoken_later
        later.append(record)
        if self._attempt.over and record in later:  # nobody looks there any more
            later.remove(record)
            raise StepError(too_late)


def check_progress(value: float, maximum: float) -> None:
    """Raises ``ValueError`` for what is no progress."""
    if not (math.isfinite(value) and math.isfinite(maximum) and maximum > 0):
        raise ValueError(f"progress is a number up to a maximum above 0, not {value!r} of {maximum!r}")


def _literal(limits: object) -> object:
    """What a driver says is no template, whatever is in it."""
    if isinstance(limits, str):
        return literal_text(limits)
    if isinstance(limits, Mapping):
        return {key: _literal(value) for key, value in limits.items()}
    if isinstance(limits, list | tuple):
        return [_literal(each) for each in limits]
    return limits
