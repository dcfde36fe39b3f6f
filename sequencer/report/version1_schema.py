"""The JSON Schema (draft 2020-12) of the version 1 report; ``schemas/report-v1.schema.json`` is written from it."""

from __future__ import annotations

from sequencer.report.schema_words import (
    DRAFT,
    Schema,
    closed,
    list_of,
    map_of,
    maybe,
    one_of,
    ref,
    ref_or_null,
    texts_by_key,
    typed,
    whole,
)

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
    identity = {"id": typed("string", "The run's id."), "rev": typed("string", "The revision of this document.")}
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
        "run": closed(
            {
                **_state("The run's verdict."),
                "name": typed("string", "The sequence."),
                "test_stand": ref("test_stand"),
                "dut": ref("dut"),
                "process": ref("process"),
                "modules": map_of("module", "Modules by id."),
                "user": maybe("string", "Who ran the test."),
                "batch_serial_number": maybe("string", "The batch."),
                "caused_dut_failure_id": maybe("string", "`module::case` of the first failed case."),
                "error_code": whole("The error code of the first failed case."),
                "artifact": typed("object", "What has no field."),
            },
            ("status", "stop_time", "start_time", "name", "test_stand", "dut", "process"),
        ),
        **_equipment(),
        **_plan(),
        **_measurements(),
    }


def _equipment() -> dict[str, Schema]:
    return {
        "test_stand": closed(
            {
                "hw_id": maybe("string", "The machine's id."),
                **_texts("name", "revision"),
                "timezone": maybe("string", "IANA name, such as `Europe/Berlin`."),
                **_texts("location"),
                "number": whole("The stand's number."),
                "drivers": {"type": "object", "maxProperties": 0, "description": "Always empty."},
                "instruments": list_of("instrument", "The instruments."),
                "info": _info(),
            },
            (),
        ),
        "instrument": closed(
            {
                **_texts("name", "revision", "serial_number", "part_number"),
                "number": whole("The instrument's number."),
                **_texts("comment"),
                "info": _info(),
            },
            (),
        ),
        "dut": closed(
            {
                **_texts("name", "type", "serial_number", "part_number", "revision"),
                "sub_units": list_of("sub_unit", "Parts with an identity of their own."),
                "info": _info(),
            },
            (),
        ),
        "sub_unit": closed({**_texts("name", "type", "serial_number", "part_number", "revision"), "info": _info()}, ()),
        "process": closed({**_texts("name"), "number": whole("The process step's number."), "info": _info()}, ()),
    }


def _plan() -> dict[str, Schema]:
    return {
        "module": closed(
            {
                **_state("The module's verdict."),
                "name": typed("string", "What people read."),
                "group": _group(),
                "cases": map_of("case", "Cases by id."),
                "artifact": typed("object", "What has no field."),
            },
            ("status", "stop_time", "start_time", "name", "group"),
        ),
        "case": closed(
            {
                **_state("The verdict of the case's last attempt."),
                "name": typed("string", "What people read."),
                "group": _group(),
                "assertion_msg": maybe("string", "Why it failed; one line per failure."),
                "msg": {**texts_by_key("Texts by key."), "type": ["object", "null"]},
                "measurements": {
                    "type": "array",
                    "items": {"oneOf": [ref("numeric_measurement"), ref("string_measurement")]},
                    "description": "In the order they were recorded.",
                },
                "chart": ref_or_null("chart", "Data series."),
                "attempt": {"type": "integer", "minimum": 0, "description": "The number of the attempt told here."},
                "artifact": typed("object", "What has no field."),
            },
            ("status", "stop_time", "start_time", "name", "group"),
        ),
        "chart": closed(
            {
                "type": one_of(["line", "line_log_x", "line_log_y", "log_x_y"], "Which axes are logarithmic."),
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
    result = maybe("boolean", "Whether the value meets the limit; null when there is none.")
    return {
        "numeric_measurement": closed(
            {
                "type": {"const": "numeric"},
                "name": maybe("string", "What was measured."),
                "value": {"type": "number", "description": "The measured value."},
                "unit": maybe("string", "Its unit."),
                "operation": one_of([*single, *_RANGES, None], "How value and limits compare."),
                "comparison_value": {**number, "description": "For the operations of one limit."},
                "lower_limit": {**number, "description": "For the operations of two limits."},
                "upper_limit": {**number, "description": "For the operations of two limits."},
                "result": result,
            },
            ("type", "value"),
        ),
        "string_measurement": closed(
            {
                "type": {"const": "string"},
                "name": maybe("string", "What was measured."),
                "value": {"type": "string", "description": "The measured text."},
                "operation": one_of(["eq", "ne", None], "How value and limit compare."),
                "comparison_value": maybe("string", "The text compared with."),
                "casesensitive": {"type": "boolean", "description": "Whether capital letters matter."},
                "result": result,
            },
            ("type", "value"),
        ),
    }


def _state(description: str) -> Schema:
    return {
        "status": {"enum": _STATUSES, "description": description},
        "stop_time": maybe("integer", "Unix seconds; null where nothing ran."),
        "start_time": maybe("integer", "Unix seconds; null where nothing ran."),
    }


def _series(description: str) -> Schema:
    return {"type": "array", "items": {"type": "array", "items": {"type": "number"}}, "description": description}


def _texts(*names: str) -> Schema:
    return {name: {"type": ["string", "null"]} for name in names}


def _group() -> Schema:
    return one_of(["setup", "main", "teardown"], "When it runs.")


def _info() -> Schema:
    values = {"type": ["string", "number", "null"]}
    return {"type": "object", "additionalProperties": values, "description": "Further facts."}
