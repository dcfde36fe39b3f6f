"""The JSON Schema (draft 2020-12) of the version 1 report; ``schemas/report-v1.schema.json`` is written from it."""

from __future__ import annotations

from typing import Any

from sequencer.report.schema import DRAFT

Schema = dict[str, Any]

_STATUSES = ["passed", "failed", "skipped", "error", "stopped", "run", "ready"]
_RANGES = ["gtlt", "gele", "gelt", "gtle", "ltgt", "lege", "legt", "ltge"]


def version1_schema(*, stand_cloud: bool = False) -> Schema:
    """The schema of both forms, or of the one that StandCloud takes: ``id``, ``rev``, and every key present."""
    parts = _parts()
    if stand_cloud:
        for part in parts.values():
            if "properties" in part:
                part["required"] = list(part["properties"])
    run = parts.pop("run")
    identity = {"id": _typed("string", "The run's id."), "rev": _typed("string", "The revision of this document.")}
    couchdb = {"_id": identity["id"], "_rev": identity["rev"]}
    if stand_cloud:
        run["properties"] = {**identity, **run["properties"]}
        run["required"] = list(run["properties"])
    else:
        run["properties"] = {**identity, **couchdb, **run["properties"]}
        run["oneOf"] = [
            {"required": ["id", "rev"], "not": {"anyOf": [{"required": ["_id"]}, {"required": ["_rev"]}]}},
            {"required": ["_id"], "not": {"anyOf": [{"required": ["id"]}, {"required": ["rev"]}]}},
        ]
    return {
        "$schema": DRAFT,
        "$id": "urn:hardseq:report-v1" + (":stand-cloud" if stand_cloud else ""),
        "title": "Test report, schema version 1",
        "description": "As StandCloud and tools for HardPy's CouchDB documents read it. Unknown keys are refused.",
        **run,
        "$defs": parts,
    }


def _parts() -> dict[str, Schema]:
    return {
        "run": _closed(
            {
                **_state("The run's verdict."),
                "name": _typed("string", "The sequence."),
                "test_stand": _ref("test_stand"),
                "dut": _ref("dut"),
                "process": _ref("process"),
                "modules": _map_of("module", "Modules by id."),
                "user": _maybe("string", "Who ran the test."),
                "batch_serial_number": _maybe("string", "The batch."),
                "caused_dut_failure_id": _maybe("string", "`module::case` of the first failed case."),
                "error_code": _whole("The error code of the first failed case."),
                "artifact": _typed("object", "What has no field."),
            },
            ("status", "stop_time", "start_time", "name", "test_stand", "dut", "process"),
        ),
        **_equipment(),
        **_plan(),
        **_measurements(),
    }


def _equipment() -> dict[str, Schema]:
    return {
        "test_stand": _closed(
            {
                "hw_id": _maybe("string", "The machine's id."),
                **_texts("name", "revision"),
                "timezone": _maybe("string", "IANA name, such as `Europe/Berlin`."),
                **_texts("location"),
                "number": _whole("The stand's number."),
                "drivers": {"type": "object", "maxProperties": 0, "description": "Always empty."},
                "instruments": _list_of("instrument", "The instruments."),
                "info": _info(),
            },
            (),
        ),
        "instrument": _closed(
            {
                **_texts("name", "revision", "serial_number", "part_number"),
                "number": _whole("The instrument's number."),
                **_texts("comment"),
                "info": _info(),
            },
            (),
        ),
        "dut": _closed(
            {
                **_texts("name", "type", "serial_number", "part_number", "revision"),
                "sub_units": _list_of("sub_unit", "Parts with an identity of their own."),
                "info": _info(),
            },
            (),
        ),
        "sub_unit": _closed(
            {**_texts("name", "type", "serial_number", "part_number", "revision"), "info": _info()}, ()
        ),
        "process": _closed({**_texts("name"), "number": _whole("The process step's number."), "info": _info()}, ()),
    }


