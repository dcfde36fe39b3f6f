"""The exceptions that end a step or a case. Only those that a person's own code may catch are ``Exception``."""

from __future__ import annotations


class StepFailed(Exception):
    """The product missed a limit or a check: the case fails. ``error_code`` overrides the step's."""

    def __init__(self, message: str, error_code: int | None = None) -> None:
        super().__init__(message)
        self.error_code = error_code


class StepError(Exception):
    """The test itself could not be carried out (an expression that raises, a record that contradicts): an error.

    ``place`` is where in the YAML, for what is wrong outside of all steps.
    """

    def __init__(self, message: str, place: str | None = None) -> None:
        super().__init__(message)
        self.place = place


class Interruption(BaseException):
    """Raised into the running step from outside; not an ``Exception``, so that no driver swallows it by accident."""


class TimedOut(Interruption):
    """A step or case ran past its timeout of ``seconds``; ``subject`` is ``"step"`` or ``"case"``.

    ``unanswered``: it struck while an operator was waited for, which is no failure of the product.
    """

    def __init__(self, subject: str, seconds: float) -> None:
        super().__init__(f"the {subject} took longer than its timeout of {seconds:g} s")
        self.subject = subject
        self.seconds = seconds
        self.unanswered = False


class Stopped(Interruption):
    """The operator (or a signal) asked for the run to stop."""

    def __init__(self, reason: str = "stopped by the operator") -> None:
        super().__init__(reason)
        self.reason = reason
