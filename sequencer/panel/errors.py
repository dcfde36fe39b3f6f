"""The one shape of every error of the HTTP interface: ``{"error": {"code", "message", ...}}``."""

from __future__ import annotations

from typing import Any

from sequencer.vocabulary.problem import Problem


class ApiError(Exception):
    """An answer that is an error. ``code`` is a stable kebab-case name, ``message`` a sentence for people."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.more = more

    def document(self) -> dict[str, Any]:
        """The JSON of the answer."""
        return {"error": {"code": self.code, "message": self.message, **self.more}}


class Refused(ApiError):
    """What was asked for is not possible in the present state (409)."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(409, code, message, **more)


class Invalid(ApiError):
    """What was sent is not usable (422); ``fields`` says what is wrong with which field."""

    def __init__(self, message: str, **more: Any) -> None:
        super().__init__(422, "invalid", message, **more)


class NotThere(ApiError):
    """There is nothing of this name (404)."""

    def __init__(self, message: str) -> None:
        super().__init__(404, "not-found", message)


def problem_document(found: Problem) -> dict[str, Any]:
    """A problem of a sequence or a configuration, as pages show it."""
    return {
        "place": str(found.place),
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        "hint": found.hint,
    }
