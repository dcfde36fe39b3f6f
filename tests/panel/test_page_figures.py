"""Figures as people read them: numbers in failures and at axes, a chart on the whole screen, when the run ended."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sequencer.limits import parse_limits
from sequencer.limits.parse import FORMS
from sequencer.report.outcome import WORDS
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.shown import shown_number
from sequencer.vocabulary.times import shown_seconds

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SEQUENCE = """
name: Figures
modules:
  main:
    name: Main
    cases:
      low: {name: Low, steps: [{measure: Rail, value: 4.581467762580532, unit: V, limits: [4.8, 5.2]}]}
      just: {name: Just, steps: [{measure: Rail, value: 4.799999999999, unit: V, limits: [4.8, 5.2]}]}
      own: {name: Own, steps: [{check: 1 == 2, message: I saw 1.23456789012}]}
      sweep:
        name: Sweep
        steps:
          - chart:
              title: Sweep
              type: line_log_x
              series: [{name: A, x: [10, 1.0e+3, 1.0e+6], y: [1, 2, 3]}]
"""


@pytest.fixture(scope="module")
def figures(shared_stand: Any) -> Any:
    """A panel that has run the sequence once."""
    shared_stand.sequence("figures", SEQUENCE)
    panel = shared_stand.open()
    panel.run()
    return panel


@pytest.mark.parametrize(
    ("locale", "low", "just"),
    [
        (
            "en-US",
            "Rail: 4.581468 V is below the lower limit of 4.8 V",
            "Rail: 4.799999999999 V is below the lower limit of 4.8 V",
        ),
        (
            "de-DE",
            "Rail: 4,581468 V liegt unter der unteren Grenze von 4,8 V",
            "Rail: 4,799999999999 V liegt unter der unteren Grenze von 4,8 V",
        ),
    ],
)
def test_a_failure_has_as_many_digits_as_people_read(
    figures: Any, browse: Any, locale: str, low: str, just: str
) -> None:
    """Sixteen digits become seven, unless the value would then read like its limit; what the sequence says stays."""
    page = browse(figures, locale=locale, strict=True)
    page.evaluate("(language) => localStorage.setItem('hardseq.language', language)", locale[:2])
    for path in ("/", "/runs/latest"):
        page.goto(figures.url + path)
        said = page.locator(".case-failures .failure-message")
        expect(said).to_have_text([low, just, "I saw 1.23456789012"])


def test_a_chart_takes_the_whole_screen_and_gives_it_back(figures: Any, browse: Any) -> None:
    """One button, the same one back; the chart is drawn as large as the screen allows."""
    page = browse(figures, "/runs/latest")
    chart = page.locator("figure.chart")
    chart.scroll_into_view_if_needed()
    plot = chart.locator(".u-over")
    expect(plot).to_be_visible()
    before = plot.bounding_box()["height"]
    button = chart.get_by_role("button", name="Full screen")
    button.click()
    expect(page.locator("figure.chart:fullscreen")).to_have_count(1)
    page.wait_for_function("(before) => document.querySelector('.u-over').offsetHeight > before * 1.2", arg=before)
    button.click()
    expect(page.locator("figure.chart:fullscreen")).to_have_count(0)
    page.wait_for_function("(before) => document.querySelector('.u-over').offsetHeight <= before * 1.1", arg=before)


def test_the_marks_of_an_axis_are_written_alike(figures: Any, browse: Any) -> None:
    """Where an axis goes to a million its thousands are short, too."""
    page = browse(figures)
    numbers = page.evaluate(
        """async () => {
            const main = document.querySelector("script[type=module]").src;
            const { axisNumber } = await import(main.replace("all.js", "text.js"));
            const marks = [0.001, 10, 1000, 10000, 100000, 1000000].map((mark) => axisNumber(mark, true));
            return [...marks, axisNumber(20000, false)];
        }"""
    )
    assert numbers == ["0.001", "10", "1K", "10K", "100K", "1M", "20000"]


def test_spans_are_those_of_the_clock_of_the_stand(figures: Any, browse: Any) -> None:
    """Wherever the browser is, also on the days on which its clock or that of the stand is put forward or back."""
    page = browse(figures, timezone_id="Europe/Berlin")
    ends = {
        "day": {"2026-03-28": "2026-03-29", "2026-03-29": "2026-03-30", "2026-10-25": "2026-10-26"},
        "week": {"2026-03-23": "2026-03-30", "2026-10-19": "2026-10-26"},
        "month": {"2026-03-01": "2026-04-01", "2026-12-01": "2027-01-01"},
        "hour": {"2026-03-29T02:00": "2026-03-29T03:00", "2026-06-26T23:00": "2026-06-27T00:00"},
        "shift": {"2026-10-25T06:00": "2026-10-25T14:00", "2026-10-25T14:00": "2026-10-26T14:00"},
    }
    found = page.evaluate(
        """async (ends) => {
            const main = document.querySelector("script[type=module]").src;
            const { chosenSpan } = await import(main.replace("all.js", "spans.js"));
            const rows = [{ span: "2026-10-25T06:00" }, { span: "2026-10-25T14:00" }];
            const times = (span) => (begin) => Object.values(chosenSpan(begin, span, rows));
            const found = ([span, begins]) => [span, Object.keys(begins).map(times(span))];
            return Object.fromEntries(Object.entries(ends).map(found));
        }""",
        ends,
    )
    whole = {
        span: [[f"{time}T00:00"[:16] for time in pair] for pair in begins.items()] for span, begins in ends.items()
    }
    assert found == whole


def test_a_share_reads_as_nothing_or_all_only_where_it_is(figures: Any, browse: Any) -> None:
    """Three units of nine thousand are not 0%, and a yield of 100% has no failure in it."""
    shares = [0, 0.00033, 0.0004, 0.946, 0.9996, 0.99999, 1 - 1e-12, 1, None]
    found = browse(figures).evaluate(
        """async (shares) => {
            const main = document.querySelector("script[type=module]").src;
            const { percent } = await import(main.replace("all.js", "text.js"));
            return shares.map((share) => percent(share));
        }""",
        shares,
    )
    assert found == ["0%", "0.03%", "0.04%", "94.6%", "99.96%", "99.999%", "100%", "100%", "—"]


def test_who_comes_later_sees_when_the_run_ended(figures: Any, browse: Any) -> None:
    """The verdict that stands there has its time of day: that of the run's end, where the reader is."""
    ended = datetime.fromtimestamp(figures.last()["stop_time"], ZoneInfo("Asia/Tokyo"))
    page = browse(figures, timezone_id="Asia/Tokyo")
    expect(page.locator(".hero-ended")).to_have_text(f"ended {ended:%I:%M:%S %p}".replace("ended 0", "ended "))


