"""Failures in words: what a person reads when a step did not go well, and the part of a traceback that is theirs."""

from __future__ import annotations

import linecache
import re
import sys
import traceback
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from sequencer.report.event import FailureRecorded
from sequencer.vocabulary.failure import (
    CaseLeftOut,
    Interruption,
    SharedDriverError,
    StepError,
    StepFailed,
    Stopped,
    TimedOut,
)
from sequencer.vocabulary.reason import Reason, ReasonOrText
from sequencer.vocabulary.status import FailureKind

if TYPE_CHECKING:
    from sequencer.steps.base import StepRun

MAX_MESSAGE = 4_000
MAX_TRACEBACK = 20_000
_OWN = str(Path(__file__).resolve().parent.parent)
_PLACE = r"""(["'])([^"']+:\d+:\d+)\1"""


def kind_of(error: BaseException) -> FailureKind:
    """How ``error`` counts; whatever nobody foresaw is an error of the test."""
    if isinstance(error, StepFailed):
        return "failed"
    if isinstance(error, TimedOut):
        return "error" if error.unanswered else "timeout"
    return "stopped" if isinstance(error, Stopped) else "error"


def reason_of(error: BaseException) -> ReasonOrText:
    """Why ``error`` was raised, for people; never raises, whatever its own ``__str__`` does."""
    if isinstance(error, StepFailed | StepError | CaseLeftOut | TimedOut | Stopped):
        return _cut(error.reason)
    kind, text = kind_and_text(error)
    return _cut(Reason("exception", type=kind, message=text)) if text else kind


def kind_and_text(error: BaseException) -> tuple[str, str]:
    """The name of the class of ``error``, and its message; never raises, whatever its own ``__str__`` does."""
    try:
        text = str(error)
    except Exception:
        text = "(its message cannot be read)"
    return error.kind if isinstance(error, SharedDriverError) else type(error).__name__, text


def _cut(reason: ReasonOrText) -> ReasonOrText:
    """``reason`` without the rest of overlong texts: a driver, a program, an expression may give any."""
    if isinstance(reason, Reason):
        return Reason(reason.code, **{name: _cut_parameter(given) for name, given in reason.parameters.items()})
    return reason if len(reason) <= MAX_MESSAGE else f"{reason[:MAX_MESSAGE]}…"


def _cut_parameter(given: object) -> object:
    return _cut(given) if isinstance(given, ReasonOrText) else given


def late(error: TimedOut, step: StepRun | None, label: str = "") -> Reason:
    """Why a timeout struck: what took too long, and where it hung (in ``step``, known as ``label``)."""
    if error.unanswered:
        return Reason("with_detail", reason=error.reason, detail=Reason("no_answer"))
    if step is None:
        return error.reason
    if not step.call:
        hung = Reason("hung_step", step=label)
    elif label in (step.call, step.verb):
        hung = Reason("hung", call=step.call)
    else:
        hung = Reason("hung_call", call=step.call, step=label)
    return Reason("with_detail", reason=error.reason, detail=hung)


def step_failure(case: str | None, error: BaseException, step: StepRun, label: str, generated: Path) -> FailureRecorded:
    """The failure of a step, known as ``label``. To be called while the generated function that runs the step is."""
    kind = kind_of(error)
    code = getattr(error, "error_code", None)
    return FailureRecorded.because(
        case,
        kind,
        late(error, step, label) if isinstance(error, TimedOut) else reason_of(error),
        place=step.place,
        step=label,
        call=step.call,
        error_code=None if kind == "stopped" else step.error_code if code is None else code,
        # A program or a pause that hangs has no driver: the frames that the timeout interrupted are nobody's.
        traceback=None if step.call is None and isinstance(error, TimedOut) else driver_traceback(error, generated),
        generated=generated_line(error, generated),
    )


