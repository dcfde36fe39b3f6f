"""The schema of everything around the steps: the top level, modules, cases, drivers, params, matrix rows.

Names, ids and counts are spelled out here once; ``schema.py`` puts them together with the steps' own fragments.
"""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.steps.keys import CONDITION, DURATION, EXPRESSION_TEXT, SHARED_KEYS, TEMPLATE, VALUES, Schema
from sequencer.steps.record import RECORD_SCHEMAS
from sequencer.vocabulary.regex import ID_PATTERN

DEPENDS_PATTERN = r"^([a-z][a-z0-9_]*)?(::[a-z][a-z0-9_]*(\[[^\[\]]+\])?)?$"
USE_PATTERN = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?$"


def text(description: str, *examples: str, **more: object) -> dict[str, object]:
    """A text key."""
    return {"type": "string", **more, "description": description, **({"examples": list(examples)} if examples else {})}


def mapping(description: str, properties: Mapping[str, Schema], *required: str, **more: object) -> dict[str, object]:
    """A mapping with fixed keys."""
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        **({"required": list(required)} if required else {}),
        "additionalProperties": False,
        **more,
    }


def named(description: str, value: Schema, **more: object) -> dict[str, object]:
    """A mapping from names that people choose to values of one kind."""
    return {
        "type": "object",
        "description": description,
        "propertyNames": {"pattern": ID_PATTERN},
        "additionalProperties": value,
        **more,
    }


def one_or_list(description: str, item: Schema, *examples: object) -> dict[str, object]:
    """One value or a list of them."""
    several = {"type": "array", "items": item, "minItems": 1}
    return {"anyOf": [item, several], "description": description, "examples": list(examples)}


ATTEMPTS: Schema = {
    "description": "The maximum number of attempts until the case passes; the report keeps every attempt.",
    "anyOf": [
        {"type": "integer", "minimum": 1},
        mapping(
            "The maximum number of attempts, and the pause between two of them.",
            {
                "times": {
                    "type": "integer",
                    "minimum": 1,
                    "description": "The maximum number of attempts.",
                    "examples": [3],
                },
                "delay": {**DURATION, "description": "The pause between two attempts."},
            },
            "times",
        ),
    ],
    "default": 1,
    "examples": [3, {"times": 3, "delay": "1 s"}],
}

ON_FAIL: Schema = {
    "enum": ["continue", "stop"],
    "description": "What happens after a failed case: the next one, or the end of the run (teardown still runs).",
    "default": "continue",
}

GROUP: Schema = {
    "enum": ["setup", "main", "teardown"],
    "description": "setup runs first, teardown last and always; a failing setup skips main.",
    "default": "main",
}

_DEPENDED: Schema = {"type": "string", "pattern": DEPENDS_PATTERN, "minLength": 1}
_DEPENDENCY: Schema = mapping(
    "What must have passed, if it applies.",
    {
        "case": {**_DEPENDED, "description": "A case, or a whole module.", "examples": ["::flash", "preparation"]},
        "or_left_out": {
            "type": "boolean",
            "default": False,
            "description": "Whether it may have been left out by its own `if` or its module's.",
        },
    },
    "case",
)

BOTH: Mapping[str, Schema] = {
    "name": text("The name that the operator sees; default: the id.", "Power up"),
    "description": text("A longer description.", "Switches the board on and looks at its idle current."),
    "group": GROUP,
    "depends": {
        "anyOf": [
            _DEPENDED,
            _DEPENDENCY,
            {"type": "array", "items": {"anyOf": [_DEPENDED, _DEPENDENCY]}, "minItems": 1},
        ],
        "description": "Skipped unless every case named here passed: `module::case`, `::case` of the same module, a "
        "whole `module`. With `or_left_out` it may also have been left out by its own `if` or its module's.",
        "examples": ["main::power_up", ["::contact", "preparation"], [{"case": "::flash", "or_left_out": True}]],
    },
    "critical": {
        "type": "boolean",
        "default": False,
        "description": "When it fails or is skipped because of another, everything after it is skipped, teardown "
        "excepted; of a critical module, the first failure skips the rest too. "
        "One that its own `if` left out takes nothing with it.",
    },
    "if": {
        "type": ["string", "boolean"],
        **CONDITION,
        "description": "An expression without braces; when it is false, this is skipped.",
        "examples": ["params.variant == 'B'"],
    },
    "tags": one_or_list(
        "Words to select by: `hardseq run --tag analog`.", {"type": "string", "minLength": 1}, ["analog", "slow"]
    ),
    "timeout": {
        **DURATION,
        "description": "A case that takes longer fails; its message names the step in which it hung.",
    },
    "on_fail": ON_FAIL,
}
"""The keys that a module and a case share; a module's ``timeout``, ``tags``, ``depends`` and ``on_fail`` hold for each
of its cases."""

