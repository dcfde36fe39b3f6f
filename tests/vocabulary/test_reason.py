"""Reasons: a code with parameters, one English sentence for each, and the code that makes them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.limits import judge, parse_limits
from sequencer.vocabulary.failure import StepError, StepFailed, Stopped, TimedOut, TimedSubject
from sequencer.vocabulary.reason import (
    Reason,
    coded,
    quantity,
    read_reason,
    sentence,
)
from sequencer.vocabulary.sentences import KINDS, OUTCOMES, SENTENCES
from tests.every import every
from tests.vocabulary.reasons import every_reason, parameter_names

PACKAGE = Path(__file__).parents[2] / "sequencer"
PAGE = Path(__file__).parents[2] / "docs/reference/reasons.md"
BY_LIMITS = frozenset({"below", "not_above", "above", "not_below", "inside", "not_equal", "forbidden", "lacks"})
COMPUTED = frozenset(
    {
        "no_measurement",
        "nothing_judged",
        "timeout_ignored",
        "close_ignored",
        "class_not_called",
        "function_not_called",
        "database_locked",
        "database_full",
        "database_read_only",
        "database_not_writable",
        "database_not_opened",
        "database_disk_error",
        "not_a_database",
        "database_damaged",
        "database_refused",
        "value_not_stored",
        "database_unusable",
        "alarm_yield",
        "alarm_first_pass_yield",
        "alarm_final_yield",
    }
) | {f"{subject}_late" for subject in get_args(TimedSubject)}
"""Codes that are chosen at the place where the reason is made."""

CODED = frozenset(
    {
        "StepError",
        "StepFailed",
        "UnusableValue",
        "RunRefused",
        "RunNotPossible",
        "NoPicture",
        "ApiError",
        "ActionRefused",
        "InvalidRequest",
        "ResourceNotFound",
        "StoreError",
        "StoreUnavailable",
        "StoreConflict",
        "ReportRefused",
        "OutboxUnavailable",
        "LoginRefused",
        "DocumentNotFound",
        "DocumentConflict",
        "UsersUnusable",
        "NotConfigured",
        "Stopped",
    }
)
"""Errors whose reason a person may read in a language of their own."""
TELLING = frozenset({"alert", "because"})
"""Methods that tell people a reason: an alert of the panel, a failure in the journal."""
OF_PROGRAMS = frozenset(
    {
        "wrong-host",
        "cross-site",
        "token",
        "not-json",
        "unknown-key",
        "wrong-type",
        "too-long",
        "bad-parameter",
        "unusable-export",
    }
)
"""Errors of the HTTP interface for whoever wrote the request, or the package of an export: in English alone."""


TOLD = re.compile(rf"\b({'|'.join([*sorted(CODED | TELLING), 'Reason'])})\s*\(")
"""What a file calls that can have anything to do with a reason."""


def made() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Each ``Reason("code", name=...)`` and ``missed("code", name=...)`` of the package: place, code, names."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        if "Reason(" not in text and "missed(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            code = node.args[0]
            if node.func.id not in ("Reason", "missed") or not isinstance(code, ast.Constant):
                continue
            if all(word.arg for word in node.keywords):
                names = frozenset(word.arg for word in node.keywords if word.arg)
                yield f"{path.name}:{node.lineno}", code.value, names


def test_every_reason_is_made_with_the_parameters_that_it_shows() -> None:
    """No code is misspelt, none lacks a parameter or has one too many, and none is there for nothing."""
    found = list(made())
    for place, code, names in found:
        assert code in SENTENCES, place
        assert names - {"unit"} == parameter_names(code), place
    used = {code for _, code, _ in found} | BY_LIMITS | COMPUTED | {"kept_from", "kept_but_end"}
    assert used == set(SENTENCES)


def texts_raised(tree: ast.AST) -> Iterator[int]:
    """The lines where an error of ``CODED`` is made of an English text, also of one that a name stands for."""
    nodes = list(ast.walk(tree))
    texts = frozenset(
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and is_text(node.value, frozenset())
        for target in node.targets
        if isinstance(target, ast.Name)
    )
    for node in nodes:
        # A sentence of hardseq's own inside of another one is a reason, too.
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason":
            within = [word.value for word in node.keywords if word.arg in ("reason", "detail", "where", "subject")]
            if any(is_sentence(given) for given in within):
                yield node.lineno
        if not isinstance(node, ast.Call) or not tells(node.func):
            continue
        words = {given.value for given in node.args if isinstance(given, ast.Constant)}
        # A page shows the reason of each of the ``fields``.
        if not words.isdisjoint(OF_PROGRAMS) or any(word.arg == "fields" for word in node.keywords):
            continue
        if any(is_text(given, texts) for given in node.args[:3]):
            yield node.lineno


def is_sentence(node: ast.expr) -> bool:
    """Whether it is text with a space that stands in the source."""
    texts = [node] if isinstance(node, ast.Constant) else node.values if isinstance(node, ast.JoinedStr) else []
    return any(isinstance(part, ast.Constant) and " " in str(part.value) for part in texts)


def tells(called: ast.expr) -> bool:
    """Whether what is called takes a reason: an error of ``CODED``, or a method of ``TELLING``."""
    return (isinstance(called, ast.Name) and called.id in CODED) or (
        isinstance(called, ast.Attribute) and called.attr in TELLING
    )


def is_text(node: ast.expr, texts: frozenset[str]) -> bool:
    """Whether an expression is a sentence; a word without a space may be a stable code beside the reason."""
    if isinstance(node, ast.IfExp):
        return is_text(node.body, texts) or is_text(node.orelse, texts)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and " " in node.value
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in ("str", "repr")
    return isinstance(node, ast.JoinedStr | ast.BinOp) or (isinstance(node, ast.Name) and node.id in texts)


def test_no_error_that_people_read_is_an_english_text() -> None:
    """Whoever raises an error of a step or a refusal of a start gives it a code: no sentence is made on the spot."""
    for written in (
        'StepError("it is wrong")',
        "StepFailed(f'{x}')",
        "RunRefused(str(e))",
        "x = f'{y}'\nStepError(x)",
        'ApiError(503, "busy", "try again later")',
        'self.alert("sync", str(error))',
        'Reason("wrong", detail="it is wrong")',
    ):
        assert list(texts_raised(ast.parse(written))), written
    assert not list(texts_raised(ast.parse('StepError(Reason("blank", subject=f"{x}"))\nStepFailed(case.text(said))')))
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if TOLD.search(text := path.read_text("utf-8"))
        for line in texts_raised(ast.parse(text))
    ]
    assert found == []


def test_a_reason_travels_as_json_and_reads_the_same() -> None:
    """What is written beside a sentence gives that sentence again; no slot of it is left open."""
    every(every_reason(), travels)


def travels(reason: Reason) -> None:
    """Whether this one does."""
    document = json.loads(json.dumps(reason.document()))
    assert read_reason(document, "?") == reason
    assert str(read_reason(document, "?")) == str(reason) == sentence(reason)
    assert "{" not in str(reason)


def test_what_this_version_does_not_know_is_told_by_its_sentence() -> None:
    """A later version's code, damage, or no code at all: the English text beside it is what people read."""
    later = {"code": "of the future", "parameters": {}}
    for written in (None, later, {"code": "left_out", "parameters": {"reason": later}}, {"code": []}, []):
        assert read_reason(written, "the sentence") == "the sentence"
    assert coded("text of a driver") is None
    assert str(read_reason({"code": "above", "parameters": None})) == " is above the upper limit of "


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (5.25, "V", 5.25),
        (5, "V", 5),
        (True, None, "true"),
        ("a" * 100, None, f'"{"a" * 60}…"'),
        (2**60, "V", f"{2**60} V"),
        (float("inf"), "V", "inf V"),
        ([1, 2], None, "[1, 2]"),
    ],
)
def test_quantities_are_numbers_or_what_the_sentence_shows(value: Any, unit: str | None, shown: Any) -> None:
    """Numbers that every page holds exactly stay numbers; whatever else is as long as its sentence allows."""
    assert quantity(value, unit) == shown


