"""Which cases somebody chose, by name or by tag: the one rule for command line, panel and test process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from sequencer.vocabulary.reason import Reason


class Candidate(NamedTuple):
    """A case that can be chosen. ``name`` is the full one, ``module::case``."""

    name: str
    module: str
    tags: Sequence[str]


class UnknownSelection(ValueError):
    """A choice that means no case; ``field`` says where, ``code`` is ``unknown`` or ``empty``."""

    def __init__(self, reason: Reason, field: Literal["only", "tags"], code: Literal["unknown", "empty"]) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.field = field
        self.code = code


def select(cases: Sequence[Candidate], only: Iterable[str] | None, tags: Iterable[str] | None) -> list[str] | None:
    """The full names of the chosen cases in running order, ``None`` for the whole sequence.

    ``only`` names cases (``module::case``; a case of several rows without its ``[row]`` means all of them) or modules;
    ``tags`` keeps the cases that have one of them. Raises ``UnknownSelection``.
    """
    if only is None and tags is None:
        return None
    chosen = {case.name for case in cases} if only is None else named(cases, only)
    if not chosen:
        raise UnknownSelection(Reason("none_chosen"), "only", "empty")
    if tags is not None:
        wanted = set(tags)
        unknown = wanted.difference(*(case.tags for case in cases))
        if unknown:
            raise UnknownSelection(Reason("unknown_tag", tag=min(unknown)), "tags", "unknown")
        chosen &= {case.name for case in cases if not wanted.isdisjoint(case.tags)}
    if not chosen:
        raise UnknownSelection(Reason("nothing_selected"), "tags", "empty")
    return [case.name for case in cases if case.name in chosen]


def named(cases: Sequence[Candidate], only: Iterable[str]) -> set[str]:
    """The full names of the cases that ``only`` means, as in ``select``. Raises ``UnknownSelection``."""
    chosen = set()
    for name in only:
        found = {case.name for case in cases if name in (case.name, case.module) or case.name.startswith(f"{name}[")}
        if not found:
            raise UnknownSelection(_unknown(cases, name), "only", "unknown")
        chosen |= found
    return chosen


def _unknown(cases: Sequence[Candidate], name: str) -> Reason:
    from difflib import get_close_matches

    known = [*(case.name for case in cases), *dict.fromkeys(case.module for case in cases)]
    close = get_close_matches(name, known, n=1)
    reason = Reason("unknown_case", name=name)
    return Reason("did_you_mean", reason=reason, name=close[0]) if close else reason
