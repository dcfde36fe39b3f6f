"""Time that does not jump: a stand whose clock is set while a run goes on (by NTP, say) still measures durations."""

from __future__ import annotations

import time


class SteadyClock:
    """Unix seconds as they were when it was made, counted on by ``time.perf_counter``, which nobody sets.

    ``epoch`` are the Unix seconds at its zero. All processes of a machine count alike, so that those that are given the
    same ``epoch`` agree.
    """

    def __init__(self, epoch: float | None = None) -> None:
        self.epoch = time.time() - time.perf_counter() if epoch is None else epoch

    @classmethod
    def set_to(cls, now: float) -> SteadyClock:
        """One that shows ``now``, in Unix seconds."""
        return cls(now - time.perf_counter())

    def now(self) -> float:
        """Unix seconds."""
        return self.epoch + time.perf_counter()
