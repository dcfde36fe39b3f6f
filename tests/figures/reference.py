"""The figures once more, by pandas, from the reports themselves: nothing of ``sequencer.figures`` is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sequencer.report.model import RunReport
from tests.later import Later

pd = Later("pandas")

Row = dict[str, Any]

UNIT = ["sequence", "part_number", "serial_number"]
NOTHING = "∅"
"""What is not said: pandas leaves rows with nothing in a group out."""

KEYS = {"user": "operator"}

RUN = [
    *("id", "start_time", "local", "status", "counted", "sequence", "version", "serial_number", "part_number"),
    *("batch", "stand", "slot", "operator", "error_code", "took"),
]
BOUNDS = ("lower", "upper")
CASE = [*RUN, "case", "seconds"]
VALUE = [*RUN, "position", "case", "measurement", "unit", "value", "lower", "upper", "missed"]


class Reference:
    """The answers for the reports that count in the end, one of each run."""

    def __init__(self, reports: Sequence[RunReport], shifts: Sequence[str] = ()) -> None:
        final: dict[str, RunReport] = {}
        for report in reports:
            if report["id"] not in final or not report["aborted"]:
                final[report["id"]] = report
        self.shifts = shifts
        self.runs = _frame([_run(report) for report in final.values()], RUN)
        self.cases = _frame([row for report in final.values() for row in _cases(report)], CASE)
        self.values = _frame([row for report in final.values() for row in _values(report)], VALUE)

    def chosen(self, scope: Mapping[str, Any], frame: pd.DataFrame) -> pd.DataFrame:
        """The rows in scope."""
        for name in ("stand", "slot", "part_number", "sequence", "batch", "version", "operator"):
            if scope.get(name) is not None:
                frame = frame[frame[name] == scope[name]]
        if scope.get("since") is not None:
            frame = frame[frame.start_time >= scope["since"]]
        if scope.get("until") is not None:
            frame = frame[frame.start_time < scope["until"]]
        return frame

    def split(self, scope: Mapping[str, Any], frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """With a column for each split, and these columns."""
        frame = frame.copy()
        names = []
        for name in scope.get("by", ()):
            frame[f"by_{name}"] = frame[KEYS.get(name, name)]
            names.append(f"by_{name}")
        span = scope.get("span")
        frame["span"] = NOTHING if span is None else [_span(local, span, self.shifts) for local in frame.local]
        return frame.fillna(dict.fromkeys(names, NOTHING)), [*names, "span"]

    def yields(self, scope: Mapping[str, Any]) -> list[Row]:
        """Yield, first-pass yield, final yield."""
        judged = self.runs[self.runs.counted & self.runs.status.isin(["passed", "failed", "error"])]
        of_units = judged[judged.serial_number.notna()].fillna(dict.fromkeys(UNIT, NOTHING))
        of_units = of_units.sort_values(["start_time", "id"])
        grouped = of_units.groupby(UNIT, sort=False)
        firsts = grouped.head(1).set_index(UNIT)
        firsts["final"] = grouped.tail(1).set_index(UNIT).status
        of_two = grouped.head(2)
        firsts["second"] = of_two.assign(good=of_two.status == "passed").groupby(UNIT, sort=False).good.any()
        firsts = firsts.reset_index().replace({"part_number": NOTHING}, None)
        runs, names = self.split(scope, self.chosen(scope, judged))
        units, _ = self.split(scope, self.chosen(scope, firsts))
        rows = []
        for key, group in runs.groupby(names):
            mine = units[(units[names] == list(key)).all(axis=1)]
            counts = group.status.value_counts()
            passed, failed, error = (int(counts.get(name, 0)) for name in ("passed", "failed", "error"))
            first, final = int((mine.status == "passed").sum()), int((mine.final == "passed").sum())
            rows.append(
                {
                    **_said(scope, key),
                    "runs": len(group),
                    "passed": passed,
                    "failed": failed,
                    "error": error,
                    "yield": passed / len(group),
                    "units": len(mine),
                    "first_passed": first,
                    "first_pass_yield": first / len(mine) if len(mine) else None,
                    "final_passed": final,
                    "final_yield": final / len(mine) if len(mine) else None,
                    "second_passed": int(mine.second.sum()),
                    "second_pass_yield": mine.second.mean() if len(mine) else None,
                    "mean_seconds": group[group.status == "passed"].took.mean() if passed else None,
                    "seconds_per_unit": group.took.sum() / len(mine) if len(mine) else None,
                }
            )
        return rows

    def new_failures(self, scope: Mapping[str, Any]) -> list[Row]:
        """Cases that failed in the scope and never before, the newest first."""
        all_time = {name: value for name, value in scope.items() if name != "since"}
        if (
            scope.get("since") is None
            or not (self.chosen(all_time, self.runs[self.runs.counted]).start_time < scope["since"]).any()
        ):
            return []
        frame = self.cases[self.cases.status.isin(["failed", "error", "stopped"]) & self.cases.counted]
        frame = self.chosen(all_time, frame).sort_values(["start_time", "id"])
        rows = [
            {"name": name, "runs": mine.id.nunique(), "start_time": mine.start_time.iloc[0], "run": mine.id.iloc[0]}
            for name, mine in frame.groupby("case")
            if mine.start_time.iloc[0] >= scope["since"]
        ]
        return sorted(rows, key=lambda row: (-row["start_time"], row["name"]))

    def choices(self) -> list[tuple[str, str, int]]:
        """What there is to choose from."""
        names = ("stand", "slot", "part_number", "sequence", "version", "batch", "operator")
        return sorted((name, value, count) for name in names for value, count in self.runs[name].value_counts().items())

    def rests_on(self, scope: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
        """Of the runs in scope those that count, and the others: all, counted, judged."""
        runs = self.chosen(scope, self.runs)
        judged = runs.counted & runs.status.isin(["passed", "failed", "error"])
        return {
            "all": (len(runs), 0),
            "counted": (int(runs.counted.sum()), len(runs) - int(runs.counted.sum())),
            "judged": (int(judged.sum()), len(runs) - int(judged.sum())),
        }

    def failures(self, scope: Mapping[str, Any], cause: str) -> list[Row]:
        """A Pareto."""
        if cause == "case":
            frame = self.cases[self.cases.status.isin(["failed", "error", "stopped"])].assign(name=lambda f: f.case)
        elif cause == "measurement":
            frame = self.values[self.values.missed].assign(name=lambda f: f.case + "::" + f.measurement)
        elif cause == "failing_stand":
            bad = self.runs[self.runs.status.isin(["failed", "error"]) & self.runs.stand.notna()]
            frame = bad.assign(name=lambda f: f.stand)
        else:
            frame = self.runs[self.runs.error_code.notna()].assign(name=lambda f: f.error_code.astype(int).astype(str))
        frame, names = self.split(scope, self.chosen(scope, frame[frame.counted]))
        rows = []
        for key, group in frame.groupby(names):
            bars = []
            for name, mine in group.groupby("name"):
                known = mine[mine.serial_number.notna()].fillna(dict.fromkeys(UNIT, NOTHING))
                units = len(known.drop_duplicates(UNIT))
                bars.append({"name": name, "runs": mine.id.nunique(), "units": units})
            bars.sort(key=lambda bar: (-bar["runs"], bar["name"]))
            total, so_far = sum(bar["runs"] for bar in bars), 0
            for bar in bars:
                so_far += bar["runs"]
                rows.append({**_said(scope, key), **bar, "share": bar["runs"] / total, "cumulative": so_far / total})
        return rows

    def capabilities(self, scope: Mapping[str, Any]) -> list[Row]:
        """Sigmas and capability."""
        frame = self.values[self.values.counted & self.values.value.notna()]
        frame, names = self.split(scope, self.chosen(scope, frame))
        frame = frame.fillna({"unit": NOTHING}).sort_values(["start_time", "id", "position"])
        rows = []
        for key, group in frame.groupby([*names, "sequence", "case", "measurement", "unit"]):
            values = group.value.astype(float)
            lower, upper = (float("nan") if group[name].iloc[-1] is None else group[name].iloc[-1] for name in BOUNDS)
            mean, overall, within = values.mean(), values.std(ddof=1), values.diff().abs().mean() / 1.128
            sides = [side for side in (mean - lower, upper - mean) if not pd.isna(side)]
            both = not pd.isna(lower) and not pd.isna(upper)
            said = dict(zip(("sequence", "case", "measurement", "unit"), key[len(names) :], strict=True))
            rows.append(
                {
                    **_said(scope, key[: len(names)]),
                    **{name: None if value == NOTHING else value for name, value in said.items()},
                    "n": len(values),
                    "mean": mean,
                    "sigma": _none(overall),
                    "sigma_within": _none(within),
                    "lower": _none(lower),
                    "upper": _none(upper),
                    "cp": (upper - lower) / (6 * within) if both and within > 0 else None,
                    "cpk": min(sides) / (3 * within) if sides and within > 0 else None,
                    "pp": (upper - lower) / (6 * overall) if both and overall > 0 else None,
                    "ppk": min(sides) / (3 * overall) if sides and overall > 0 else None,
                    "below": int((values < lower).sum()),
                    "above": int((values > upper).sum()),
                }
            )
        return rows

    def times(self, scope: Mapping[str, Any]) -> list[Row]:
        """Where the time goes."""
        frame = self.cases[self.cases.counted & self.cases.seconds.notna()]
        frame, names = self.split(scope, self.chosen(scope, frame))
        rows = []
        for key, group in frame.groupby(names):
            total = group.seconds.sum()
            for case, mine in group.groupby("case"):
                seconds = mine.seconds.astype(float)
                rows.append(
                    {
                        **_said(scope, key),
                        "case": case,
                        "n": len(seconds),
                        "mean": seconds.mean(),
                        "median": seconds.median(),
                        "p95": seconds.quantile(0.95),
                        "share": seconds.sum() / total if total else None,
                    }
                )
        return rows

    def case_times(self, scope: Mapping[str, Any]) -> list[Row]:
        """Where the time of each case goes; a row of the case, and one of each version, ``since`` its first run."""
        frame = self.cases[self.cases.counted & self.cases.seconds.notna()]
        frame, names = self.split(scope, self.chosen(scope, frame))
        frame["version"] = frame.version.fillna(NOTHING)
        rows = []
        for key, group in frame.groupby(names):
            total = group.seconds.sum()
            for (sequence, case), mine in group.groupby(["sequence", "case"]):
                seconds = mine.seconds.astype(float)
                row = {**_said(scope, key), "sequence": sequence, "case": case}
                quantiles = {"median": seconds.median(), "p95": seconds.quantile(0.95)}
                sums = {"seconds": seconds.sum(), "mean": seconds.mean()}
                share = seconds.sum() / total if total else None
                rows.append({**row, "n": len(seconds), **sums, **quantiles, "share": share})
                for version, runs in mine.groupby("version"):
                    said = {"version": None if version == NOTHING else version, "since": runs.start_time.min()}
                    rows.append({**row, **said, "n": len(runs), "median": runs.seconds.astype(float).median()})
        return rows


def _frame(rows: Sequence[Row], columns: Sequence[str]) -> pd.DataFrame:
    """Plain objects: what is not said stays ``None``, whatever else is in its column."""
    frame = pd.DataFrame([[row[name] for name in columns] for row in rows], columns=columns, dtype=object)
    return frame.astype({name: bool for name in ("counted", "missed") if name in columns})


def _none(value: float) -> float | None:
    return None if pd.isna(value) else value


def _said(scope: Mapping[str, Any], key: Sequence[Any]) -> Row:
    values = [None if value == NOTHING else value for value in key]
    return {"by": dict(zip(scope.get("by", ()), values, strict=False)), "span": values[-1]}


def _run(report: RunReport) -> Row:
    local = datetime.fromtimestamp(report["start_time"], ZoneInfo(report["host"]["timezone"])).replace(tzinfo=None)
    whole = report["selection"] is None and not report["debugged"] and not report["simulated"]
    return {
        "id": report["id"],
        "start_time": report["start_time"],
        "local": local,
        "took": None if report["stop_time"] is None else report["stop_time"] - report["start_time"],
        "status": report["status"],
        "counted": whole,
        "sequence": report["sequence"]["name"],
        "version": report["sequence"]["version"],
        "serial_number": report["dut"].get("serial_number"),
        "part_number": report["dut"].get("part_number"),
        "batch": report["batch"].get("serial_number"),
        "stand": report["stand"].get("name"),
        "slot": report["slot"]["name"] if "slot" in report else None,
        "operator": report["user"],
        "error_code": report["error_code"],
    }


def _cases(report: RunReport) -> list[Row]:
    run = _run(report)
    rows = []
    for module in report["modules"]:
        for case in module["cases"]:
            start, stop = case["start_time"], case["stop_time"]
            took = None if start is None or stop is None else stop - start
            rows.append({**run, "case": f"{module['id']}::{case['id']}", "status": case["status"], "seconds": took})
    return rows


def _values(report: RunReport) -> list[Row]:
    run = _run(report)
    rows = []
    for module in report["modules"]:
        for case in module["cases"]:
            last = case["attempts"][-1]["measurements"] if case["attempts"] else []
            for taken in last:
                numeric = taken["type"] == "numeric" and not isinstance(taken["value"], str)
                limits: Any = taken["limits"] if isinstance(taken["limits"], list) else [None, None]
                rows.append(
                    {
                        **run,
                        "position": len(rows),
                        "case": f"{module['id']}::{case['id']}",
                        "measurement": taken["name"],
                        "unit": taken["unit"],
                        "value": float(taken["value"]) if numeric else None,  # type: ignore[arg-type]
                        "lower": limits[0],
                        "upper": limits[1],
                        "missed": taken["result"] is False,
                    }
                )
    return rows


def _span(local: datetime, span: str, shifts: Sequence[str]) -> str:
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if span == "hour":
        return local.strftime("%Y-%m-%dT%H:00")
    if span == "shift":
        begins = [datetime.fromisoformat(f"{day + timedelta(days):%Y-%m-%d}T{at}") for days in (-1, 0) for at in shifts]
        return max(begin for begin in begins if begin <= local).strftime("%Y-%m-%dT%H:%M")
    if span == "week":
        day -= timedelta(local.weekday())
    return (day.replace(day=1) if span == "month" else day).strftime("%Y-%m-%d")
