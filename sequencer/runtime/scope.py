"""The names that expressions may use, and the variables behind them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping

from sequencer.expressions.expression import evaluate_template, has_expression
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason


class Constants(Mapping[str, object]):
    """The ``vars`` of a sequence: evaluated when first used, once a run."""

    def __init__(self, templates: Mapping[str, Data], scope: Callable[[], Mapping[str, object]]) -> None:
        self._templates = templates
        self._scope = scope
        self._values: dict[str, object] = {}
        self._evaluating: list[str] = []

    def __getitem__(self, name: str) -> object:
        """The value. Raises ``StepError`` when it cannot be evaluated, ``KeyError`` for a name that is none."""
        if name in self._values:
            return self._values[name]
        template = self._templates[name]
        if has_expression(template):
            if name in self._evaluating:
                raise StepError(Reason("need_each_other", names=[*self._evaluating, name]))
            self._evaluating.append(name)
            try:
                template = evaluate_template(template, self._scope())
            finally:
                self._evaluating.pop()
        self._values[name] = template
        return template

    def __contains__(self, name: object) -> bool:
        return name in self._templates

    def __iter__(self) -> Iterator[str]:
        return iter(self._templates)

    def __len__(self) -> int:
        return len(self._templates)


def layered(*layers: Mapping[str, object]) -> Mapping[str, object]:
    """One mapping out of several; earlier ones hide later ones."""
    return ChainMap(*layers)  # type: ignore[arg-type]  # nobody writes to it