USE_BLOCK: Mapping[str, Schema] = {
    "use": text("The name of a block from an included file.", "bench.power_up"),
    "with": {
        "type": "object",
        **VALUES,
        "description": "The block's parameters by name.",
        "examples": [{"volts": 5.0}],
    },
}

TABLE_RULES: Mapping[str, Schema] = {
    "delimiter": text(
        "The character between the columns; default: detected, among `;`, comma and tab.",
        ";",
        minLength=1,
        maxLength=1,
        pattern=r'^[^"\r\n]$',
    ),
    "columns": {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": ID_PATTERN},
        "additionalProperties": {"type": "string", "minLength": 1},
        "description": "Names for columns: variable to heading. Headings that are valid names need no entry.",
        "examples": [{"low": "Low Limit", "high": "High Limit"}],
    },
    "types": {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": ID_PATTERN},
        "additionalProperties": {"enum": ["text", "number", "integer", "boolean"]},
        "description": "The type of a column, by variable; each cell must have it or be empty.",
        "examples": [{"firmware": "text", "low": "number"}],
    },
    "decimal": {
        "enum": [".", ","],
        "default": ".",
        "description": "The decimal sign of the table's numbers.",
    },
    "encoding": text(
        "The file's encoding; default: UTF-8. UTF-8 and UTF-16 with a byte order mark are always recognised.",
        "cp1252",
    ),
}
"""How a table is written: what else is said of a file with rows."""

MATRIX: Schema = {
    "description": "Makes one case per row, named `case[row]`; a row's values are variables of its case.",
    "anyOf": [
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": ID_PATTERN},
            "additionalProperties": {
                "type": "array",
                "minItems": 1,
                "items": {"type": ["string", "number", "boolean", "null", "object"], **TEMPLATE},
            },
            "description": "One variable and its values. Values that are mappings are rows of several columns.",
        },
        {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "minProperties": 1, **VALUES},
            "description": "Rows: mappings with the same keys; the first key names the row.",
        },
        mapping(
            "Rows from a file.",
            {
                "csv": text(
                    "A CSV file beside the sequence; its first line names the columns, its first column "
                    "names the rows.",
                    "rails.csv",
                ),
                **TABLE_RULES,
            },
            "csv",
        ),
    ],
    "examples": [{"rail": ["3V3", "5V"]}, [{"rail": "5V", "lowest": 4.8, "highest": 5.2}], {"csv": "rails.csv"}],
}

DRIVER_USE: Schema = text(
    "The driver: file and class (or function) in the `drivers` folder, or one of a package's or of hardseq's own; "
    "`package.module:Class` is one of an installed package outright.",
    "minute_clock.MinuteClock",
    pattern=USE_PATTERN,
)
_ARGUMENTS: Schema = {
    "type": "object",
    **VALUES,
    "description": "Arguments by name for its constructor; the stand's configuration may override them.",
    "examples": [{"address": "TCPIP::192.168.0.7::INSTR"}],
}

