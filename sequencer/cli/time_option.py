"""Points in time on the command line: ``2026-11-22``, ``2026-11-22T13:00``, ``7d``, ``12h``."""

from __future__ import annotations

import re
import time
from datetime import datetime

import click

_AGO = re.compile(r"(\d+)\s*(min|h|d|w)$")
_SECONDS = {"min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def point_in_time(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """A click callback: Unix seconds; a time without zone is this machine's, ``7d`` is seven days ago."""
    if value is None:
        return None
    text = value.strip()
    if ago := _AGO.match(text):
        return time.time() - int(ago[1]) * _SECONDS[ago[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        message = f"{value!r} is not a valid time; write 2026-11-22, 2026-11-22T13:00, or 7d for seven days ago"
        raise click.BadParameter(message, ctx, param) from None