def _plan() -> dict[str, Schema]:
    return {
        "module": _closed(
            {
                **_state("The module's verdict."),
                "name": _typed("string", "What people read."),
                "group": _group(),
                "cases": _map_of("case", "Cases by id."),
                "artifact": _typed("object", "What has no field."),
            },
            ("status", "stop_time", "start_time", "name", "group"),
        ),
        "case": _closed(
            {
                **_state("The verdict of the case's last attempt."),
                "name": _typed("string", "What people read."),
                "group": _group(),
                "assertion_msg": _maybe("string", "Why it failed; one line per failure."),
                "msg": {**_texts_by_key("Texts by key."), "type": ["object", "null"]},
                "measurements": {
                    "type": "array",
                    "items": {"oneOf": [_ref("numeric_measurement"), _ref("string_measurement")]},
                    "description": "In the order they were recorded.",
                },
                "chart": _ref_or_null("chart", "Data series."),
                "attempt": {"type": "integer", "minimum": 0, "description": "The number of the attempt told here."},
                "artifact": _typed("object", "What has no field."),
            },
            ("status", "stop_time", "start_time", "name", "group"),
        ),
        "chart": _closed(
            {
                "type": _one_of(["line", "line_log_x", "line_log_y", "log_x_y"], "Which axes are logarithmic."),
                **_texts("title", "x_label", "y_label"),
                "marker_name": {"type": "array", "items": {"type": ["string", "null"]}, "description": "Series names."},
                "x_data": _series("x values, series by series."),
                "y_data": _series("y values, series by series, each as long as its x values."),
            },
            (),
        ),
    }


def _measurements() -> dict[str, Schema]:
    number = {"type": ["number", "null"]}
    single = ["eq", "ne", "gt", "ge", "lt", "le"]
    result = _maybe("boolean", "Whether the value meets the limit; null when there is none.")
    return {
        "numeric_measurement": _closed(
            {
                "type": {"const": "numeric"},
                "name": _maybe("string", "What was measured."),
                "value": {"type": "number", "description": "The measured value."},
                "unit": _maybe("string", "Its unit."),
                "operation": _one_of([*single, *_RANGES, None], "How value and limits compare."),
                "comparison_value": {**number, "description": "For the operations of one limit."},
                "lower_limit": {**number, "description": "For the operations of two limits."},
                "upper_limit": {**number, "description": "For the operations of two limits."},
                "result": result,
            },
            ("type", "value"),
        ),
        "string_measurement": _closed(
            {
                "type": {"const": "string"},
                "name": _maybe("string", "What was measured."),
                "value": {"type": "string", "description": "The measured text."},
                "operation": _one_of(["eq", "ne", None], "How value and limit compare."),
                "comparison_value": _maybe("string", "The text compared with."),
                "casesensitive": {"type": "boolean", "description": "Whether capital letters matter."},
                "result": result,
            },
            ("type", "value"),
        ),
    }


def _state(description: str) -> Schema:
    return {
        "status": {"enum": _STATUSES, "description": description},
        "stop_time": _maybe("integer", "Unix seconds; null where nothing ran."),
        "start_time": _maybe("integer", "Unix seconds; null where nothing ran."),
    }


def _series(description: str) -> Schema:
    return {"type": "array", "items": {"type": "array", "items": {"type": "number"}}, "description": description}


def _texts(*names: str) -> Schema:
    return {name: {"type": ["string", "null"]} for name in names}


def _group() -> Schema:
    return _one_of(["setup", "main", "teardown"], "When it runs.")


def _info() -> Schema:
    values = {"type": ["string", "number", "null"]}
    return {"type": "object", "additionalProperties": values, "description": "Further facts."}


# The phrases that the schema is written in.


def _closed(properties: Schema, required: tuple[str, ...] | None = None, optional: tuple[str, ...] = ()) -> Schema:
    """An object without further keys; every key is required but the ``optional``, or just those of ``required``."""
    return {
        "type": "object",
        "properties": properties,
        "required": [key for key in properties if key not in optional] if required is None else list(required),
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    """What ``$defs`` has under ``name``."""
    return {"$ref": f"#/$defs/{name}"}


def _ref_or_null(name: str, description: str) -> Schema:
    """The same, or null."""
    return {"oneOf": [_ref(name), {"type": "null"}], "description": description}


def _list_of(name: str, description: str) -> Schema:
    """A list of the same."""
    return {"type": "array", "items": _ref(name), "description": description}


def _map_of(name: str, description: str) -> Schema:
    """A mapping with free keys to the same."""
    return {"type": "object", "additionalProperties": _ref(name), "description": description}


def _typed(kind: str, description: str) -> Schema:
    """A value of one JSON type."""
    return {"type": kind, "description": description}


def _maybe(kind: str, description: str) -> Schema:
    """A value of one JSON type, or null."""
    return {"type": [kind, "null"], "description": description}


def _whole(description: str) -> Schema:
    """A non-negative integer, or null."""
    return {"type": ["integer", "null"], "minimum": 0, "description": description}


def _texts_by_key(description: str) -> Schema:
    """A mapping from texts to texts."""
    return {"type": "object", "additionalProperties": {"type": "string"}, "description": description}


def _one_of(words: list[str | None], description: str) -> Schema:
    """One of the words."""
    return {"enum": words, "description": description}