def test_limits_are_bounded_as_the_server_bounds_them(figures: Any, browse: Any) -> None:
    """Where a scale begins and ends follows the table that CSV, StandCloud and the figures follow."""
    table = json.loads((Path(__file__).parents[1] / "limits" / "limit_bounds.json").read_text("utf-8"))
    read = """async (limits) => {
        const main = document.querySelector("script[type=module]").src;
        const { limitBounds } = await import(main.replace("all.js", "limit_bounds.js"));
        return limits.map(limitBounds);
    }"""
    found = browse(figures).evaluate(read, [row["limits"] for row in table])
    assert [{"limits": row["limits"], **bounds} for row, bounds in zip(table, found, strict=True)] == table


def test_numbers_that_people_type_are_read_as_the_server_reads_them(figures: Any, browse: Any) -> None:
    """The page's reading of a typed number follows the table that the server's follows, with a decimal comma too."""
    table = json.loads((Path(__file__).parents[1] / "vocabulary" / "number_texts.json").read_text("utf-8"))
    page = browse(figures)
    read = """async ([texts, decimalComma]) => {
        const main = document.querySelector("script[type=module]").src;
        const { readNumber } = await import(main.replace("all.js", "number_text.js"));
        return texts.map((text) => readNumber(text, { decimalComma })).map(({ number, code }) => number ?? code);
    }"""
    texts = [row["text"] for row in table]
    plain = [row.get("number", row.get("code")) for row in table]
    assert page.evaluate(read, [texts, False]) == plain
    comma = [row.get("with_comma", row.get("code_with_comma", said)) for row, said in zip(table, plain, strict=True)]
    assert page.evaluate(read, [texts, True]) == comma


AT_SEAMS = [
    *(0, -0.0, 5, 5.0, 10.49999999999951, 0.1 + 0.2, 1234566.5, 123456789.0625, 1e9 + 0.5, 999999999.96, 2.0**53, 1e15),
    *(1e16, 1.2e22, 9.9999e-5, 1e-4, 0.00012345665, -1.5e-9, 0.99999995, 4.799999999999, 5e-324, 1.7e308, 123),
]
DURATIONS = [
    *(0, 0.0004, 0.0005, 0.25, 0.9994, 0.9996, 0.99949999, 1, 1.05, 1.25),
    *(59.94, 59.95, 59.9994, 59.9996, 60, 3599.9, 3600, 86399.5),
]


