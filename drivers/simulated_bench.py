"""A bench that exists only in the computer: a supply, a meter, an electronic load, and a power board with three rails.

The instruments are wired to each other as on a real bench: what the meter reads depends on what the supply gives and
what the load draws. Whoever names the same bench shares its wires. Every figure follows from the board's seed, so two
runs read the same. Units are volts, amperes, ohms, millivolts (ripple) and degrees Celsius.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from functools import cache

FAULTS = ("none", "low_5v", "ripple", "no_trip", "hot", "short", "firmware", "dead_sensor")


@dataclass
class Rail:
    """One output: what it gives unloaded, how it sags, when it gives up. Volts, ohms, amperes, millivolts."""

    nominal: float
    offset: float
    resistance: float = 0.02
    trip: float = 3.0
    ripple: float = 12.0
    load: float = 0.0

    def volts(self) -> float:
        """The output under the present load; 0 once the protection has tripped."""
        return 0.0 if self.load > self.trip else self.nominal + self.offset - self.resistance * self.load


@dataclass
class Wiring:
    """What hangs on one bench. ``touches`` counts how often the probes were put down."""

    supply_volts: float = 0.0
    supply_limit: float = 0.0
    supply_on: bool = False
    touches: int = 0
    idle_amps: float = 0.11
    rails: dict[str, Rail] = field(default_factory=dict)
    noise: random.Random = field(default_factory=random.Random)

    def powered(self) -> bool:
        """Whether the board's converters have enough input to start."""
        return self.supply_on and self.supply_volts >= 18.0 and self.idle_amps < self.supply_limit

    def volts(self, point: str) -> float:
        """What stands at a test point; raises ``ValueError`` when there is no such point."""
        if point == "input":
            return self.supply_volts if self.supply_on else 0.0
        if point not in self.rails:
            raise ValueError(f"the board has no test point {point!r}; there are input, {', '.join(self.rails)}")
        return self.rails[point].volts() if self.powered() else 0.0


@cache
def wires(bench: str) -> Wiring:
    """The wires of the bench of that name."""
    return Wiring()


class Supply:
    """The bench supply that feeds the board's input."""

    def __init__(self, bench: str = "desk") -> None:
        self._wires = wires(bench)

    def identify(self) -> str:
        """Maker, model, serial number and firmware, as ``*IDN?`` gives them."""
        return "Simulated,SUPPLY-30,S0001,1.0"

    def set_output(self, volts: float, amps: float) -> None:
        """Programs voltage and current limit; raises ``ValueError`` outside 0 to 30 V."""
        if not 0 <= volts <= 30:
            raise ValueError(f"this supply gives 0 to 30 V, not {volts:g} V")
        self._wires.supply_volts, self._wires.supply_limit = volts, amps

    def on(self) -> None:
        """Switches the output on."""
        self._wires.supply_on = True

    def off(self) -> None:
        """Switches the output off."""
        self._wires.supply_on = False

    def current(self) -> float:
        """The current into the board, in amperes; its converters lose a tenth."""
        if not self._wires.supply_on:
            return 0.0
        rails = self._wires.rails.values()
        watts = sum(rail.volts() * rail.load for rail in rails) if self._wires.powered() else 0.0
        return min(self._wires.idle_amps + watts / 0.9 / self._wires.supply_volts, self._wires.supply_limit)

    def close(self) -> None:
        """Leaves nothing under power."""
        self.off()


class Meter:
    """The meter and its probes."""

    def __init__(self, bench: str = "desk") -> None:
        self._wires = wires(bench)

    def identify(self) -> str:
        """Maker, model, serial number and firmware, as ``*IDN?`` gives them."""
        return "Simulated,METER-6,M0001,2.1"

    def voltage(self, point: str) -> float:
        """Volts at a test point: ``input`` or the name of a rail."""
        return round(self._wires.volts(point) + self._wires.noise.gauss(0, 0.0005), 4)

    def ripple(self, point: str) -> float:
        """Peak-to-peak ripple of a rail in millivolts."""
        rail = self._wires.rails[point]
        return round(rail.ripple + 2.0 * rail.load, 2)

    def spectrum(self, point: str, harmonics: int = 10) -> list[list[float]]:
        """The ripple of a rail as ``[frequencies in hertz, levels in millivolts]``, from the switching frequency up."""
        ripple = self.ripple(point)
        numbers = range(1, harmonics + 1)
        return [[200e3 * number for number in numbers], [round(ripple / number**1.5, 3) for number in numbers]]

    def contact_resistance(self) -> float:
        """Ohms from probe to pad; the first touch often meets oxide, the next ones bite through it."""
        self._wires.touches += 1
        return round(0.05 + 4.0 / 10 ** (self._wires.touches - 1), 3)


class Load:
    """The electronic load on the board's rails."""

    def __init__(self, bench: str = "desk") -> None:
        self._wires = wires(bench)

    def draw(self, rail: str, amps: float) -> None:
        """Draws a current from a rail; raises ``ValueError`` for a rail that is not there."""
        if rail not in self._wires.rails:
            raise ValueError(f"the load is not wired to {rail!r}; it is to {', '.join(self._wires.rails)}")
        self._wires.rails[rail].load = amps

    def release(self) -> None:
        """Draws nothing any more."""
        for rail in self._wires.rails.values():
            rail.load = 0.0

    def close(self) -> None:
        """Leaves no load on the board."""
        self.release()


class Board:
    """The device under test. Its tolerances follow from ``seed``; ``fault`` is one of ``FAULTS``."""

    def __init__(self, bench: str = "desk", seed: int = 1, fault: str = "none") -> None:
        if fault not in FAULTS:
            raise ValueError(f"no fault is named {fault!r}; there are {', '.join(FAULTS)}")
        spread = random.Random(seed)
        self._fault = fault
        self._wires = wires(bench)
        self._wires.noise = random.Random(seed)
        self._wires.touches = 0
        self._wires.idle_amps = 2.5 if fault == "short" else 0.11
        self._wires.rails = {
            name: Rail(volts, offset=volts * spread.uniform(-0.01, 0.01))
            for name, volts in (("3V3", 3.3), ("5V", 5.0), ("12V", 12.0))
        }
        if fault == "low_5v":
            self._wires.rails["5V"].offset = -0.4
        if fault == "ripple":
            self._wires.rails["3V3"].ripple = 95.0
        if fault == "no_trip":
            self._wires.rails["5V"].trip = 50.0

    def firmware(self) -> str:
        """The version that the board's console reports."""
        return "v0.9.0-beta" if self._fault == "firmware" else "v1.4.2"

    def self_test(self) -> str:
        """The console's answer to ``selftest``."""
        return "RAM OK, EEPROM OK, POWER OK"

    def boot_mode(self) -> int:
        """The strapping pins as a number from 0 to 7."""
        return 5

    def power_good(self) -> bool:
        """The power-good signal."""
        return self._wires.powered()

    def power_good_level(self) -> float:
        """The power-good line in volts: a logic level, so near 0 or near 3.3."""
        return 3.28 if self.power_good() else 0.02

    def temperatures(self) -> list[float]:
        """Four sensors on the board, degrees Celsius; a dead sensor reads NaN."""
        warm = 38.0 if self._fault == "hot" else 0.0
        readings = [round(24.0 + warm + 0.8 * position, 1) for position in range(4)]
        if self._fault == "dead_sensor":
            readings[2] = math.nan
        return readings