@pytest.mark.parametrize(
    ("value", "limits", "code", "parameters"),
    [
        (5.62, [4.8, 5.2], "above", {"value": 5.62, "limit": 5.2, "unit": "V"}),
        (4.8, {"gt": 4.8}, "not_above", {"value": 4.8, "limit": 4.8, "unit": "V"}),
        ("v1", {"one_of": [1, "v2"]}, "not_one_of", {"value": '"v1"', "choices": [1, '"v2"']}),
        (True, [0, 1], "wrong_kind", {"value": "true", "kind": "boolean", "wanted": "number"}),
        (None, None, "no_value", {}),
        (
            [5, 7],
            {"each": {"le": 6}},
            "element",
            {"index": 1, "reason": {"code": "above", "parameters": {"value": 7, "limit": 6, "unit": "V"}}},
        ),
    ],
)
def test_a_missed_limit_tells_its_numbers(value: Any, limits: Any, code: str, parameters: Any) -> None:
    """Value, limit and unit are data; whoever reads a report need not read its sentences."""
    unit = None if code == "not_one_of" else "V"
    judgement = judge(value, None if limits is None else parse_limits(limits, unit), unit)
    assert judgement.result is False
    assert coded(judgement.reason) == {"code": code, "parameters": parameters}


@given(st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(), st.lists(st.floats(), max_size=3)))
def test_every_reason_of_a_limit_is_coded_and_json(value: Any) -> None:
    """Whatever was measured, the code beside the sentence can be written and makes the same sentence."""
    for limits in ([1, 2], {"eq": 5}, {"ne": "a"}, {"matches": "^a"}, {"contains": 1}, {"each": [0, 1]}, {"is": True}):
        reason = judge(value, parse_limits(limits, "V" if limits == [1, 2] else None), "V").reason
        if reason is not None:
            document = coded(reason)
            assert document is not None
            assert read_reason(json.loads(json.dumps(document, allow_nan=False)), "?") == reason


def test_exceptions_carry_their_reason_or_text() -> None:
    """A person's own words stay text; those of hardseq have their code wherever they are raised."""
    assert StepFailed("the lamp is off").reason == "the lamp is off"
    assert StepError(Reason("no_value")).args == ("there is no value",)
    assert Stopped().reason == Reason("operator_stopped")
    assert [str(TimedOut(subject, 2.0)) for subject in get_args(TimedSubject)] == [
        "the step took longer than its timeout of 2 s",
        "the case took longer than its timeout of 2 s",
        "opening took longer than 2 s",
        "the instrument took longer than 2 s to identify itself",
        "closing the driver took longer than 2 s",
    ]


def test_the_docs_list_every_code() -> None:
    """The table has each code with its sentence and parameters, as the program has them, and no other."""
    about, _, codes = PAGE.read_text("utf-8").partition("## Codes")
    rows = [line for line in codes.splitlines() if line.startswith("| `")]
    assert rows == [table_row(code) for code in SENTENCES]
    assert all(f"`{word}`" in about for word in (*OUTCOMES, *KINDS))


def table_row(code: str) -> str:
    """The row of a code in the docs."""
    text = SENTENCES[code].replace("|", "\\|").replace("\n", " ⏎ ")
    names = ", ".join(f"`{name}`" for name in sorted(parameter_names(code)))
    return f"| `{code}` | {text} | {names or '–'} |"
