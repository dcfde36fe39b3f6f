"""Identifiers of runs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

from sequencer.report.run_id import new_run_id, run_ids


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    """Version, variant and milliseconds stand where RFC 9562 wants them."""
    before = time.time_ns() // 1_000_000
    identity = UUID(new_run_id())
    after = time.time_ns() // 1_000_000
    assert (identity.version, identity.variant) == (7, RFC_4122)
    assert before <= identity.int >> 80 <= after + 1
    assert str(identity) == str(UUID(str(identity)))


def test_ids_sort_by_time_even_when_the_clock_goes_back() -> None:
    """Within a process each is greater than the one before."""
    moments = iter([5_000_000_000, 5_000_000_000, 4_000_000_000, 5_000_000_100, 6_000_000_000])
    new = run_ids(lambda: next(moments))
    made = [new() for _ in range(5)]
    assert made == sorted(set(made))


def test_threads_never_get_the_same_id() -> None:
    """However many ask at once."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_run_id(), range(5_000)))
    assert len(set(made)) == 5_000
