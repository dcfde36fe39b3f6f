"""Messages between runner and test process: what is sent is what is read, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.protocol.commands import (
    COMMANDS,
    AnswerDialog,
    Collect,
    Command,
    DebugLine,
    EndStep,
    ResumeState,
    Start,
    Stop,
    TellPlan,
    Warm,
)
from sequencer.protocol.notices import (
    NOTICES,
    DeadlineNotice,
    DebuggerAsks,
    DebuggerLeft,
    DebuggerSaid,
    NotCollected,
    Notice,
    Plan,
    Ready,
    StartRefused,
)
from sequencer.protocol.request import StartProblem, StartRequest
from sequencer.vocabulary.reason import Reason

REQUEST = StartRequest(
    params={"serial": "Größe \ud800", "count": 3, "on": None},
    only=["main::a"],
    record={"stand": {"name": "left", "slots": [1, 2.5, {"deep": [None, True]}]}},
    drivers={"dmm": {"port": "COM1"}},
    host={"name": "bench"},
    breaks=["main"],
)
COMMANDS_SENT: list[Command] = [
    Collect("/compiled", None, "abc", {"TOKEN": "x"}, ["y"]),
    TellPlan(),
    Warm(REQUEST),
    Start(run="r", request=REQUEST, resume=ResumeState(seq=4, statuses={"main::a": "passed"}, reason="died")),
    Stop("enough"),
    Stop(Reason("left_out", reason=Reason("died")).document()),
    EndStep(7, "hangs"),
    AnswerDialog("id", "confirm", {"fields": [1, "two"]}, "somebody"),
    DebugLine(None),
]
NOTICES_SENT: list[Notice] = [
    Ready(True),
    NotCollected("no tests"),
    Plan({"name": "demo"}, [{"id": "main", "cases": []}]),
    StartRefused("no such case", problems=[StartProblem("only", "only", "unknown", "there is no case", 3)]),
    DeadlineNotice(2.5),
    DeadlineNotice(None),
    DebuggerSaid("text"),
    DebuggerAsks("(Pdb) "),
    DebuggerLeft(),
]


@pytest.mark.parametrize("command", COMMANDS_SENT, ids=lambda sent: type(sent).__name__)
def test_commands_come_back(command: Command) -> None:
    """What the runner sends is what the test process reads."""
    assert COMMANDS.read(COMMANDS.encode(command)) == command


@pytest.mark.parametrize("notice", NOTICES_SENT, ids=lambda sent: type(sent).__name__)
def test_notices_come_back(notice: Notice) -> None:
    """What the test process sends is what the runner reads."""
    line = NOTICES.encode(notice)
    assert line.startswith(NOTICES.begin)
    assert NOTICES.read(line) == notice


@pytest.mark.parametrize("sent", [*COMMANDS_SENT, *NOTICES_SENT], ids=lambda sent: type(sent).__name__)
def test_a_field_of_another_type_makes_it_no_message(sent: Any) -> None:
    """A driver's own JSON in a pipe is never taken for a message, whichever of the fields is wrong."""
    messages = COMMANDS if type(sent) in {type(each) for each in COMMANDS_SENT} else NOTICES
    found = json.loads(messages.encode(sent))
    for name in sent._fields:
        if name != "value":  # an answer can have any
            assert messages.read(json.dumps({**found, name: [[[]]]}).encode()) is None, name


@given(st.binary())
def test_bytes_are_no_message(line: bytes) -> None:
    """Bytes, other JSON, half a message: never an exception."""
    assert COMMANDS.read(line) is None
    assert NOTICES.read(line) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text() | st.sampled_from(["start", "ready"]),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["command", "notice", "run", "request", "keeps", "params"]), inner)
        ),
    )
)
def test_foreign_json_is_no_message_or_a_whole_one(document: object) -> None:
    """Whatever a driver writes, what comes out has the types that it says."""
    line = json.dumps(document).encode()
    command, notice = COMMANDS.read(line), NOTICES.read(line)
    assert command is None or COMMANDS.read(COMMANDS.encode(command)) == command
    assert notice is None or NOTICES.read(NOTICES.encode(notice)) == notice


def test_deep_nesting_is_no_message() -> None:
    """Python's own limit is no reason to end a run."""
    assert NOTICES.read(b'{"notice":' + b"[" * 100_000) is None
