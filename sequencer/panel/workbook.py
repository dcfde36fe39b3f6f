"""Tables as a workbook of Excel (XLSX): texts stay texts, whatever they look like, and times are times."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, islice
from typing import IO, NamedTuple, Protocol

from sequencer.panel.tables import Row
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.json_text import one_line

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_576
"""Of a sheet in Excel; what is more goes on in a further sheet, which begins with the heading again."""
_LONGEST = 32_767
"""Characters in a cell."""
_LARGEST = 2**53
"""Beyond it numbers in Excel, which are floating-point ones, are not the same any more."""
_FIRST_YEAR = 1900


def workbook(name: str, rows: Iterable[Row], *, most_rows: int = MOST_ROWS) -> IO[bytes]:
    """The rows, the first of which is the heading, on sheets ``name``, ``name 2``, ...: a file at its beginning.

    Memory does not grow with the number of rows. Whoever reads the file closes it, with which it is gone. Raises
    ``OSError``, where the disk is full for example.
    """
    # Imported here: only who wants such a file waits for it.
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    waiting = iter(rows)
    heading = [str(value) for value in next(waiting, ())]
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with closing(Workbook(file, {"constant_memory": True})) as book:
            formats = _Formats(book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}))
            for number, part in enumerate(_parts(waiting, most_rows - 1), 1):
                _fill(book.add_worksheet(name if number == 1 else f"{name} {number}"), heading, part, formats)
    except BaseException as error:
        file.close()
        if isinstance(error, FileCreateError):
            raise OSError(str(error)) from error
        raise
    file.seek(0)
    return file


class _Formats(NamedTuple):
    heading: object
    moment: object


class _Sheet(Protocol):
    """What is used of XlsxWriter's, which has no types."""

    def freeze_panes(self, row: int, column: int) -> None: ...
    def write_string(self, row: int, column: int, value: str, form: object = None) -> int: ...
    def write_number(self, row: int, column: int, value: float) -> int: ...
    def write_boolean(self, row: int, column: int, value: bool) -> int: ...
    def write_datetime(self, row: int, column: int, value: datetime, form: object) -> int: ...


def _parts(waiting: Iterator[Row], size: int) -> Iterator[Iterable[Row]]:
    """The rows in parts of this size, each to be read before the next; one empty part where there are none."""
    yield islice(waiting, size)
    for first in waiting:
        yield chain([first], islice(waiting, size - 1))


def _fill(sheet: _Sheet, heading: Sequence[str], rows: Iterable[Row], formats: _Formats) -> None:
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(heading):
        sheet.write_string(0, column, title, formats.heading)
    for at, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            _write(sheet, at, column, value, formats)


def _write(sheet: _Sheet, row: int, column: int, value: object, formats: _Formats) -> None:
    """As what it is. A string is never a formula, a number or a link, whatever it looks like."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, datetime) and value.year >= _FIRST_YEAR:
        sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), formats.moment)
    elif isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _LARGEST:
        sheet.write_number(row, column, value)
    else:
        text = one_line(value) if isinstance(value, dict | list | tuple) else str(value)
        sheet.write_string(row, column, utf8(text).decode()[:_LONGEST])
