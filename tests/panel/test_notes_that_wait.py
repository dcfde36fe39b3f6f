"""A run whose report waits for the store has its page, and takes comments, which reach the store with it."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer.store.base import StoreUnavailable

METHODS = ("save", "get", "latest", "notes", "add_note")


@pytest.mark.slow
def test_a_comment_is_kept_while_the_store_is_away(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown meanwhile, also under `latest`, and in files; afterwards the store has it once."""
    panel = stand.open()
    store = panel.report_store.store

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("away")

    panel.wait_for("ready")
    with monkeypatch.context() as patch:
        for method in METHODS:
            patch.setattr(store, method, away)
        run = panel.ask("POST", "/api/start", {}).json["run"]
        panel.wait_for("saving", "loading", "ready")
        panel.wait_for("ready")
        address = f"/api/runs/{run}"
        added = panel.ask("POST", f"{address}/notes", {"comment": "cold joint", "disposition": "scrap"})
        assert added.status == 200, added.body
        assert panel.ask("POST", "/api/runs/latest/notes", {"comment": "twice"}).json["note"]["run"] == run
        report = panel.ask("GET", address).json
        assert (report["id"], [one["comment"] for one in report["notes"]]) == (run, ["cold joint", "twice"])
        assert b"cold joint" in panel.ask("GET", f"{address}/sheet").body
        assert panel.ask("POST", "/api/runs/nowhere/notes", {"comment": "x"}).status == 503
    assert panel.ask("POST", "/api/runs/nowhere/notes", {"comment": "x"}).status == 404
    panel.wait_until(lambda: panel.project.state.notes.read_bytes() == b"")
    assert [one.comment for one in store.notes([run])[run]] == ["cold joint", "twice"]
    (line,) = panel.ask("GET", "/api/runs").json["runs"]
    assert (line["disposition"], len(line["notes"])) == ("scrap", 2)
