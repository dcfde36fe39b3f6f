"""What an export is: a format in which a report leaves hardseq, hardseq's own or another package's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from sequencer.report.model import RunReport
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.extension import INTERFACE, Announced, UnusableExtension, told

_NAME = r"[a-z][a-z0-9_-]{0,39}"
_SUFFIX = r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)*"
_MEDIA_TYPE = r"[a-z]+/[a-z0-9][a-z0-9.+-]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One format: ``write`` makes a whole file of a report, a string (written as UTF-8) or bytes.

    ``name`` is what the command line and the HTTP interface call it, ``label`` what the panel shows; ``suffix`` is
    the file's ending without its first dot. With ``byte_order_mark`` a downloaded file begins with one, so that
    spreadsheets take it for UTF-8. ``parts`` makes the same in pieces, for a format whose files are large.
    ``write`` of a ``sheet``, for people, also takes a logo. ``interface`` is the version of ``sequencer.extension``
    it is written for.
    """

    name: str
    label: str
    media_type: str
    suffix: str
    write: Callable[..., str | bytes]
    byte_order_mark: bool = False
    interface: int = 1
    sheet: bool = False
    parts: Callable[[RunReport], Iterable[str]] | None = None

    def bytes_of(self, report: RunReport, logo: str | None = None) -> bytes:
        """The file's content; a sheet has the ``logo``, a ``data:`` address."""
        written = self.write(report, logo) if self.sheet else self.write(report)
        return utf8(written) if isinstance(written, str) else written

    def parts_of(self, report: RunReport, logo: str | None = None) -> Iterable[bytes]:
        """The file's content, one piece after the other."""
        return [self.bytes_of(report, logo)] if self.parts is None else map(utf8, self.parts(report))


def export_of_package(found: object, announced: Announced) -> Export:
    """What a package announced, checked. Raises ``UnusableExtension``; so does the export when its code fails."""
    if not isinstance(found, Export):
        raise announced.unusable(f"it is {type(found).__name__!r} and not an `Export`")
    if found.interface != INTERFACE:
        raise announced.unusable(f"it is written for interface {found.interface!r}; this hardseq has {INTERFACE}")
    for key, pattern, value in (
        ("name", _NAME, found.name),
        ("suffix", _SUFFIX, found.suffix),
        ("media_type", _MEDIA_TYPE, found.media_type),
    ):
        if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
            raise announced.unusable(f"its {key} cannot be {value!r:.100}")
    if found.name != announced.name:
        raise announced.unusable(f"its entry point has another name than the export itself, {found.name!r}")
    if not isinstance(found.label, str) or not found.label.strip() or not found.label.isprintable():
        raise announced.unusable("it has no label to show")
    if not callable(found.write):
        raise announced.unusable("its `write` cannot be called")
    return replace(found, write=_guarded(found.write, announced))


def _guarded(write: Callable[..., object], announced: Announced) -> Callable[..., str | bytes]:
    def guarded(report: RunReport, *logo: str | None) -> str | bytes:
        try:
            written = write(report, *logo)
        except (Exception, SystemExit) as error:
            raise _failed(announced, told(error)) from error
        if not isinstance(written, str | bytes):
            raise _failed(announced, f"it gave {type(written).__name__!r} instead of a string or bytes")
        return written

    return guarded


def _failed(announced: Announced, reason: str) -> UnusableExtension:
    return UnusableExtension(f"the export `{announced.name}` of the package {announced} failed: {reason}")
