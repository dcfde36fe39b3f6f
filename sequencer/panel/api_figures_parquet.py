"""The part of the HTTP interface that gives the index as Parquet files, to whoever keeps a folder of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from flask import Response, request

from sequencer.figures.index import FiguresUnavailable
from sequencer.figures.parquet import TABLES, parts, write_part
from sequencer.figures.scope import Ask
from sequencer.panel.api_figures import AWAY, unavailable
from sequencer.panel.downloads import opened
from sequencer.panel.refusals import ResourceNotFound
from sequencer.panel.routes import TEXT, Parameter, Route, listed, mapping
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.session import Session

MEDIA_TYPE = "application/vnd.apache.parquet"


def parquet_file(write: Callable[[Path], None]) -> IO[bytes]:
    """What ``write`` writes into a new file, at its beginning; it is gone once it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "file.parquet"
        write(written)
        with written.open("rb") as content:
            shutil.copyfileobj(content, file)
    file.seek(0)
    return file


def figures_parquet(session: Session) -> Mapping[str, object]:
    try:
        found, _ = session.figures.read(parts)
    except FiguresUnavailable as error:
        raise unavailable(error) from error
    files = [{name: getattr(part, name) for name in ("table", "month", "name", "signature")} for part in found]
    return {"store": session.store.place, "files": files}


def figures_parquet_file(session: Session) -> Response:
    wanted = tuple(request.args[name] for name in ("table", "month", "name"))

    def written(ask: Ask) -> IO[bytes] | None:
        part = next((one for one in parts(ask) if one[:3] == wanted), None)
        return part and parquet_file(lambda file: write_part(ask, part, file))

    try:
        content, _ = session.figures.read(written)
    except FiguresUnavailable as error:
        raise unavailable(error) from error
    if content is None:
        raise ResourceNotFound(Reason("no_such_parquet_file"))
    return opened(f"{wanted[2]}.parquet", MEDIA_TYPE, content)


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/figures/parquet",
        handler=figures_parquet,
        right="look",
        summary="The Parquet files that the index makes, by table, month and stand; a signature changes with its rows.",
        answer=mapping(store=TEXT, files=listed(mapping(table=TEXT, month=TEXT, name=TEXT, signature=TEXT))),
        errors=AWAY,
    ),
    Route(
        method="GET",
        path="/api/figures/parquet/file",
        handler=figures_parquet_file,
        right="look",
        summary="One of these files.",
        query=(
            Parameter(name="table", schema={"enum": list(TABLES)}, description="Which table.", required=True),
            Parameter(name="month", schema=TEXT, description="As the list of files has it.", required=True),
            Parameter(name="name", schema=TEXT, description="As the list of files has it.", required=True),
        ),
        media_type=MEDIA_TYPE,
        answer=TEXT,
        errors={404: "there is no such file", **AWAY},
    ),
)
