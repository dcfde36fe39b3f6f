"""What a plain YAML scalar means: the YAML 1.2 core schema, and nothing of YAML 1.1.

``true`` and ``false`` are the only booleans, ``12:30`` and dates are texts. Two readings differ from the core schema
towards caution: a number written with leading zeros (``0012``, ``007.5``) is a text, since only serial numbers and the
like are written so, and a float too large for the machine is a text instead of infinity.
Source: https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import math
import re

from sequencer.vocabulary.data import Scalar

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}  # fmt: skip
_FIRST_OF_OTHERS = frozenset("0123456789+-.~ntfNTF")
_MAX_DIGITS = 400
"""A longer row of digits is no number that anything could measure; converting it could take minutes."""

TAG = "tag:yaml.org,2002:"


def resolve(text: str) -> Scalar:
    """The value of an untagged plain scalar."""
    if text and text[0] not in _FIRST_OF_OTHERS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = _number(text)
    return text if number is None else number


def resolve_tagged(text: str, tag: str) -> Scalar:
    """The value of a scalar with one of the core schema's tags, such as ``!!float 5``.

    Raises ``ValueError`` with a plain sentence when the text is none of the kind or the tag is another one.
    """
    kind = tag.removeprefix(TAG)
    if kind == "str":
        return text
    value = resolve(text)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    expected = {"int": int, "float": float, "bool": bool, "null": type(None)}.get(kind)
    if expected is None:
        shown = f"!!{kind}" if tag.startswith(TAG) else tag
        raise ValueError(f"the tag {shown} is not allowed here")
    if type(value) is not expected:
        raise ValueError(f"{text!r} does not fit the tag !!{kind}")
    return value


def _number(text: str) -> int | float | None:
    if len(text) > _MAX_DIGITS:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _PREFIXED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else None
    return None
