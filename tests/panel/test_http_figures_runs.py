"""The list of all runs over HTTP, answered by the index: pages, totals, and files of it all."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import duckdb
import pytest

from sequencer.report.note import new_note
from sequencer.store.base import StoreUnavailable
from tests.figures.line import line, truths

RUNS = 20_000


def ask(panel: Any, **query: object) -> Any:
    """The JSON answer."""
    answer = panel.ask("GET", f"/api/figures/runs?{urlencode(query)}")
    assert answer.status == 200, answer.body
    return answer.json


@pytest.mark.slow
def test_pages_and_totals(line_panel: Any) -> None:
    """The newest first with totals; later pages go on without; what is looked for may be a part in other capitals."""
    first = ask(line_panel, limit=3)
    assert first["totals"]["runs"] == RUNS and first["left_out"] == 0 and not first["left"]
    newest = [rows.run for rows in line()][:-7:-1]
    second = ask(line_panel, limit=3, cursor=first["next"])
    assert second["totals"] is None
    assert [row["id"] for row in first["rows"] + second["rows"]] == [run.id for run in newest]
    assert first["rows"][0]["serial_number"] == newest[0].serial_number
    found = ask(line_panel, text=newest[0].serial_number.lower()[:-1], sort="serial_number", order="ascending")
    assert found["totals"]["units"] == len({row["serial_number"] for row in found["rows"]}) > 1
    assert found["rows"] == sorted(found["rows"], key=lambda row: (row["serial_number"], -row["start_time"]))
    worn = truths().worn_nest
    failed = ask(line_panel, case=worn.case, stand=worn.stand, slot=worn.slot, since=worn.since)
    assert failed["totals"]["runs"] >= failed["totals"]["failed"] > 60 and failed["next"]


def test_what_was_added_is_beside_the_runs(line_panel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Disposition and comments; where the store is away the list stands without them, and says so."""
    (row,) = ask(line_panel, limit=1)["rows"]
    assert (row["disposition"], row["notes"]) == (None, [])
    note = new_note(row["id"], user=None, source="page", comment="bent pin", disposition="repair")
    monkeypatch.setattr(line_panel.report_store, "notes", lambda runs: {row["id"]: [note]})
    (row,) = ask(line_panel, limit=1)["rows"]
    assert (row["disposition"], row["notes"]) == ("repair", [note.document()])
    last = line_panel.ask("GET", f"/api/figures/runs?format=csv&text={row['id']}").body.decode("utf-8-sig")
    assert last.splitlines()[1].endswith(",repair,bent pin")

    def away(runs: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(line_panel.report_store, "notes", away)
    (row,) = ask(line_panel, limit=1)["rows"]
    assert (row["disposition"], row["notes"]) == (None, None)
    assert line_panel.ask("GET", "/api/figures/runs?format=csv").status == 503


@pytest.mark.parametrize("form", ["csv", "json", "xlsx", "parquet"])
def test_files_hold_the_whole_view(line_panel: Any, tmp_path: Path, form: str) -> None:
    """All that match in the order of the view, as each program reads them."""
    view = {"text": "seal", "sort": "serial_number", "order": "ascending"}
    rows = ask(line_panel, **view, limit=500)["rows"]
    assert rows
    answer = line_panel.ask("GET", f"/api/figures/runs?{urlencode({**view, 'format': form})}")
    assert answer.status == 200 and answer.headers["Content-Disposition"] == f'attachment; filename="runs.{form}"'
    found = READERS[form](answer.body, tmp_path / "runs")
    assert [(one["id"], one["serial_number"]) for one in found] == [(row["id"], row["serial_number"]) for row in rows]
    assert {"start_time", "status", "batch", "error_code"} <= found[0].keys()
    if form != "json":
        answer = line_panel.ask(
            "GET", f"/api/figures/runs?{urlencode({**view, 'format': form})}&columns=batch&columns=comments"
        )
        few = READERS[form](answer.body, tmp_path / "few")
        marks = ["partial", "simulated", "aborted", "untested", "changed", "imported"]
        wanted = ["id", "status", "batch", *marks, *(["comments"] if form != "parquet" else [])]
        assert [*few[0]] == wanted or form == "xlsx"  # which has no cells of nothing
        assert {*few[0]} <= {*wanted} and [(one["id"], one["batch"]) for one in few] == [
            (row["id"], row["batch"]) for row in rows
        ]


def _of_xlsx(data: bytes, file: Path) -> list[dict[str, Any]]:
    names = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        tree = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    table = [
        {cell.get("r", "").rstrip("0123456789"): "".join(cell.itertext()) for cell in row}
        for row in tree.findall(".//m:row", names)
    ]
    heading, *rows = table
    return [{heading[column]: value for column, value in row.items()} for row in rows]


def _of_parquet(data: bytes, file: Path) -> list[dict[str, Any]]:
    file.write_bytes(data)
    found = duckdb.sql(f"SELECT * FROM read_parquet('{file}')")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


READERS: dict[str, Any] = {
    "csv": lambda data, file: list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")))),
    "json": lambda data, file: json.loads(data)["rows"],
    "xlsx": _of_xlsx,
    "parquet": _of_parquet,
}


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"sort": "x"},
        {"order": "up"},
        {"error_code": "x"},
        {"limit": 501},
        {"format": "pdf"},
        {"by": "stand"},
        {"columns": "everything"},
    ],
)
def test_what_cannot_be_asked_is_told(line_panel: Any, query: dict[str, object]) -> None:
    """A mistake in the address is no other list."""
    answer = line_panel.ask("GET", f"/api/figures/runs?{urlencode(query)}")
    assert answer.status == 400 and answer.json["error"]["code"] in ("bad-parameter", "unknown-key")


def test_a_pruned_run_says_so(line_panel: Any) -> None:
    """The figures know it and its report is gone: that is another answer than for a run that never was."""
    oldest = next(line()).run.id
    for run, code in ((oldest, "run_pruned"), ("nothing", "no_such_run")):
        answer = line_panel.ask("GET", f"/api/runs/{run}")
        assert (answer.status, answer.json["error"]["coded_reason"]["code"]) == (404, code)
