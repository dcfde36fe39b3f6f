"""From YAML text to a checked, frozen ``SequenceDefinition``: loader, schema, builder, every problem with its place."""

from __future__ import annotations

from sequencer.language.read import ReadResult, load, read_sequence

__all__ = ["ReadResult", "load", "read_sequence"]
