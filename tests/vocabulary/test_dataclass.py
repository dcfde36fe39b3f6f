"""The dataclasses of hardseq behave as those of the standard library, and cost a start little."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
import threading
from dataclasses import FrozenInstanceError, field, fields, is_dataclass, replace
from typing import Any, ClassVar

import pytest

from sequencer.vocabulary.dataclass import dataclass

KINDS: list[dict[str, bool]] = [
    {},
    {"slots": True},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"slots": True, "eq": False},
    {"frozen": True, "slots": True, "eq": False},
]


def _defined(make: Any, kind: dict[str, bool]) -> type[Any]:
    @make(**kind)
    class Point:
        """Where something is."""

        unit: ClassVar[str] = "mm"
        x: float
        y: float = 2.0
        tags: list[str] = field(default_factory=list)

    return Point  # type: ignore[no-any-return]  # what makes it is not known to be a decorator of classes


def _told(action: Any) -> object:
    try:
        return action()
    except Exception as error:
        return type(error), re.sub(r"^.*?(\w+\(\))", r"\1", str(error))


def _behaviour(made: type[Any]) -> list[object]:
    """All that can be asked of a dataclass, as values to compare; of instances what they show."""
    point = made(x=1.0)
    other = made(x=1.0)

    def assigned() -> float:
        point.y = 3.0
        return point.y  # type: ignore[no-any-return]

    return [
        repr(point),
        point == other,
        point == made(x=2.0),
        point == (1.0, 2.0, []),
        made.__hash__ is None,
        made.__hash__ is object.__hash__,
        _told(lambda: hash(made(x=1.0, tags=())) == hash(made(x=1.0, tags=()))),
        other.tags is not point.tags,
        _told(lambda: made(1.0, 5.0, ["a"]).tags),
        _told(made),
        _told(lambda: made(x=1.0, z=2.0)),
        _told(assigned),
        repr(copy.copy(point)),
        repr(replace(point, x=4.0)),
        made.__match_args__,
        [(one.name, one.kw_only) for one in fields(made)],
        dataclasses.asdict(point),
        hasattr(point, "__dict__"),
        made.__doc__,
        _told(lambda: delattr(point, "x")),
    ]


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_it_behaves_as_that_of_the_standard_library(kind: dict[str, bool]) -> None:
    """Comparison, hash, text, copies, defaults and refusals are the same for each kind that hardseq uses."""
    assert _behaviour(_defined(dataclass, kind)) == _behaviour(_defined(dataclasses.dataclass, kind))


def test_each_method_is_compiled_when_it_is_first_called() -> None:
    """What is never used costs nothing, what is used is an ordinary function afterwards, also in a subclass."""
    made = _defined(dataclass, {"frozen": True, "slots": True})
    before = made.__repr__

    class Plain(made):  # type: ignore[misc]  # a base of any kind
        """Adds nothing."""

    assert repr(Plain(1.0)).endswith("Plain(x=1.0, y=2.0, tags=[])")
    assert made.__repr__ is not before
    assert made.__init__.__code__.co_varnames[:2] == ("self", "x")
    assert not Plain.__dict__.keys() & {"__init__", "__repr__"}


def test_a_class_may_be_first_used_by_several_threads() -> None:
    """A method that two threads compile at once is the same for both."""
    made = _defined(dataclass, {"frozen": True, "slots": True})
    together = threading.Barrier(4)
    seen: list[str] = []

    def use() -> None:
        together.wait()
        seen.append(repr(made(1.0)))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4 and len(set(seen)) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What others inherit."""

    place: str = "a.yaml:1:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(Base):
    """Inherits by hardseq's decorator."""

    text: str

    def __repr__(self) -> str:
        return f"<{self.text}>"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Foreign(Base):
    """Inherits by the standard library's, as a package with a verb of its own does."""

    text: str


@pytest.mark.parametrize("made", [Derived, Foreign])
def test_it_is_inherited_by_both_kinds(made: type[Derived] | type[Foreign]) -> None:
    """A frozen base makes frozen classes; copies and pickles keep the fields of both."""
    one = made(text="hello")
    assert (one.place, one.text) == ("a.yaml:1:1", "hello")
    assert is_dataclass(one)
    assert one == made(text="hello") != made(text="hello", place="b")
    assert {one: 1}[copy.deepcopy(one)] == 1
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(FrozenInstanceError):
        one.text = "other"
    assert repr(Derived(text="mine")) == "<mine>"


def test_what_follows_the_constructor_is_called() -> None:
    """`__post_init__` completes an instance."""

    @dataclass(slots=True)
    class Name:
        """A full name."""

        case: str
        full: str = ""

        def __post_init__(self) -> None:
            self.full = f"main::{self.case}"

    assert Name("a").full == "main::a"
