"""Setting attributes of objects that are somebody else's."""

from __future__ import annotations

from inspect import getattr_static

_MISSING = object()


def set_known(target: object, name: str, value: object) -> None:
    """Sets an attribute that the object has. Raises ``AttributeError`` for one that it has not.

    A name that is mistyped would else become a new attribute, and nothing of the instrument be set. An object that
    decides by itself what its attributes are is not asked.
    """
    kind = type(target)
    plain = kind.__setattr__ is object.__setattr__ and not hasattr(kind, "__getattr__")
    if plain and getattr_static(target, name, _MISSING) is _MISSING:  # static: a property may ask the instrument
        raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r}")
    setattr(target, name, value)
