"""``hardseq figures export``: the index as files that other programs read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.cli.figures_panel import FiguresProgress, figures_panel, followed
from sequencer.cli.panel_client import PanelClient
from sequencer.cli.project_option import project_option
from sequencer.terminal.output import say
from sequencer.vocabulary.dataclass import dataclass

if TYPE_CHECKING:
    from sequencer.app.project_figures import Figures
    from sequencer.figures.parquet import ParquetPart
    from sequencer.figures.parquet_folder import ParquetSource


@click.command("export")
@click.option(
    "--parquet",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder, which is made where there is none.",
)
@project_option
def command(folder: Path, project: Path) -> ExitCode:
    """Keep a folder of Parquet files up to date: runs, cases, measurements, failures and units, by month and stand.

    Only what changed since the last time is written, each file whole at any moment: DuckDB, Spark, Power BI or Grafana
    may read meanwhile.
    """
    from sequencer.figures.index import FiguresUnavailable
    from sequencer.figures.parquet_folder import FolderRefused, keep_folder

    try:
        with _opened(project) as source:
            kept = keep_folder(folder, source, FiguresProgress("files"))
    except FolderRefused as refused:
        raise Refusal(str(refused)) from None
    except FiguresUnavailable as error:
        raise Refusal(str(error), code=ExitCode.FAILED) from error
    except OSError as error:
        raise Refusal(f"{folder} cannot be written: {error.strerror or error}", code=ExitCode.FAILED) from error
    say(f"{folder}: {kept.written} files written, {kept.removed} removed, {kept.unchanged} unchanged")
    return ExitCode.PASSED


@contextmanager
def _opened(project: Path) -> Iterator[ParquetSource]:
    panel = figures_panel(project)
    if panel is not None:
        followed(panel)
        yield _OfPanel(panel)
        return
    from sequencer.app.project_figures import opened_figures

    with opened_figures(project, FiguresProgress()) as figures:
        yield _OfIndex(figures)


@dataclass(frozen=True, slots=True)
class _OfIndex:
    """Files from the index that this process has open."""

    figures: Figures

    @property
    def store(self) -> str:
        return self.figures.store.place

    def parts(self) -> Sequence[ParquetPart]:
        from sequencer.figures.parquet import parts

        return parts(self.figures.index.ask)

    def write(self, part: ParquetPart, file: Path) -> None:
        from sequencer.figures.parquet import write_part

        write_part(self.figures.index.ask, part, file)


class _OfPanel:
    """Files from the running panel."""

    def __init__(self, panel: PanelClient) -> None:
        self._panel = panel
        answer = panel.get("/api/figures/parquet")
        self.store = str(answer["store"])
        self._files: list[dict[str, str]] = answer["files"]

    def parts(self) -> Sequence[ParquetPart]:
        from sequencer.figures.parquet import ParquetPart

        return [ParquetPart(one["table"], one["month"], one["name"], one["signature"]) for one in self._files]

    def write(self, part: ParquetPart, file: Path) -> None:
        named = urlencode({"table": part.table, "month": part.month, "name": part.name})
        file.write_bytes(self._panel.get_bytes(f"/api/figures/parquet/file?{named}"))
