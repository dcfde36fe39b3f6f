"""``dataclass`` as in the standard library, at a tenth of the cost of defining a class.

The standard library compiles ``__init__``, ``__repr__``, ``__eq__``, ``__hash__`` and more for each class when it is
defined, at about half a millisecond a class; a start defines a hundred and makes instances of a few. Here each of these
methods is compiled when it is first called. All else (``fields``, ``replace``, ``asdict``, ``match``, slots,
inheritance in both directions) is the standard library's own. One thing it does not offer is used, and listed in
``tests/test_private_interfaces.py``: where it notes that a class is frozen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from reprlib import recursive_repr
from types import FunctionType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["dataclass"]

Defined = TypeVar("Defined")


def _dataclass(
    *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True
) -> Callable[[type[Defined]], type[Defined]]:
    def define(written: type[Defined]) -> type[Defined]:
        if written.__doc__ is None:
            written.__doc__ = written.__name__  # or else one is made of the signature, which compiles `__init__`
        # Whether a class is frozen must agree with its bases: of these it learns that from the standard library.
        inherits = any(dataclasses.is_dataclass(base) for base in written.__bases__)
        defined = dataclasses.dataclass(
            init=False, repr=False, eq=False, frozen=frozen and inherits, slots=slots, kw_only=kw_only
        )(written)
        if frozen and not inherits:
            _freeze(defined)
        own = dict(vars(defined))
        if own.get("__hash__") is None:
            own.pop("__hash__", None)  # so Python says where there is an `__eq__`
        for name, make in _MADE.items():
            if name not in own and (eq or name not in {"__eq__", "__hash__"}):
                method = None if name == "__hash__" and not frozen else _made_when_called(defined, name, make)
                setattr(defined, name, method)
        return defined

    return define


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass


def _made_when_called(cls: type, name: str, make: Callable[[type], FunctionType]) -> Callable[..., object]:
    def method(*args: object, **keywords: object) -> object:
        made = make(cls)
        setattr(cls, name, made)
        return made(*args, **keywords)

    return method


def _init(cls: type) -> FunctionType:
    positional, by_keyword, body = ["self"], ["*"], []
    names: dict[str, object] = {"_missing": dataclasses.MISSING, "_put": object.__setattr__}
    frozen = "__setattr__" in vars(cls)
    for field in dataclasses.fields(cls):
        name = field.name
        parameter, value = name, name
        if field.default_factory is not dataclasses.MISSING:
            names[f"_make_{name}"] = field.default_factory
            parameter, value = f"{name}=_missing", f"_make_{name}() if {name} is _missing else {name}"
        elif field.default is not dataclasses.MISSING:
            names[f"_default_{name}"] = field.default
            parameter = f"{name}=_default_{name}"
        (by_keyword if field.kw_only else positional).append(parameter)
        body.append(f"_put(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = positional + by_keyword * (len(by_keyword) > 1)
    return _compiled(cls, "__init__", parameters, body or ["pass"], names)


def _repr(cls: type) -> FunctionType:
    shown = ", ".join(f"{field.name}={{self.{field.name}!r}}" for field in dataclasses.fields(cls))
    text = f"return f'{{type(self).__qualname__}}({shown})'"
    made = recursive_repr()(_compiled(cls, "__repr__", ["self"], [text]))
    assert isinstance(made, FunctionType)
    return made


def _eq(cls: type) -> FunctionType:
    same = f"return {_values(cls, 'self')} == {_values(cls, 'other')}"
    body = ["if other.__class__ is not self.__class__: return NotImplemented", same]
    return _compiled(cls, "__eq__", ["self", "other"], body)


def _hash(cls: type) -> FunctionType:
    return _compiled(cls, "__hash__", ["self"], [f"return hash({_values(cls, 'self')})"])


_MADE: dict[str, Callable[[type], FunctionType]] = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
}


def _values(cls: type, of: str) -> str:
    return f"({''.join(f'{of}.{field.name}, ' for field in dataclasses.fields(cls))})"


def _compiled(
    cls: type, name: str, parameters: list[str], body: list[str], names: dict[str, object] | None = None
) -> FunctionType:
    namespace = {} if names is None else names
    lines = "".join(f"\n {line}" for line in body)
    exec(f"def {name}({', '.join(parameters)}):{lines}", namespace)
    made = namespace[name]
    assert isinstance(made, FunctionType)
    made.__qualname__ = f"{cls.__qualname__}.{name}"
    return made


def _freeze(cls: type) -> None:
    vars(cls)["__dataclass_params__"].frozen = True  # for what inherits it
    added: dict[str, Callable[..., object]] = {"__setattr__": _refuse_assignment, "__delattr__": _refuse_deletion}
    if "__slots__" in vars(cls):
        # Copies and pickles would else be filled by assignment.
        added |= {"__getstate__": _state, "__setstate__": _restore}
    for name, method in added.items():
        setattr(cls, name, method)


def _refuse_assignment(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: DataclassInstance) -> list[object]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: DataclassInstance, state: list[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
