"""The drivers of the sequences that are ready to run."""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest

DRIVERS = Path(__file__).parents[2] / "drivers"


def loaded(name: str) -> ModuleType:
    """A driver file as a module."""
    spec = importlib.util.spec_from_file_location(name, DRIVERS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bench() -> Iterator[ModuleType]:
    yield loaded("simulated_bench")
    del sys.modules["simulated_bench"]


def test_the_clock_tells_the_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a preset it is the minute of now (or of the moment before or after)."""
    monkeypatch.delenv("HARDSEQ_MINUTE", raising=False)
    before = datetime.now().minute
    assert loaded("minute_clock").MinuteClock().current_minute() in (before, (before + 1) % 60)


def test_the_minute_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument wins over the environment, which wins over the time of day."""
    monkeypatch.setenv("HARDSEQ_MINUTE", "8")
    clock = loaded("minute_clock").MinuteClock
    assert (clock().current_minute(), clock(minute=7).current_minute()) == (8, 7)


def test_a_minute_that_no_clock_shows() -> None:
    """60 is refused with a sentence."""
    with pytest.raises(ValueError, match="0 to 59, not 60"):
        loaded("minute_clock").MinuteClock(60)


def test_instruments_of_one_bench_share_its_wires(bench: ModuleType) -> None:
    """The meter reads what the supply gives and the load draws; the rails stand only under power."""
    supply, meter, load, _ = bench.Supply(), bench.Meter(), bench.Load(), bench.Board(seed=3)
    assert meter.voltage("5V") == pytest.approx(0, abs=0.01)
    supply.set_output(24.0, 2.5)
    supply.on()
    unloaded = meter.voltage("5V")
    load.draw("5V", 1.0)
    assert unloaded == pytest.approx(5.0, abs=0.06)
    assert meter.voltage("5V") == pytest.approx(unloaded - 0.02, abs=0.005)
    load.draw("5V", 3.5)
    assert meter.voltage("5V") == pytest.approx(0, abs=0.01)
    supply.close()
    assert meter.voltage("input") == pytest.approx(0, abs=0.01)


def test_equal_seeds_read_equal(bench: ModuleType) -> None:
    """Two benches with one seed give the same figures, another seed gives others."""

    def readings(name: str, seed: int) -> list[float]:
        bench.Board(name, seed=seed)
        supply, meter = bench.Supply(name), bench.Meter(name)
        supply.set_output(24.0, 2.5)
        supply.on()
        return [meter.voltage("3V3") for _ in range(5)]

    assert readings("a", 1) == readings("b", 1) != readings("c", 2)


def test_faults_show(bench: ModuleType) -> None:
    """Each injected fault changes what its measurement reads."""
    supply = bench.Supply()
    supply.set_output(24.0, 2.5)
    supply.on()
    meter = bench.Meter()
    assert bench.Board(fault="low_5v") is not None
    assert meter.voltage("5V") == pytest.approx(4.6, abs=0.01)
    bench.Board(fault="ripple")
    assert meter.ripple("3V3") > 90
    bench.Board(fault="short")
    assert supply.current() == 2.5
    assert bench.Board(fault="short").power_good() is False
    assert bench.Board(fault="firmware").firmware() == "v0.9.0-beta"
    assert min(bench.Board(fault="hot").temperatures()) > 60
    assert any(math.isnan(value) for value in bench.Board(fault="dead_sensor").temperatures())


def test_an_unknown_fault_is_refused(bench: ModuleType) -> None:
    """A misspelt fault is no fault-free board."""
    with pytest.raises(ValueError, match="no fault is named 'lwo_5v'"):
        bench.Board(fault="lwo_5v")
