"""The exceptions that say why in ``reason``: a reason of hardseq's own, or text of a sequence, a driver, an operator.

Of those that end a step or a case only what a person's own code may catch is an ``Exception``.
"""

from __future__ import annotations

from typing import Literal

from sequencer.vocabulary.reason import Reason, ReasonOrText

TimedSubject = Literal["step", "case", "open", "identity", "close"]
"""What may take too long: a step, a case, a driver that is opened, asked who it is, closed."""


class ReasonedError(Exception):
    """An error that says why; its text is the reason in English."""

    def __init__(self, reason: ReasonOrText) -> None:
        super().__init__(str(reason))
        self.reason = reason


def why(error: Exception) -> ReasonOrText:
    """The reason of ``error`` where it has one, else its text."""
    return error.reason if isinstance(error, ReasonedError) else str(error)


class UnusableValue(ReasonedError, ValueError):
    """What cannot be done with a value."""


class StepFailed(ReasonedError):
    """The product missed a limit or a check: the case fails. ``error_code`` overrides the step's."""

    def __init__(self, reason: ReasonOrText, error_code: int | None = None) -> None:
        super().__init__(reason)
        self.error_code = error_code


class CaseLeftOut(ReasonedError):
    """The case finds out that it does not apply to this product: it is skipped, and nothing in it failed."""


class StepError(ReasonedError):
    """The test itself could not be carried out (an expression that raises, a record that contradicts): an error.

    ``place`` is where in the YAML, for what is wrong outside of all steps.
    """

    def __init__(self, reason: ReasonOrText, place: str | None = None) -> None:
        super().__init__(reason)
        self.place = place


class Interruption(BaseException):
    """Raised into the running step from outside; not an ``Exception``, so that no driver swallows it by accident.

    ``driver_traceback`` is where a shared driver was then, in its own process; ``None`` where none was called.
    """

    driver_traceback: str | None = None


class TimedOut(Interruption):
    """``subject`` ran past its timeout of ``seconds``.

    ``unanswered``: it struck while an operator was waited for, which is no failure of the product.
    """

    def __init__(self, subject: TimedSubject, seconds: float) -> None:
        self.reason = Reason(f"{subject}_late", seconds=seconds)
        super().__init__(str(self.reason))
        self.subject = subject
        self.seconds = seconds
        self.unanswered = False


class Stopped(Interruption):
    """The operator (or a signal) asked for the run to stop."""

    def __init__(self, reason: ReasonOrText | None = None) -> None:
        self.reason = Reason("operator_stopped") if reason is None else reason
        super().__init__(str(self.reason))


class SharedDriverError(Exception):
    """What a shared driver raised in the process that holds it: the name of the exception's class, its text, and the
    ``traceback`` there. ``error_code`` as in ``StepFailed``."""

    def __init__(self, kind: str, text: str, traceback: str | None = None, error_code: int | None = None) -> None:
        super().__init__(text)
        self.kind = kind
        self.traceback = traceback
        self.error_code = error_code
