"""From YAML text to a checked, frozen ``Sequence``: loader, schema, builder, every problem with its place."""

from __future__ import annotations

from sequencer.language.read import Reading, load, read_sequence

__all__ = ["Reading", "load", "read_sequence"]
