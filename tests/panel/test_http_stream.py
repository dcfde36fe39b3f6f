"""The stream of events as programs read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from sequencer.panel import broadcast
from sequencer.panel.broadcast import MOST_READERS
from tests.panel.sequences import WAITING


class Stream:
    """Reads server-sent events over a socket of its own."""

    def __init__(self, panel: Any, last: str | None = None) -> None:
        self.connection = HTTPConnection("localhost", panel.port, timeout=20)
        self.connection.request("GET", "/api/events", headers={"Last-Event-ID": last} if last else {})
        self.answer = self.connection.getresponse()

    def events(self) -> Iterator[tuple[str, str, Any]]:
        """Those with an id, which signs of life have not."""
        event: dict[str, str] = {}
        for line in iter(self.answer.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                event[name] = value
            elif "id" in event:
                yield event["id"], event["event"], json.loads(event["data"])
                event = {}
            else:
                event = {}

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


@pytest.fixture
def follow() -> Iterator[Any]:
    """Opens streams that are closed at the end: ``follow(panel, last=...)``."""
    streams: list[Stream] = []

    def start(panel: Any, last: str | None = None) -> Stream:
        streams.append(Stream(panel, last))
        return streams[-1]

    yield start
    for stream in streams:
        stream.close()


def test_events_resume_where_they_were_left(stand: Any, follow: Any) -> None:
    """Snapshot, then patches with ids; a stream that names the last id gets what followed and nothing else."""
    stand.sequence("slow", WAITING)
    panel = stand.open()
    panel.wait_for("ready")
    stream = follow(panel)
    assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
    events = stream.events()
    first, kind, whole = next(events)
    assert (kind, whole["id"]) == ("snapshot", first)
    panel.ask("POST", "/api/start", {})
    seen = next(identity for identity, _, data in events if _running(data))
    stream.close()
    panel.go()
    panel.wait_for("ready")
    again = follow(panel, last=seen).events()
    identity, kind, data = next(again)
    assert kind == "patch" or data["run"]["status"] != "ready"
    assert int(identity.rpartition("-")[2]) > int(seen.rpartition("-")[2])
    assert next(follow(panel, last="feedbeef-7").events())[1] == "snapshot"


def _running(data: Any) -> bool:
    if "cases" in data:
        return any(case.get("set", {}).get("status") == "run" for case in data["cases"].values())
    return any(case["status"] == "run" for module in data.get("run", {}).get("modules", []) for case in module["cases"])


@pytest.mark.slow
def test_too_many_readers_are_told_and_calls_still_answered(
    stand: Any, follow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages that are open take no thread from calls; where no address has a crowd of them a further one is refused."""
    monkeypatch.setattr(broadcast, "CROWD", MOST_READERS + 1)
    panel = stand.open()
    panel.wait_for("ready")
    for _ in range(MOST_READERS):
        follow(panel)
    # An answer that is on its way is no reader yet.
    panel.wait_until(lambda: panel.server.readers == MOST_READERS)
    refused = panel.ask("GET", "/api/events")
    assert (refused.status, refused.json["error"]["code"]) == (503, "too-many-readers")
    assert panel.ask("GET", "/api/state").status == 200
