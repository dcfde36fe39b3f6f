"""HardPy's functions and classes: their arguments by name, and the facts that its functions record."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from sequencer.migration.expression import Expressions
from sequencer.migration.python_source import NotExpressible
from sequencer.migration.scope import Built, Inline
from sequencer.vocabulary.data import Data

Fields = dict[str, Data]
Arguments = dict[str, ast.expr]

FACTS: Mapping[str, tuple[str, str]] = {
    "hardpy.set_dut_serial_number": ("dut", "serial_number"),
    "hardpy.set_dut_part_number": ("dut", "part_number"),
    "hardpy.set_dut_name": ("dut", "name"),
    "hardpy.set_dut_type": ("dut", "type"),
    "hardpy.set_dut_revision": ("dut", "revision"),
    "hardpy.set_dut_info": ("dut", "info"),
    "hardpy.set_stand_name": ("stand", "name"),
    "hardpy.set_stand_location": ("stand", "location"),
    "hardpy.set_stand_number": ("stand", "number"),
    "hardpy.set_stand_revision": ("stand", "revision"),
    "hardpy.set_stand_info": ("stand", "info"),
    "hardpy.set_process_name": ("process", "name"),
    "hardpy.set_process_number": ("process", "number"),
    "hardpy.set_process_info": ("process", "info"),
    "hardpy.set_batch_serial_number": ("batch", "serial_number"),
    "hardpy.set_case_artifact": ("artifact", "case"),
    "hardpy.set_module_artifact": ("artifact", "module"),
    "hardpy.set_run_artifact": ("artifact", "run"),
}
"""The functions that record one thing, and where it goes."""

_UNIT_FIELDS = ("name", "type", "serial_number", "part_number", "revision", "info")
_INSTRUMENT_FIELDS = ("name", "revision", "serial_number", "part_number", "number", "comment", "info")
ORDER: Mapping[str, Sequence[str]] = {
    "hardpy.ErrorCode": ("code", "message"),
    "hardpy.DialogBox": (
        ["dialog_text", "title_bar", "widget", "image", "html", "font_size", "pass_fail", "button_text"]
    ),
    "hardpy.ImageComponent": ("address", "width", "border"),
    "hardpy.HTMLComponent": ("html", "width", "border", "is_raw_html"),
    "hardpy.StepWidget": ("title", "text", "image", "html"),
    "hardpy.MultistepWidget": ("steps",),
    "hardpy.RadiobuttonWidget": ("fields",),
    "hardpy.CheckboxWidget": ("fields",),
    "hardpy.BaseWidget": (),
    "hardpy.TextInputWidget": (),
    "hardpy.NumericInputWidget": (),
    "hardpy.Instrument": (),
    "hardpy.SubUnit": (),
    "hardpy.Chart": (),
    "hardpy.NumericMeasurement": (),
    "hardpy.StringMeasurement": (),
    "hardpy.set_operator_message": ("msg", "title", "block", "image", "html", "font_size"),
    "hardpy.set_message": ("msg", "msg_key"),
}
"""The parameters that can be given by position, of what HardPy has."""
BUILT = frozenset(name for name in ORDER if name.rpartition(".")[2][0].isupper())
"""The classes whose objects a step describes."""


def arguments(call: ast.Call, order: Sequence[str]) -> Arguments:
    """The arguments of a call by name. Raises ``NotExpressible`` for what only a run could take apart."""
    if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
        raise NotExpressible(call, "its arguments come from a list or a mapping")
    if len(call.args) > len(order):
        raise NotExpressible(call, "it has more arguments than HardPy takes")
    given = dict(zip(order, call.args, strict=False))
    return {**given, **{str(each.arg): each.value for each in call.keywords}}


class Facts:
    """What functions such as ``set_dut_name`` record."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions

    def step(self, call: ast.Call, dotted: str) -> Fields | None:
        """The ``record`` step of a call; ``None`` for another function."""
        if dotted in FACTS:
            section, key = FACTS[dotted]
            return {"record": {section: {key: self._value(call, key)}}}
        if dotted == "hardpy.set_user_name":
            return {"record": {"user": self._value(call, "name")}}
        if dotted == "hardpy.set_dut_sub_unit":
            return {"record": {"dut": {"sub_units": [self._object(call, _UNIT_FIELDS)]}}}
        if dotted == "hardpy.set_instrument":
            return {"record": {"instruments": [self._object(call, _INSTRUMENT_FIELDS)]}}
        if dotted == "hardpy.set_driver_info":
            return {"record": {"artifact": {"run": {"drivers": self._mapping(call)}}}}
        return None

    def _value(self, call: ast.Call, key: str) -> Data:
        if key in ("info", "case", "module", "run"):
            return self._mapping(call)
        return self.expressions.value(_only(call))

    def _mapping(self, call: ast.Call) -> Data:
        value = self.expressions.value(_only(call))
        if not isinstance(value, Mapping):
            raise NotExpressible(call, "which facts it records, only a run knows")
        return value

    def _object(self, call: ast.Call, known: Sequence[str]) -> Data:
        built = self.built(_only(call))
        given = arguments(built.call, ())
        if not given or not set(given) <= set(known):
            raise NotExpressible(call, "it has arguments that HardPy does not take")
        return {name: self.expressions.value(node) for name, node in given.items() if not is_none(node)}

    def built(self, node: ast.expr) -> Built:
        """The object of HardPy that an argument is. Raises ``NotExpressible``."""
        if isinstance(node, ast.Name):
            bound = self.expressions.names.binding(node.id)
            if isinstance(bound, Built):
                return bound
        if isinstance(node, ast.Call):
            dotted = self.expressions.names.file.dotted(node.func)
            if dotted in BUILT:
                return Built(str(dotted), node)
        raise NotExpressible(node, "how this object was made, cannot be read here")

    def constant(self, node: ast.expr, kind: type) -> object:
        """A value that is written out. Raises ``NotExpressible`` when it is computed or of another type."""
        if isinstance(node, ast.Name):
            bound = self.expressions.names.binding(node.id)
            if isinstance(bound, Inline):
                return self.constant(bound.node, kind)
        value = node.value if isinstance(node, ast.Constant) else None
        if type(value) is not kind:
            raise NotExpressible(node, "it is computed, and a sequence wants it written out")
        return value


def _only(call: ast.Call) -> ast.expr:
    if any(isinstance(each, ast.Starred) for each in call.args) or len(call.args) + len(call.keywords) != 1:
        raise NotExpressible(call, "HardPy takes one argument here")
    return call.args[0] if call.args else call.keywords[0].value


def is_none(node: ast.expr) -> bool:
    """Whether it says ``None``."""
    return isinstance(node, ast.Constant) and node.value is None
