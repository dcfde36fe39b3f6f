"""What a test process has in the place of an object that another process holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sequencer.protocol.shared_values import NotShareable
from sequencer.protocol.stand import SharedReference


class SharedCalls(Protocol):
    """Asks the process that holds an object; see ``stand_client.StandClient``."""

    def call(
        self, reference: SharedReference, method: str | None, arguments: tuple[object, ...], named: Mapping[str, object]
    ) -> object:
        """Calls a method of it, or the object itself."""

    def read(self, reference: SharedReference, attribute: str) -> object:
        """The value of an attribute."""

    def write(self, reference: SharedReference, attribute: str, value: object) -> None:
        """Sets an attribute."""

    def drop(self, reference: SharedReference) -> None:
        """Nobody here has it any more."""


class SharedObject:
    """A shared driver as a test process has it, or an object that one returned: all is asked of the stand process."""

    __slots__ = ("_hardseq_client", "_hardseq_reference")
    _hardseq_client: SharedCalls
    _hardseq_reference: SharedReference

    def __init__(self, client: SharedCalls, reference: SharedReference) -> None:
        object.__setattr__(self, "_hardseq_client", client)
        object.__setattr__(self, "_hardseq_reference", reference)

    def __getattr__(self, name: str) -> object:
        client, reference = self._hardseq_client, self._hardseq_reference
        if name in reference.methods:

            def method(*arguments: object, **named: object) -> object:
                return client.call(self._hardseq_reference, name, arguments, named)  # which keeps the object

            method.__name__ = name
            return method
        if name.startswith("__"):
            raise AttributeError(f"{reference.kind!r} object has no attribute {name!r}")
        return client.read(reference, name)

    def __setattr__(self, name: str, value: object) -> None:
        self._hardseq_client.write(self._hardseq_reference, name, value)

    def __call__(self, *arguments: object, **named: object) -> object:
        return self._hardseq_client.call(self._hardseq_reference, None, arguments, named)

    def __repr__(self) -> str:
        reference = self._hardseq_reference
        return f"<{reference.kind} of the shared driver {reference.driver!r}>"

    def __dir__(self) -> list[str]:
        names = self._hardseq_client.call(self._hardseq_reference, "__dir__", (), {})
        return [str(name) for name in names] if isinstance(names, list) else []

    def __del__(self) -> None:
        self._hardseq_client.drop(self._hardseq_reference)


def refer_to(driver: str) -> Callable[[object], SharedReference]:
    """Lets the objects of ``driver`` itself travel, and no others: nothing is copied that was meant to stay here."""

    def refer(value: object) -> SharedReference:
        if isinstance(value, SharedObject):
            reference = value._hardseq_reference
            if reference.driver == driver:
                return reference
            # A call of it from there could overlap another slot's.
            raise NotShareable(f"an object of the shared driver '{reference.driver}'")
        if callable(value):
            raise NotShareable("a function of this process, which the driver cannot call from its own")
        raise NotShareable(f"an object of the class {type(value).__name__}, which is in this process")

    return refer
