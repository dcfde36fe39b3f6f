"""The JSON Schema of ``hardseq.toml``, assembled from the fields of ``settings``."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from sequencer.project.settings import Settings
from sequencer.vocabulary.regex import ID_PATTERN

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def settings_schema() -> dict[str, object]:
    """JSON Schema, draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hardseq configuration",
        "description": "The configuration of a stand: hardseq.toml in a project folder.",
        **_table(Settings),
    }


def _table(kind: type[DataclassInstance]) -> dict[str, object]:
    properties: dict[str, object] = {}
    required = []
    named: dict[str, object] | None = None
    for field in fields(kind):
        metadata = field.metadata
        if "named" in metadata:
            table = _table(metadata["named"])
            named = {**table, "description": metadata["description"]}
            continue
        if "section" not in metadata:
            if "schema" not in metadata:  # the name under which the table stands
                continue
            properties[field.name] = dict(metadata["schema"])
            if metadata.get("required"):
                required.append(field.name)
            continue
        table = _table(metadata["section"])
        if metadata["many"]:
            properties[field.name] = {"type": "array", "description": metadata["description"], "items": table}
        else:
            properties[field.name] = {**table, "description": metadata["description"]}
    more = {"propertyNames": {"pattern": ID_PATTERN}} if named else {}
    schema: dict[str, object] = {
        "type": "object",
        "properties": properties,
        **more,
        "additionalProperties": named or False,
    }
    return {**schema, "required": required} if required else schema