def failure_text(failure: FailureRecorded) -> str:
    """A failure as plain pytest shows it: its place in the YAML first."""
    code = "" if failure.error_code is None else f" [error code {failure.error_code}]"
    text = f"{failure.place or ''}: {failure.kind}: {failure.message}{code}".removeprefix(": ")
    return text if failure.traceback is None else f"{text}\n{failure.traceback.rstrip()}"


def driver_traceback(error: BaseException, generated: Path | None) -> str | None:
    """The frames of ``error`` that are neither hardseq's nor generated, with its causes; ``None`` without any.

    ``generated`` is the folder of the generated tests. A missed limit, a contradiction, a stop have no traceback.
    """
    if isinstance(error, StepFailed | StepError | Stopped):
        return None
    if isinstance(error, SharedDriverError):
        return error.traceback  # of the process in which it was raised
    if isinstance(error, Interruption) and error.driver_traceback is not None:
        return error.driver_traceback or None
    try:
        whole = traceback.TracebackException.from_exception(error, capture_locals=False)
        ours = (_OWN, "<frozen ") if generated is None else (_OWN, "<frozen ", str(generated))
        if not _strip(whole, ours):
            return None
        text = "".join(whole.format())
    except Exception:
        return None  # a driver's exception class may do anything; its failure is recorded all the same
    return text if len(text) <= MAX_TRACEBACK else f"{text[: MAX_TRACEBACK // 2]}\n…\n{text[-MAX_TRACEBACK // 2 :]}"


def driver_stack(frame: FrameType | None) -> str | None:
    """Where the code is that hardseq called, as a traceback tells it; ``None`` where it called none."""
    stack = [] if frame is None else list(traceback.StackSummary.extract(traceback.walk_stack(frame)))[::-1]
    own = max((at for at, each in enumerate(stack) if each.filename.startswith(_OWN)), default=-1)
    theirs = traceback.StackSummary.from_list(stack[own + 1 :])
    return f"Traceback (most recent call last):\n{''.join(theirs.format())}" if theirs else None


def _strip(whole: traceback.TracebackException, ours: tuple[str, ...]) -> bool:
    """Removes our frames from the chain of exceptions; whether any frame is left."""
    left = False
    seen: set[int] = set()
    waiting: list[traceback.TracebackException | None] = [whole]
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(
            [frame for frame in part.stack if not frame.filename.startswith(ours)]
        )
        left = left or bool(part.stack)
        waiting += [part.__cause__, part.__context__, *(part.exceptions or ())]
    return left


def generated_frame(error: BaseException | None, generated: Path) -> tuple[FrameType, int] | None:
    """The frame of the generated function, with its line, that ``error`` went through or that calls us now."""
    ours = str(generated)
    trace = [] if error is None else list(traceback.walk_tb(error.__traceback__))
    for frame, line in reversed(trace):
        if frame.f_code.co_filename.startswith(ours):
            return frame, line
    for frame, line in traceback.walk_stack(sys._getframe()):
        if frame.f_code.co_filename.startswith(ours):
            return frame, line
    return None


def generated_line(error: BaseException | None, generated: Path) -> str | None:
    """``FOLDER/test_main.py:21``, the folder being that of the generated tests."""
    found = generated_frame(error, generated)
    if found is None:
        return None
    frame, line = found
    return f"{generated.name}/{Path(frame.f_code.co_filename).name}:{line}"


def generated_place(trace: TracebackType | None, generated: Path) -> str | None:
    """The place in the YAML of the generated statement that ``trace`` goes through, outside of any step.

    That is a condition in front of a step, so the place written next in the code.
    """
    found = None
    for frame, line in traceback.walk_tb(trace):
        if frame.f_code.co_filename.startswith(str(generated)):
            found = frame.f_code.co_filename, line
    if found is None:
        return None
    file, line = found
    for number in range(line, line + 20):
        place = re.search(_PLACE, linecache.getline(file, number))
        if place is not None:
            return place[2]
    return None