def test_numbers_durations_reasons_and_verdicts_read_the_same_everywhere(figures: Any, browse: Any) -> None:
    """The page in English writes what terminal and exports write, for numbers of every size and at every seam."""
    chance = random.Random(9)
    numbers = [*AT_SEAMS, *(chance.uniform(-1, 1) * 10.0 ** chance.randint(-12, 24) for _ in range(400))]
    numbers += [chance.randint(-9999, 9999) * 10.0 ** chance.randint(-12, 12) for _ in range(200)]
    durations = [*DURATIONS, *(abs(number) % 5000 for number in numbers)]
    write = """async ([numbers, durations, reasons, words]) => {
        const main = document.querySelector("script[type=module]").src;
        const module = (name) => import(main.replace("all.js", name));
        const { number, duration, t, loadLanguage } = await module("text.js");
        await loadLanguage("en");
        const { reasonText } = await module("reason.js");
        return [
            numbers.map(number),
            durations.map((of) => duration(of, { fine: true })),
            reasons.map((of) => reasonText(of, null)),
            words.map((of) => t(`verdict.${of}`).toUpperCase()),
        ];
    }"""
    missed = [Reason("above", value=value, limit=limit, unit="V") for value, limit in pairwise(numbers)]
    missed += [Reason("above", value=value + 1e-12, limit=value, unit="V") for value in (1.5e-6, 0.5, 10.5, 4e10)]
    asked = [numbers, durations, [reason.document() for reason in missed], list(WORDS)]
    said = browse(figures).evaluate(write, asked)
    assert said == [
        [shown_number(number) for number in numbers],
        [shown_seconds(seconds) for seconds in durations],
        [str(reason) for reason in missed],
        list(WORDS.values()),
    ]


def test_limits_are_said_in_the_same_words_everywhere(figures: Any, browse: Any) -> None:
    """The page in English says of each form of limits what terminal, HTML, JUnit and the problems of `check` say."""
    table = json.loads((Path(__file__).parents[1] / "limits" / "limit_bounds.json").read_text("utf-8"))
    # A browser has no numbers above 1.8e308.
    forms: list[Any] = [row["limits"] for row in table if len(json.dumps(row["limits"])) < 300]
    forms += [
        {"nominal": 3.3, "tolerance": {"plus": 0.25, "minus": "1 %"}},
        {"eq": "v" * 80},
        {"ne": "A", "ignore_case": True},
    ]
    forms += [{"none_of": [1, "a"]}, {"eq": None}, {"eq": {"a": {}}}]
    forms += [{"eq": [1, 2.5, "a", [True, None], {"k": "v" * 130}]}]
    forms += [
        {"each": {"outside": {"le": -1.5e-7, "gt": 2}}},
        {"one_of": ["a\n", 1, True]},
        {"contains": 5},
        {"gt": 1e-9, "le": 1e21},
    ]
    assert {key for keys in FORMS for key in keys} <= {key for limits in forms for key in keys_of(limits)}
    asked = [
        (limits, unit, words) for limits in forms for unit in (None, "V", "°") if (words := _in_words(limits, unit))
    ]
    assert len(asked) > 100
    read = """async (asked) => {
        const main = document.querySelector("script[type=module]").src;
        const { limitsText } = await import(main.replace("all.js", "limits_text.js"));
        const { loadLanguage } = await import(main.replace("all.js", "text.js"));
        await loadLanguage("en");
        return asked.map(([limits, unit]) => limitsText(limits, unit));
    }"""
    assert browse(figures).evaluate(read, asked) == [words for *_, words in asked]


def keys_of(limits: Any) -> Iterator[str]:
    """All keys in limits."""
    for key, value in limits.items() if isinstance(limits, dict) else ():
        yield key
        yield from keys_of(value)


def _in_words(limits: Any, unit: str | None) -> str | None:
    try:
        return parse_limits(limits, unit).describe(unit)
    except ValueError:
        return None


def test_a_run_of_less_than_a_second_is_not_said_to_take_none(figures: Any, browse: Any) -> None:
    """The top of the live page has milliseconds or tenths for a run that is over, and no 0:00."""
    page = browse(figures)
    expect(page.locator(".hero")).to_contain_text(re.compile(r"Figures *[\d.]+ (ms|s)"))
