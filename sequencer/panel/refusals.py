"""Answers that say no, and what they tell. Nothing here knows of HTTP requests, nor loads what reads them."""

from __future__ import annotations

from sequencer.protocol.request import RunRefused
from sequencer.vocabulary.problem import Problem
from sequencer.vocabulary.reason import ReasonOrText, coded


class ApiError(Exception):
    """An answer that is an error. ``code`` is a stable kebab-case name, ``message`` a sentence for people, and where
    that is a reason of hardseq's own, ``coded_reason`` is beside it."""

    def __init__(self, status: int, code: str, message: ReasonOrText, **more: object) -> None:
        super().__init__(str(message))
        self.status = status
        self.code = code
        self.reason = message
        self.message = str(message)
        self.more = more if (reason := coded(message)) is None else {**more, "coded_reason": reason}

    def document(self) -> dict[str, object]:
        """The JSON of the answer."""
        return {"error": {"code": self.code, "message": self.message, **self.more}}


class ActionRefused(ApiError):
    """What was asked for is not possible in the present state (409)."""

    def __init__(self, code: str, message: ReasonOrText, **more: object) -> None:
        super().__init__(409, code, message, **more)


class InvalidRequest(ApiError):
    """What was sent is not usable (422); ``fields`` says what is wrong with which field."""

    def __init__(self, message: ReasonOrText, **more: object) -> None:
        super().__init__(422, "invalid", message, **more)


def start_refused(refused: RunRefused) -> InvalidRequest:
    """The answer to a start that cannot be; ``fields`` says what is wrong with which parameter or other part of it."""
    if not refused.problems:
        return InvalidRequest(refused.reason)
    fields = [
        {
            "field": found.name,
            "code": found.code,
            "message": found.message,
            "limit": found.limit,
            **({} if found.coded_reason is None else {"coded_reason": found.coded_reason}),
        }
        for found in refused.problems
    ]
    return InvalidRequest(refused.reason, fields=fields)


class ResourceNotFound(ApiError):
    """There is nothing of this name (404)."""

    def __init__(self, message: ReasonOrText) -> None:
        super().__init__(404, "not-found", message)


def problem_document(found: Problem) -> dict[str, object]:
    """A problem of a sequence or a configuration, as pages show it."""
    return {
        "place": str(found.place),
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        "hint": found.hint,
    }
