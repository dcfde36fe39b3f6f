"""How long a run is going to take, from the runs before it."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from sequencer.vocabulary.report import RunReport


def expected_seconds(reports: Iterable[RunReport]) -> dict[str, float]:
    """The median duration of each case (``module::case``) over the reports, in seconds; only cases that passed count.

    A case's duration is from its first attempt's start to its last one's stop.
    """
    seen: dict[str, list[float]] = {}
    for report in reports:
        for module in report["modules"]:
            for case in module["cases"]:
                start, stop = case["start_time"], case["stop_time"]
                if case["status"] == "passed" and start is not None and stop is not None:
                    seen.setdefault(f"{module['id']}::{case['id']}", []).append(max(0.0, stop - start))
    return {name: round(median(durations), 3) for name, durations in seen.items()}
