"""Plain data: what YAML, JSON and the journal can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Scalar = None | bool | int | float | str
Data = Scalar | Sequence["Data"] | Mapping[str, "Data"]
