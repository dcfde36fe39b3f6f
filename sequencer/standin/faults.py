"""How the stand-in can be told to misbehave. Pure."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args

from sequencer.vocabulary.dataclass import dataclass

Drop = Literal["before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to misbehave; the first one that applies to a request is carried out.

    ``status`` and ``text``: answer so instead, with the header ``Retry-After: retry_after`` and further ``headers``.
    ``delay``: wait so many seconds first. ``drop``: close the connection without an answer, ``before`` the report was
    looked at or ``after`` it was stored. ``path``: for this call alone. ``run``: for the report of this id alone.
    ``every``: each n-th request that it could apply to. ``times``: so often, then never again (null: until told).
    """

    status: int | None = None
    text: str = "told to fail"
    retry_after: str | None = None
    headers: Mapping[str, str] | None = None
    delay: float = 0.0
    drop: Drop | None = None
    path: str = "test_report"
    run: str | None = None
    every: int = 1
    times: int | None = None


_KINDS: Mapping[str, tuple[type, ...]] = {
    "status": (int,),
    "text": (str,),
    "retry_after": (str, int),
    "headers": (dict,),
    "delay": (int, float),
    "drop": (str,),
    "path": (str,),
    "run": (str,),
    "every": (int,),
    "times": (int,),
}


def read_fault(document: object) -> Fault:
    """A fault out of the JSON of the control call. Raises ``ValueError`` for anything unknown."""
    if not isinstance(document, dict):
        raise ValueError("a fault is a JSON object")
    known = {field.name for field in fields(Fault)}
    if unknown := sorted(set(document) - known):
        raise ValueError(f"unknown keys: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    given: dict[str, Any] = {key: value for key, value in document.items() if value is not None}
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, _KINDS[key]):
            raise ValueError(f"{key} must not be {value!r}")
    if "retry_after" in given:
        given["retry_after"] = str(given["retry_after"])
    if given.get("drop", "after") not in get_args(Drop):
        raise ValueError("drop must be before or after")
    if not 100 <= given.get("status", 200) <= 599 or given.get("every", 1) < 1 or given.get("delay", 0) < 0:
        raise ValueError("status must be 100 to 599, every at least 1, delay not negative")
    return Fault(**given)


class FaultPlan:
    """The faults in force, counting what they were applied to. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._met: list[int] = []
        self._done: list[int] = []

    def add(self, fault: Fault) -> None:
        """From now on in force, after those that are."""
        with self._lock:
            self._faults.append(fault)
            self._met.append(0)
            self._done.append(0)

    def clear(self) -> None:
        """No faults any more."""
        with self._lock:
            self._faults, self._met, self._done = [], [], []

    def next(self, path: str, run: str | None) -> Fault | None:
        """The fault for this request, counted, or ``None``."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.path != path or (fault.run is not None and fault.run != run):
                    continue
                if fault.times is not None and self._done[index] >= fault.times:
                    continue
                self._met[index] += 1
                if self._met[index] % fault.every == 0:
                    self._done[index] += 1
                    return fault
        return None
