"""HardPy's dialogs and operator messages as steps."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Mapping

from sequencer.migration.expression import Expressions
from sequencer.migration.hardpy_calls import ORDER, Arguments, Facts, Fields, arguments, is_none
from sequencer.migration.python_source import NotExpressible
from sequencer.migration.scope import Built, Inline
from sequencer.vocabulary.data import Data

KEY = "operator"
"""The key of the one operator message that HardPy shows at a time."""
SMALLEST, LARGEST = 8, 120
"""Pixels of a text."""
_TYPES: Mapping[str, str] = {
    "hardpy.TextInputWidget": "text",
    "hardpy.NumericInputWidget": "number",
    "hardpy.RadiobuttonWidget": "radio",
    "hardpy.CheckboxWidget": "checkbox",
    "hardpy.MultistepWidget": "steps",
}


class DialogSteps:
    """Writes dialogs with the names of one function; ``picture`` is told of each picture and gives its file."""

    def __init__(self, expressions: Expressions, facts: Facts, picture: Callable[[ast.expr, str], str]) -> None:
        self.expressions = expressions
        self.facts = facts
        self._picture = picture

    def step(self, call: ast.Call) -> Fields:
        """The ``dialog`` step of ``run_dialog_box``, without ``save``. Raises ``NotExpressible``."""
        if len(call.args) + len(call.keywords) != 1:
            raise NotExpressible(call, "HardPy takes one argument here")
        built = self.facts.built(call.args[0] if call.args else call.keywords[0].value)
        if built.kind != "hardpy.DialogBox":
            raise NotExpressible(call, "HardPy wants a DialogBox here")
        given = arguments(built.call, ORDER[built.kind])
        dialog = self._widget(given)
        if "title_bar" in given and not is_none(given["title_bar"]):
            dialog["title"] = self.expressions.value(given["title_bar"])
        if "dialog_text" not in given:
            raise NotExpressible(call, "HardPy wants a text in a dialog")
        dialog["text"] = self.expressions.value(given["dialog_text"])
        dialog |= self._look(given)
        if self._is_pass_fail(given):
            dialog["pass_fail"] = True
        dialog |= self._buttons(given, bool(dialog.get("pass_fail")))
        return {"dialog": dialog["text"] if list(dialog) == ["text"] else dialog}

    def operator_message(self, call: ast.Call) -> Fields:
        """The step of ``set_operator_message``. Raises ``NotExpressible``."""
        given = arguments(call, ORDER["hardpy.set_operator_message"])
        if "msg" not in given:
            raise NotExpressible(call, "HardPy wants a text here")
        message: Fields = {}
        if "title" in given and not is_none(given["title"]):
            message["title"] = self.expressions.value(given["title"])
        message["text"] = self.expressions.value(given["msg"])
        message |= self._look(given)
        blocking = "block" not in given or bool(self.facts.constant(given["block"], bool))
        message |= {"blocking": True} if blocking else {"key": KEY}
        return {"operator_message": message}

    def _is_pass_fail(self, given: Arguments) -> bool:
        return "pass_fail" in given and bool(self.facts.constant(given["pass_fail"], bool))

    def _widget(self, given: Arguments) -> Fields:
        node = given.get("widget")
        if node is None or is_none(node):
            return {}
        built = self.facts.built(node)
        if built.kind == "hardpy.BaseWidget":
            return {}
        if built.kind not in _TYPES:
            raise NotExpressible(node, "HardPy takes no such widget in a dialog")
        inside = arguments(built.call, ORDER[built.kind])
        if built.kind == "hardpy.MultistepWidget":
            return {"type": "steps", "steps": self._pages(built, inside)}
        widget: Fields = {"type": _TYPES[built.kind]}
        if ORDER[built.kind]:
            choices = self.expressions.value(self._needed(built, inside, "fields"))
            widget["choices"] = choices
        return widget

    def _pages(self, built: Built, given: Arguments) -> Data:
        steps = self._needed(built, given, "steps")
        bound = self.expressions.names.binding(steps.id) if isinstance(steps, ast.Name) else None
        steps = bound.node if isinstance(bound, Inline) else steps
        if not isinstance(steps, ast.List):
            raise NotExpressible(steps, "which pages it has, only a run knows")
        return [self._page(each) for each in steps.elts]

    def _page(self, node: ast.expr) -> Data:
        built = self.facts.built(node)
        given = arguments(built.call, ORDER.get(built.kind, ()))
        if built.kind != "hardpy.StepWidget":
            raise NotExpressible(node, "HardPy wants a StepWidget here")
        page: Fields = {"title": self.expressions.value(self._needed(built, given, "title"))}
        if "text" in given and not is_none(given["text"]):
            page["text"] = self.expressions.value(given["text"])
        return page | self._look(given)

    def _look(self, given: Arguments) -> Fields:
        """Size of the text, picture and HTML."""
        look: Fields = {}
        if "font_size" in given:
            size = self.facts.constant(given["font_size"], int)
            assert isinstance(size, int)
            look["font_size"] = min(max(size, SMALLEST), LARGEST)
        if "image" in given and not is_none(given["image"]):
            look["image"] = self._image(given["image"])
        if "html" in given and not is_none(given["html"]):
            look["html"] = self._html(given["html"])
        return look

    def _image(self, node: ast.expr) -> Data:
        built = self.facts.built(node)
        given = arguments(built.call, ORDER.get(built.kind, ()))
        address = self._needed(built, given, "address")
        file = self._picture(address, str(self.facts.constant(address, str)))
        sizes = self._sizes(given)
        return {"file": file, **sizes} if sizes else file

    def _html(self, node: ast.expr) -> Data:
        built = self.facts.built(node)
        given = arguments(built.call, ORDER.get(built.kind, ()))
        raw = "is_raw_html" not in given or bool(self.facts.constant(given["is_raw_html"], bool))
        content = self.expressions.value(self._needed(built, given, "html"))
        if raw and isinstance(content, str):
            content = textwrap.dedent(content).strip()
        return {"code" if raw else "url": content, **self._sizes(given)}

    def _sizes(self, given: Arguments) -> Fields:
        """Width and border, where they are not what they are by themselves."""
        sizes: Fields = {}
        for name, normal in (("width", 100), ("border", 0)):
            value = self.facts.constant(given[name], int) if name in given else normal
            assert isinstance(value, int)
            if value != normal:
                sizes[name] = min(value, 100) if name == "width" else value
        return sizes

    def _buttons(self, given: Arguments, pass_fail: bool) -> Fields:
        node = given.get("button_text")
        if node is None or is_none(node):
            return {}
        labels = self.expressions.value(node)
        wanted = ("pass", "fail") if pass_fail else ("confirm",)
        if not isinstance(labels, list) or len(labels) != len(wanted):
            raise NotExpressible(node, f"this dialog has {len(wanted)} button(s)")
        return {"buttons": dict(zip(wanted, labels, strict=True))}

    def _needed(self, built: Built, given: Arguments, name: str) -> ast.expr:
        if name not in given:
            raise NotExpressible(built.call, f"HardPy wants a `{name}` here")
        return given[name]
