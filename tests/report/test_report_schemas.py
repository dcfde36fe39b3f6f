"""The schemas of the reports, and the files that are written from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sequencer.report.schema import report_schema
from sequencer.report.version1_schema import version1_schema

FOLDER = Path(__file__).parents[2] / "schemas"
SCHEMAS = [("report", report_schema()), ("report-v1", version1_schema())]


@pytest.mark.parametrize(("name", "schema"), SCHEMAS, ids=[name for name, _ in SCHEMAS])
def test_the_files_are_in_step(name: str, schema: dict[str, Any]) -> None:
    """The file in `schemas/` is the schema that the package makes."""
    written = (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    assert written == json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("schema", [schema for _, schema in SCHEMAS], ids=[name for name, _ in SCHEMAS])
def test_schemas_are_valid_and_closed(schema: dict[str, Any]) -> None:
    """Each is a schema of its draft, and no object of it with named keys takes others."""
    Draft202012Validator.check_schema(schema)
    for part in (schema, *schema["$defs"].values()):
        assert part["additionalProperties"] is False
