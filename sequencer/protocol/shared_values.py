"""Values on their way to a shared driver and back: plain data by value, a driver's own objects by reference.

Pickled, so that Python's own types of data arrive as they are. Everything else has to be told how it travels, so that
nothing is copied that was meant to stay where it is: an instrument, a channel, a function.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable

from sequencer.protocol.stand import SharedReference, SlotMessage, StandAnswer

_DATA = frozenset(["datetime", "zoneinfo", "decimal", "fractions", "uuid", "pathlib", "pathlib._local", "collections"])
"""Modules of Python whose objects are data."""
_BUILTIN: tuple[object, ...] = (complex, bytearray, range, dict, getattr)
"""What pickle writes by name when it writes such data, or these types themselves."""


class NotShareable(TypeError):
    """Something that cannot travel; the text says what."""


def dump_message(message: SlotMessage | StandAnswer) -> bytes:
    """For ``Connection.send_bytes``. What it holds of values is bytes by now."""
    return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)


def load_question(data: bytes) -> SlotMessage:
    """What a test process sent, that is somebody who has the key."""
    message: SlotMessage = pickle.loads(data)
    return message


def load_answer(data: bytes) -> StandAnswer:
    """What the stand process sent."""
    answer: StandAnswer = pickle.loads(data)
    return answer


def dump_value(value: object, refer: Callable[[object], SharedReference | dict[str, object]]) -> bytes:
    """``value`` as bytes. ``refer`` gives what travels for any other object than plain data: its reference, or
    the mapping that it is; or raises.

    Raises ``NotShareable``, and what ``refer`` raises.
    """
    buffer = io.BytesIO()
    try:
        _Dumper(buffer, refer).dump(value)
    except (pickle.PicklingError, AttributeError, TypeError, RecursionError) as error:
        if isinstance(error, NotShareable):
            raise
        raise NotShareable(str(error)) from None
    return buffer.getvalue()


def load_value(data: bytes, resolve: Callable[..., object]) -> object:
    """The value again; ``resolve`` gets the fields of each reference and gives what it stands for."""
    return _Loader(io.BytesIO(data), resolve).load()


class _Dumper(pickle.Pickler):
    def __init__(self, file: io.BytesIO, refer: Callable[[object], SharedReference | dict[str, object]]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._refer = refer

    def reducer_override(self, value: object) -> tuple[Callable[..., object], tuple[object, ...]]:
        """Called for all that is not one of the types that pickle writes by itself."""
        kind = value if isinstance(value, type) else type(value)
        if kind.__module__ in _DATA or kind in _BUILTIN or value is getattr or value is SharedReference:
            as_ever: tuple[Callable[..., object], tuple[object, ...]] = NotImplemented
            return as_ever
        told = self._refer(value)
        return (dict, (told,)) if isinstance(told, dict) else (SharedReference, tuple(told))


class _Loader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, resolve: Callable[..., object]) -> None:
        super().__init__(file)
        self._resolve = resolve

    def find_class(self, module: str, name: str) -> object:
        """Where a reference is built, the object that it stands for is taken instead."""
        if name == SharedReference.__name__ and module == SharedReference.__module__:
            return self._resolve
        if module in _DATA or module in ("builtins", "copyreg"):
            return super().find_class(module, name)
        raise NotShareable(f"{module}.{name}")