DRIVER: Schema = {
    "description": "A driver: `file.Class`, or more about it.",
    "anyOf": [
        DRIVER_USE,
        mapping(
            "A driver with arguments.",
            {
                "use": DRIVER_USE,
                "with": _ARGUMENTS,
                "simulate": {
                    "description": "The counterpart that replaces it in a simulated run (`--simulate`). "
                    "Given as `file.Class` alone, it gets those arguments of `with` that it takes.",
                    "anyOf": [
                        DRIVER_USE,
                        mapping(
                            "A counterpart with its own arguments.", {"use": DRIVER_USE, "with": _ARGUMENTS}, "use"
                        ),
                    ],
                    "examples": ["simulated_bench.Meter"],
                },
                "scope": {
                    "enum": ["stand", "run", "module", "case"],
                    "default": "run",
                    "description": "How long it stays open; with `stand`, across the runs of a panel.",
                },
                "shared": {
                    "type": "boolean",
                    "default": False,
                    "description": "Whether it is one for all slots of the stand: opened once, it lives with the "
                    "stand, and calls take turns. By default each slot has its own.",
                },
                "open": mapping(
                    "When and how it is opened.",
                    {
                        "when": {
                            "enum": ["first_use", "start"],
                            "default": "first_use",
                            "description": "`start`: before the first case, so that an instrument that does not answer "
                            "is told before a product is touched. By default when the first case needs it.",
                        },
                        "timeout": {**DURATION, "description": "Opening may take no longer, each try."},
                        "retry": {
                            "description": "Tries again where it cannot be opened: the maximum number of tries (the "
                            "first one counts), and the pause between them.",
                            "anyOf": SHARED_KEYS["retry"]["anyOf"],
                            "examples": [{"times": 3, "delay": "2 s"}],
                        },
                    },
                    minProperties=1,
                    examples=[{"when": "start", "timeout": "10 s", "retry": {"times": 3, "delay": "2 s"}}],
                ),
                "reopen": {
                    "enum": ["after_error", "never"],
                    "default": "after_error",
                    "description": "Whether it is closed and reopened before its next use after a call that "
                    "ended in an exception, a timeout or a stop.",
                },
                "require": mapping(
                    "What must be true of the instrument, checked before the first case; if it is not, "
                    "only teardown runs. "
                    "What was found is in the report.",
                    {
                        "idn": text(
                            "A regular expression that must match somewhere in what the driver's "
                            "`identify` (or `idn`, or `id`) returns.",
                            "^KEYSIGHT.*,34465A",
                            **TEMPLATE,
                        ),
                        "calibration_due": text(
                            "The last day on which its calibration is valid, as YYYY-MM-DD.", "2027-05-01", **TEMPLATE
                        ),
                    },
                    minProperties=1,
                    examples=[{"idn": "^KEYSIGHT.*,34465A", "calibration_due": "2027-05-01"}],
                ),
            },
            "use",
        ),
    ],
    "examples": ["minute_clock.MinuteClock", {"use": "simulated_bench.Board", "with": {"seed": 42}}],
}

_SCALAR: Schema = {"type": ["string", "number", "boolean"]}

PARAM: Schema = mapping(
    "An input of the run.",
    {
        "type": {
            "enum": ["string", "integer", "number", "boolean"],
            "default": "string",
            "description": "The type of the value.",
        },
        "prompt": text(
            "The label of the field that the operator sees; default: the name of the parameter.", "Scan the board"
        ),
        "pattern": text("A regular expression that must match somewhere in the value.", "^SN[0-9]{6}$"),
        "hint": text(
            "What a valid value looks like, in words; shown when the value does not match the pattern.",
            "SN and six digits",
        ),
        "example": {
            **_SCALAR,
            "description": "A valid value, shown in the empty field and where the pattern has no `hint`.",
            "examples": ["SN000123"],
        },
        "default": {**_SCALAR, "description": "The value when none is given.", "examples": ["SN000001"]},
        "required": {
            "type": "boolean",
            "description": "Whether a value must be given; default: true, unless there is a `default`.",
        },
        "min": {"type": "number", "description": "The smallest number allowed.", "examples": [0]},
        "max": {"type": "number", "description": "The largest number allowed.", "examples": [100]},
        "one_of": {
            "type": "array",
            "items": _SCALAR,
            "minItems": 1,
            "description": "The values to choose from.",
            "examples": [["A", "B"]],
        },
        "each_run": {
            "type": "boolean",
            "description": (
                "Whether the panel's form asks for the value again before each run, as for a serial number; false "
                "keeps what was entered. When no parameter has true: what `dut.serial_number` is recorded from, else "
                "the first required string without `default` and `one_of`."
            ),
        },
    },
    examples=[{"type": "string", "pattern": "^SN[0-9]{6}$", "prompt": "Scan the board"}],
)

