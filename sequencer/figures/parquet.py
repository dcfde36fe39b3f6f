"""The index as Parquet files, one of each table for each month and stand: what other programs read of the figures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from sequencer.figures.cells import number, text
from sequencer.figures.scope import Ask

FORMAT = 1
"""Of what is in the files: those of another one are written anew."""

_RUN = "runs.id AS run, TRY(to_timestamp(runs.start_time)) AS start_time, runs.stand, runs.sequence"
_ORDER = "ORDER BY runs.start_time, runs.id"

TABLES: Mapping[str, str] = {
    "cases": f"""
        SELECT {_RUN}, titles.name AS "case", titles.said AS title, cases.status, cases.seconds, cases.attempts,
               cases.retried, cases.asked, cases.waited
        FROM cases JOIN runs USING (run) JOIN titles USING (title) WHERE {{chosen}} {_ORDER}, cases.title""",
    "measurements": f"""
        SELECT {_RUN}, series.name AS "case", series.measurement, series.unit, measurements.position,
               measurements.value, measurements.lower, measurements.upper, measurements.target, measurements.result
        FROM measurements JOIN runs USING (run) JOIN series USING (series) WHERE {{chosen}}
        {_ORDER}, measurements.position""",
    "failures": f"""
        SELECT {_RUN}, titles.name AS "case", titles.said AS title, failures.measurement
        FROM failures JOIN runs USING (run) JOIN titles USING (title) WHERE {{chosen}} {_ORDER}, failures.title""",
    "units": """
        SELECT runs.serial_number, runs.part_number, runs.sequence, runs.id AS first_run,
               TRY(to_timestamp(runs.start_time)) AS start_time, runs.began AS local_time, runs.stand, runs.slot,
               runs.version, runs.batch, runs.operator, runs.first_passed, runs.second_passed, runs.final_passed
        FROM units runs WHERE {chosen} ORDER BY runs.start_time, runs.id""",
    "runs": f"""
        SELECT {_RUN}, runs.began AS local_time, runs.stop_time - runs.start_time AS seconds, runs.status,
               runs.version, runs.serial_number, runs.part_number, runs.batch, runs.slot, runs.operator, runs.counted,
               runs.judged, runs.aborted, runs.partial, runs.simulated, runs.caused_dut_failure_id, runs.error_code
        FROM runs WHERE {{chosen}} {_ORDER}""",
}
"""What is in the files of each table. ``runs`` comes last: whatever it names is in the others already."""

_SIGNED = {
    "runs": "hash(runs.id, runs.digest)",
    "units": "hash(runs.id, runs.serial_number, runs.part_number, runs.sequence, "
    "runs.first_passed, runs.second_passed, runs.final_passed)",
}
_MONTH = "coalesce(strftime(runs.began, '%Y-%m'), 'unknown')"
_LONGEST = 150
"""Letters of a file's name; there are systems that take 255 bytes."""


class ParquetPart(NamedTuple):
    """A file: the rows of ``table`` that began in ``month`` (``2026-06``, of the stand's clock) on the stand ``name``.

    ``name`` is that of the file, without ``.parquet``; stands whose names no file system tells apart share one.
    ``signature`` is another one whenever the rows are.
    """

    table: str
    month: str
    name: str
    signature: str
    stands: tuple[str | None, ...] = ()

    @property
    def file(self) -> str:
        """Its path in the folder."""
        return f"{self.table}/{self.month}/{self.name}.parquet"


def parts(ask: Ask) -> list[ParquetPart]:
    """All files that there should be, table by table in the order of ``TABLES``."""
    signed = {source: _signed(ask, source) for source in _SIGNED}
    return [part._replace(table=table) for table in TABLES for part in signed["units" if table == "units" else "runs"]]


def _signed(ask: Ask, source: str) -> list[ParquetPart]:
    rows = ask(
        f"SELECT {_MONTH} AS month, runs.stand, count(*), bit_xor({_SIGNED[source]})::VARCHAR "
        f"FROM {source} runs GROUP BY ALL ORDER BY ALL",
        [],
    )
    found: dict[tuple[str, str], ParquetPart] = {}
    for month, stand, count, signature in rows:
        said = text(stand)
        name = file_name(said)
        key = str(month), name.casefold()
        known = found.get(key, ParquetPart(source, str(month), name, str(FORMAT), ()))
        signature = f"{known.signature} {number(count)}-{signature}"
        found[key] = known._replace(signature=signature, stands=(*known.stands, said))
    return list(found.values())


def file_name(stand: str | None) -> str:
    """A name of a file that every system takes; ``no stand`` for none."""
    if stand is None:
        return "no stand"
    name = quote(stand, safe=" ()+,=@", errors="surrogatepass")
    # Files that begin with a dot or an underscore are none for Spark.
    strange = len(name) > _LONGEST or name != name.lstrip(" ._").rstrip(" .")
    if strange or name.casefold().partition(".")[0] in _DEVICES:
        name = f"stand {hashlib.sha256(stand.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return name


_DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{at}" for kind in ("com", "lpt") for at in range(10))}
"""What Windows takes for something else."""


def write_part(ask: Ask, part: ParquetPart, file: Path) -> None:
    """Writes the rows into a new file. Raises what ``ask`` raises."""
    named = [stand for stand in part.stands if stand is not None]
    stands = f"(runs.stand IN (SELECT unnest(?::VARCHAR[])){' OR runs.stand IS NULL' * (None in part.stands)})"
    write_rows(ask, TABLES[part.table].format(chosen=f"{_MONTH} = ? AND {stands}"), [part.month, named], file)


def write_rows(ask: Ask, select: str, values: Sequence[object], file: Path) -> None:
    """Writes what a SELECT finds into a new file."""
    target = str(file).replace("'", "''")
    ask(f"COPY ({select}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)", values)
