"""A running panel has the index open: ``hardseq figures export`` has its files from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from sequencer.cli import figures


@pytest.mark.slow
def test_the_command_has_its_files_from_the_panel(line_panel: Any, tmp_path: Path) -> None:
    """All runs by month and stand; a second time nothing is to be done; a full disk is no panel that is away."""

    def export(folder: Path) -> Any:
        arguments = ["export", "--parquet", str(folder), "--project", str(line_panel.project.folder)]
        return CliRunner().invoke(figures.command, arguments, standalone_mode=False)

    folder = tmp_path / "out"
    first = export(folder)
    assert first.exception is None and "60 files written, 0 removed, 0 unchanged" in first.stdout, first
    assert "0 files written, 0 removed, 60 unchanged" in export(folder).stdout
    found = duckdb.sql(f"SELECT count(*), count(DISTINCT run) FROM read_parquet('{folder}/runs/*/*.parquet')")
    assert found.fetchall() == [(20_000, 20_000)]
    (tmp_path / "file").write_text("")
    refused = export(tmp_path / "file" / "out")
    assert "cannot be written" in str(refused.exception)


@pytest.mark.slow
def test_only_files_that_there_are(line_panel: Any) -> None:
    """Whatever an address names, it is a file of the list or none."""
    for query, status in (
        ("table=runs&month=2026-06&name=Stand%201", 200),
        ("table=runs&month=2026-06&name=..%2F..%2Fx", 404),
        ("table=users&month=2026-06&name=Stand%201", 400),
    ):
        assert line_panel.ask("GET", f"/api/figures/parquet/file?{query}").status == status
