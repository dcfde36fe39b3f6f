"""Failures in words, whatever was raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from sequencer.expressions.value import to_data
from sequencer.runtime.failures import driver_traceback, kind_of, reason_of, step_failure
from sequencer.steps.exec import Exec
from sequencer.vocabulary.failure import StepError, StepFailed, Stopped, TimedOut


class Mute(Exception):
    """Raises when asked what it is about."""

    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (StepFailed("5 V rail: 4.2 is below 4.8"), "failed", "5 V rail: 4.2 is below 4.8"),
        (StepError("`x`: 'x' is not defined"), "error", "`x`: 'x' is not defined"),
        (TimedOut("step", 1.5), "timeout", "the step took longer than its timeout of 1.5 s"),
        (Stopped("Ctrl-C"), "stopped", "Ctrl-C"),
        (RuntimeError("no answer"), "error", "RuntimeError: no answer"),
        (RuntimeError(), "error", "RuntimeError"),
        (SystemExit(3), "error", "SystemExit: 3"),
        (Mute(), "error", "Mute: (its message cannot be read)"),
    ],
)
def test_every_exception_has_a_kind_and_a_text(error: BaseException, kind: str, text: str) -> None:
    """Those of hardseq speak for themselves, all others say what they are."""
    assert (kind_of(error), str(reason_of(error))) == (kind, text)


def test_a_long_message_is_cut() -> None:
    """A driver may put a whole memory dump into its exception."""
    assert len(str(reason_of(ValueError("x" * 100_000)))) < 5_000


def test_the_traceback_is_the_drivers_with_its_causes(tmp_path: Path) -> None:
    """Frames of hardseq and of generated tests are left out, of the cause as well; without any left there is none."""
    driver = tmp_path / "driver.py"
    driver.write_text("def ask():\n    raise OSError('cable')\n")
    generated = tmp_path / "generated"
    generated.mkdir()
    scope: dict[str, object] = {}
    exec(compile(driver.read_text(), str(driver), "exec"), scope)
    exec(
        compile(
            "def test(ask):\n    try:\n        ask()\n    except OSError as e:\n        raise ValueError from e",
            str(generated / "test_main.py"),
            "exec",
        ),
        scope,
    )
    with pytest.raises(ValueError) as caught:
        scope["test"](scope["ask"])  # type: ignore[operator]
    text = driver_traceback(caught.value, generated)
    assert text is not None
    assert "driver.py" in text
    assert "test_main.py" not in text
    with pytest.raises(TypeError) as ours:
        to_data()  # type: ignore[call-arg]
    assert "to_data" in (driver_traceback(ours.value, generated) or "to_data")
    assert driver_traceback(StepFailed("x"), generated) is None


def test_an_exception_without_frames_of_a_driver_has_no_traceback() -> None:
    """Such as the wrong arguments of a call in generated code."""
    assert driver_traceback(TypeError("missing argument"), None) is None


def test_a_program_that_hangs_shows_nobodys_traceback(tmp_path: Path) -> None:
    """A timeout without a driver tells the step by the name that people know, and no frames of Python itself."""
    step = Exec(None, "s.yaml:3:5", ["flash"], name="Flash ${{ chip }}")  # type: ignore[arg-type]
    with pytest.raises(TimedOut) as caught:
        interrupt(TimedOut("step", 1.0))
    failure = step_failure("m::a", caught.value, step, "Flash U7", tmp_path)
    assert failure.message == "the step took longer than its timeout of 1 s: it hung in the step 'Flash U7'"
    assert (failure.step, failure.place, failure.traceback) == ("Flash U7", "s.yaml:3:5", None)


def interrupt(error: BaseException) -> None:
    raise error
