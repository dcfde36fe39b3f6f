"""Drivers that nobody ever runs: the checks read them."""

from dataclasses import dataclass, field
from functools import partial, wraps

from somewhere import Imported


class Base:
    def __init__(self, address, timeout=1.0):
        self.address = address
        self.timeout: float = timeout

    @property
    def identity(self):
        return "bench"

    @property
    def scale(self):
        return 10

    @scale.setter
    def scale(self, value):
        pass

    @scale.deleter
    def scale(self):
        pass


class Meter(Base):
    ranges = (1, 10)

    def voltage(self, point, *, samples=1):
        return 5.0

    def reset(self):
        pass

    @staticmethod
    def calibrate(factor=1.0):
        pass

    @classmethod
    def count(cls):
        return 1

    def anything(self, **settings):
        pass

    async def later(self):
        pass

    def by_position(self, channel, /):
        pass

    def retried(self, function):
        @wraps(function)
        def call(*arguments, **keywords):
            return function(*arguments, **keywords)

        return call

    @retried
    def decorated(self, a):
        pass

    first = lambda self: 1  # noqa: E731 - a method made so is what is shown
    alias = voltage


class SimulatedMeter:
    def voltage(self, point):
        return 5.0

    def identity(self):
        return "simulated"

    def count(self):
        return 1


class Dynamic:
    def __getattr__(self, name):
        return partial(print, name)


class Remote(Imported):
    def ping(self, host):
        pass


@dataclass
class Supply:
    channel: int
    volts: float = 5.0
    log: list = field(default_factory=list)

    def on(self):
        pass


class Callable:
    def __call__(self, times):
        pass


def blink(times, colour="red"):
    """A driver that is a function."""


class Line:
    """A line of two meters."""

    right: "Remote"

    def __init__(self):
        self.left = SimulatedMeter()
