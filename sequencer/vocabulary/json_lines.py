"""Lines of JSON, as journals hold them and processes exchange them: how they are written, and cut out of a stream."""

from __future__ import annotations

import json
from collections.abc import Callable

LONGEST = 1 << 26
"""Bytes. A longer line is no message of ours, whatever it is."""


MARK = b"\x1ehardseq "
"""Stands on standard error, followed by its number, before an event at which a case begins or ends is sent."""


class Encoder(json.JSONEncoder):
    """Python's, as it is when this module is loaded: what a driver replaces in ``json`` later does not reach events."""

    encode = json.JSONEncoder.encode
    iterencode = json.JSONEncoder.iterencode

    def __init__(
        self,
        *,
        default: Callable[[object], object] | None = None,
        ensure_ascii: bool = True,
        allow_nan: bool = True,
        check_circular: bool = True,
    ) -> None:
        super().__init__(
            separators=(",", ":"),
            default=default,
            ensure_ascii=ensure_ascii,
            allow_nan=allow_nan,
            check_circular=check_circular,
        )


class LineSplitter:
    """Cuts a stream into lines. One that is longer than ``LONGEST`` is left out and counted in ``dropped``."""

    def __init__(self) -> None:
        self.dropped = 0
        self._rest = b""
        self._skips = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that ``chunk`` completes, without their ends."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if lines and self._skips:
            del lines[0]
            self._skips = False
        if len(self._rest) > LONGEST:
            self.dropped += not self._skips
            self._rest, self._skips = b"", True
        return lines
