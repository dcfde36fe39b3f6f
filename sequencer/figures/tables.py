"""The tables of the figures index: their columns, how their rows lie, and how those of units are derived."""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.figures import daily, durations
from sequencer.figures.scope import FILTERS

SCHEMA = 10
"""Of the tables and of what is in them: an index of another one is begun anew."""

FACTS: Mapping[str, str] = {
    "id": "VARCHAR",
    "start_time": "DOUBLE",
    "began": "TIMESTAMP",
    "sequence": "VARCHAR",
    "version": "VARCHAR",
    "serial_number": "VARCHAR",
    "part_number": "VARCHAR",
    "batch": "VARCHAR",
    "stand": "VARCHAR",
    "slot": "VARCHAR",
    "operator": "VARCHAR",
    "start": "VARCHAR",
}
"""What a run can be chosen by, and a unit by its first judged run."""
CIRCUMSTANCES = tuple(FILTERS)
"""What runs are chosen and split by besides their time. Many runs have the same."""

TABLES: Mapping[str, Mapping[str, str]] = {
    "runs": {
        "run": "UINTEGER",
        "digest": "VARCHAR",
        "circumstance": "UINTEGER",
        **FACTS,
        "stop_time": "DOUBLE",
        "status": "VARCHAR",
        "partial": "BOOLEAN",
        "simulated": "BOOLEAN",
        "counted": "BOOLEAN",
        "judged": "BOOLEAN",
        "aborted": "BOOLEAN",
        "caused_dut_failure_id": "VARCHAR",
        "error_code": "BIGINT",
        "untested": "VARCHAR",
        "changed": "BOOLEAN",
        "imported": "VARCHAR",
    },
    "circumstances": {"circumstance": "UINTEGER", **{name: FACTS[name] for name in CIRCUMSTANCES}},
    "cases": {
        "run": "UINTEGER",
        "title": "UINTEGER",
        "version": "VARCHAR",
        "counted": "BOOLEAN",
        "status": "VARCHAR",
        "seconds": "DOUBLE",
        "attempts": "UINTEGER",
        "retried": "DOUBLE",
        "asked": "DOUBLE",
        "waited": "DOUBLE",
        "cell": "UBIGINT",
    },
    "measurements": {
        "run": "UINTEGER",
        "series": "UINTEGER",
        "position": "UINTEGER",
        "circumstance": "UINTEGER",
        "start_time": "DOUBLE",
        "counted": "BOOLEAN",
        "value": "DOUBLE",
        "lower": "DOUBLE",
        "upper": "DOUBLE",
        "target": "DOUBLE",
        "result": "BOOLEAN",
    },
    "failures": {"run": "UINTEGER", "title": "UINTEGER", "measurement": "VARCHAR"},
    "sub_units": {"run": "UINTEGER", "serial_number": "VARCHAR", "part_number": "VARCHAR", "name": "VARCHAR"},
    "unreadable": {"id": "VARCHAR", "digest": "VARCHAR", "reason": "VARCHAR"},
    "titles": {"title": "UINTEGER", "sequence": "VARCHAR", "name": "VARCHAR", "said": "VARCHAR", "since": "DOUBLE"},
    "series": {
        "series": "UINTEGER",
        "sequence": "VARCHAR",
        "name": "VARCHAR",
        "measurement": "VARCHAR",
        "unit": "VARCHAR",
    },
    "units": {**FACTS, "first_passed": "BOOLEAN", "second_passed": "BOOLEAN", "final_passed": "BOOLEAN"},
    "daily": daily.DAILY,
    "durations": durations.DURATIONS,
    "place": {"schema": "INTEGER", "store": "VARCHAR", "checkpoint": "VARCHAR"},
}
"""Tables with their columns. ``position`` is the measurement's place in its run. ``failures`` has what
failed in a run once, however often it did."""
INDEXES: Mapping[str, str] = {"runs": "serial_number", "sub_units": "serial_number"}
"""Columns by which single rows are found however many there are: what is known of a unit is asked for many times a
day, and each time of one."""
OF_RUN = ("run", "circumstance", "version", "start_time", "counted")
"""Columns of cases and measurements that say what their run does. They are there once more as many a question needs
nothing else of it: to look up a million runs takes longer than to read a million values."""
DERIVED: Mapping[str, Mapping[str, str]] = {"cases": {"cell": durations.CELL}}
"""Columns that are made of others, with SQL."""

SORTED_AT_ONCE = 32_768
"""Runs whose measurements and cases are sorted once they are all there: a question about some of these reads little
else then."""
SORTED: Mapping[str, str] = {"measurements": "series, run, position", "cases": "cell, run"}
"""How they are sorted."""

OF_RUNS = ("runs", "cases", "measurements", "failures", "sub_units")
"""The tables that each run has rows in."""
UNIT = ("sequence", "part_number", "serial_number")
"""What makes a unit one."""
TOUCHED: Mapping[str, str] = dict.fromkeys(UNIT, "VARCHAR")
"""The units whose runs are others than before, while something is added."""
SAME_UNIT = " AND ".join(f"u.{name} IS NOT DISTINCT FROM t.{name}" for name in UNIT)

REFRESH_UNITS = f"""
DELETE FROM units u USING touched t WHERE {SAME_UNIT};
INSERT INTO units
    SELECT {", ".join(FACTS)}, passed, passed OR coalesce(second, FALSE), final
    FROM (
        SELECT *, row_number() OVER unit AS place, lead(passed) OVER unit AS second,
               last_value(passed) OVER (unit ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS final
        FROM (
            SELECT u.*, u.status = 'passed' AS passed
            FROM runs u JOIN (SELECT DISTINCT * FROM touched) t ON {SAME_UNIT}
            WHERE u.judged
        )
        WINDOW unit AS (PARTITION BY {", ".join(UNIT)} ORDER BY start_time, id)
    )
    WHERE place = 1;
"""
