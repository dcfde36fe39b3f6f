"""What a document of CouchDB says of its report, however a server writes it, and the feed that documents come in."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from sequencer.report.model import RunReport
from sequencer.store import facts
from sequencer.store.base import StoreError
from sequencer.store.couchdb import document as couchdb_document
from sequencer.store.couchdb.feed import told

MakeReport = Callable[..., RunReport]


@pytest.fixture
def numbers(report: MakeReport) -> RunReport:
    """A passed report with numbers that servers write in several ways."""
    made = report(values=[5.0, 1.2e-7, 0.00001, -0.5, 1e15 + 0.5], seconds=10.0)
    numbers = {"whole": 7, "none": 0.0, "below": -0.0, "least": 5e-324, "many": 2**53 - 1}
    made["params"] = {**numbers, "text": 'a, "1.0", 1.0]', "µ": "\\"}
    return made


def stored(report: RunReport) -> dict[str, Any]:
    """Its document, as it is written."""
    return couchdb_document.document(report, couchdb_document.fingerprint(report), facts.encode(report))


def as_javascript(value: Any) -> Any:
    """As it comes from a server that has one kind of numbers, and orders keys that look like numbers by these."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    if isinstance(value, list):
        return [as_javascript(each) for each in value]
    if isinstance(value, dict):
        return {key: as_javascript(each) for key, each in reversed(value.items())}
    return value


def as_erlang(value: Any) -> Any:
    """As it comes from CouchDB, whose zero has no sign and whose least number is zero."""
    if isinstance(value, float):
        return 0.0 if abs(value) < 1e-323 else value
    if isinstance(value, list):
        return [as_erlang(each) for each in value]
    if isinstance(value, dict):
        return {key: as_erlang(each) for key, each in value.items()}
    return value


def read(document: dict[str, Any], text: str | bytes) -> RunReport:
    """What the figures read of the document with this text as its report."""
    encoded = text if isinstance(text, bytes) else text.encode()
    return couchdb_document.report_of({**document, "report": encoded}, None, check=True, raw=True)


WRITTEN: dict[str, Callable[[RunReport], str]] = {
    "as sent": lambda report: json.dumps(report, ensure_ascii=False),
    "other keys first": lambda report: json.dumps(report, sort_keys=True),
    "JavaScript": lambda report: json.dumps(as_javascript(report)),
    "Erlang": lambda report: json.dumps(as_erlang(report)),
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("known", ["sha256", "fingerprint"])
def test_a_report_is_known_however_a_server_writes_it(numbers: RunReport, written: str, known: str) -> None:
    """By the hash of its text, or by its fingerprint alone, as in documents of earlier versions."""
    if known == "fingerprint":
        numbers["params"]["rounded"] = 2.0**70
    document = stored(numbers)
    document["fingerprint" if known == "sha256" else "sha256"] = "another"
    found = read(document, WRITTEN[written](numbers))
    assert as_erlang(found) == as_erlang(numbers)
    assert found["status"] == "passed"


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(
    ("old", "new"), [('"passed"', '"failed"'), ("1.2e-07", "1.2e-08"), ("1.0]", "1]"), ('"whole": 7', '"whole": "7"')]
)
def test_a_report_with_one_change_is_known_for_another_one(
    numbers: RunReport, written: str, old: str, new: str
) -> None:
    """A word, a digit, a number that became a text, or what in a text looks like a number: it is no passed one."""
    text = WRITTEN[written](numbers)
    assert old in text
    found = read(stored(numbers), text.replace(old, new, 1))
    assert found["status"] in ("error", "failed")
    assert [failure["coded_reason"]["code"] for failure in found["failures"] if failure["coded_reason"]] == [
        "not_as_stored"
    ]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_nothing_that_was_stored(numbers: RunReport, number: str) -> None:
    """In the place of any `null`, whose hash it would have, in the feed and in a compressed report."""
    document, text = stored(numbers), json.dumps(numbers)
    places = [found.start() for found in re.finditer("null", text)]
    assert len(places) > 10
    for place in places:
        changed = text[:place] + number + text[place + 4 :]
        with pytest.raises(StoreError):
            read(document, changed)
        with pytest.raises(StoreError):
            couchdb_document.report_of(document, gzip.compress(changed.encode()), check=True)


def test_half_of_a_surrogate_pair_makes_no_other_report(numbers: RunReport) -> None:
    """CouchDB has U+FFFD in its place, a server in JavaScript its escape, and so has a compressed report."""
    numbers["params"]["odd"] = "a\ud800"
    document = stored(numbers)
    replaced = {**numbers, "params": {**numbers["params"], "odd": "a\ufffd"}}
    assert read(document, json.dumps(replaced)) == replaced
    assert read(document, json.dumps(numbers)) == numbers
    packed = gzip.compress(facts.encode(numbers))
    assert couchdb_document.report_of(document, packed, check=True, raw=True) == numbers


def test_the_feed_gives_reports_as_they_came() -> None:
    """Byte for byte, beside what of their documents is read; changes of no document are counted."""
    rows = (
        '{"id":"a","doc":{"_id":"a","_rev":"1-a","type":"run","fingerprint":5,"report":{"one": 1.0},"summary":{}}}',
        '{"id":"b","deleted":true,"doc":null}',
        '{"id":"c"}',
    )
    found = told(f'{{"results":[{",".join(rows)}],"last_seq":"3-x","pending":4}}'.encode())
    document = {"_id": "a", "_rev": "1-a", "type": "run", "fingerprint": 5, "report": b'{"one": 1.0}'}
    assert found == ([document], 3, "3-x", 4)
    assert told(b'{"results":[],"last_seq":7}') == ([], 0, "7", None)


def test_what_strict_json_is_not_comes_decoded() -> None:
    """A document that somebody wrote with a server that takes half of a surrogate pair holds up no other one."""
    rows = rb'{"doc":{"_id":"a","report":{"one":"\ud800"}}},{"doc":{"_id":"b","report":{}}}'
    found = told(b'{"results":[' + rows + b'],"last_seq":2}')
    assert found.documents == [{"_id": "a", "report": {"one": "\ud800"}}, {"_id": "b", "report": {}}]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"results":[]}', b'{"results":[5],"last_seq":1}', b'{"rows":[]}'])
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    """Whatever else a server answers."""
    with pytest.raises(ValueError, match=r".+"):
        told(body)