VARIANTS: Schema = {
    "type": "object",
    "description": "What differs by product: for each variant the values of variables. `by` gives the one of the run.",
    "properties": {
        "by": {
            **EXPRESSION_TEXT,
            "description": "Gives the name of the variant from what was entered at start.",
            "examples": ["${{ params.part_number }}"],
        },
    },
    "required": ["by"],
    "minProperties": 2,
    "additionalProperties": {
        "type": ["object", "null"],
        "propertyNames": {"pattern": ID_PATTERN},
        "additionalProperties": TEMPLATE,
    },
    "examples": [{"by": "${{ params.part_number }}", "PSB-24": {"input_voltage": 24.0}}],
}

LIMIT_TABLE: Schema = mapping(
    "Limits from a file.",
    {
        "file": text("The table: CSV (also with tabs or semicolons), or YAML.", "limits/psb.csv"),
        "key": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"type": "string", "pattern": ID_PATTERN},
            "description": "What identifies a row. `variant` and `measurement` are known by themselves, the rest is "
            "given by the step; default: those of the two that the table has.",
            "examples": [["variant", "measurement"]],
        },
        **TABLE_RULES,
        "columns": {
            **TABLE_RULES["columns"],
            "description": "The headings of columns, where they are others than the names of `key`, `lower`, `upper`, "
            "`nominal`, `tolerance`, `eq`, `one_of`, `matches`, these with `warn_` before them, and `unit`.",
            "examples": [{"measurement": "Test Name", "lower": "Low Limit", "upper": "High Limit"}],
        },
    },
    "file",
)

TOP: Mapping[str, Schema] = {
    "name": text("The name that the operator sees and the report shows.", "Minute parity", minLength=1),
    "version": text("The sequence's version; the report shows it.", "1.0.0"),
    "description": text("A longer description.", "Passes in even minutes."),
    "drivers": named(
        "Instruments and other Python, by the names that steps call.",
        DRIVER,
        examples=[{"meter": "bench.Meter"}],
    ),
    "params": named(
        "Inputs asked for at start: by `--arg name=value` or in the panel's start form.",
        PARAM,
        examples=[{"serial": {"type": "string", "pattern": "^SN[0-9]{6}$", "prompt": "Scan the board"}}],
    ),
    "vars": named(
        "Constants and computed values; they may use each other.",
        TEMPLATE,
        examples=[{"input_voltage": 24.0, "upper": "${{ input_voltage * 1.1 }}"}],
    ),
    "variants": VARIANTS,
    "tables": named(
        "Limit tables by name: limits that are kept in files, for `limits: {table: NAME}`.",
        LIMIT_TABLE,
        examples=[{"rails": {"file": "limits/psb.csv", "key": ["variant", "measurement"]}}],
    ),
    **RECORD_SCHEMAS,
    "defaults": mapping(
        "Defaults for cases and steps that do not set these keys themselves.",
        {
            "timeout": {**DURATION, "description": "The timeout of every case (and after-run step) without one."},
            "attempts": ATTEMPTS,
            "on_fail": {
                **ON_FAIL,
                "description": "The `on_fail` of every case and every step without one.",
            },
        },
        minProperties=1,
    ),
    "on_fail": ON_FAIL,
    "include": {
        "description": "Other YAML files whose modules, cases and step lists are used here by name. "
        "In a mapping, each file gets a name, which is put before the names of its blocks: `bench.power_up`.",
        "anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            {
                "type": "object",
                "propertyNames": {"pattern": ID_PATTERN},
                "additionalProperties": {"type": "string"},
                "minProperties": 1,
            },
        ],
        "examples": [["blocks/bench.yaml"], {"bench": "blocks/bench.yaml"}],
    },
}
"""The keys of the top level that hold no steps."""

STEP_SHARED: Mapping[str, Schema] = SHARED_KEYS
