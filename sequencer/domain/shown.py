"""Measured values as people read them, on a terminal and in exports; the report has them whole."""

from __future__ import annotations

from sequencer.vocabulary.data import Data

LONGEST = 60
"""Characters."""
LINE_END = "⏎"


def shown_value(value: Data, unit: str | None = None) -> str:
    """``10.5 V``; on one line, and cut when it is long."""
    if isinstance(value, str):
        return _cut(value)
    if isinstance(value, float):
        text = shown_number(value)
    elif isinstance(value, list | tuple):
        more = f", … {len(value)} elements" if len(value) > 5 else ""
        text = f"[{', '.join(shown_value(each) for each in value[:5])}{more}]"
    else:
        # Imported here: a run whose values are numbers does without.
        from sequencer.domain.limits import show

        text = show(value)
    return f"{_cut(text)} {unit}" if unit else _cut(text)


def shown_number(value: float) -> str:
    """A measured number without the noise of binary fractions (10.49999999999951 is 10.5)."""
    return f"{value:.8g}" if len(repr(value)) > 10 else f"{value:.10g}"


def _cut(text: str) -> str:
    text = text.replace("\r\n", LINE_END).replace("\n", LINE_END)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
