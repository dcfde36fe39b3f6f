"""Numbers, yes and no in texts that people type, scanners send and programs write: one reading for all of them.

Command line, HTTP, start form and dialogs read with the functions here; the page's ``number_text.js`` follows the same
table of examples (``tests/vocabulary/number_texts.json``).
"""

from __future__ import annotations

import re
import sys

from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.refused_value import UnreadableText

# Blanks of all kinds, a byte order mark and what has no width: scanners, pipes and copies put it around a text. Of the
# ASCII control characters only those that are white space to a person: separators such as GS belong to a barcode.
_AROUND = " \t\n\v\f\r\x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b" + (
    "\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
_NUMBER = r"(?a)[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
_INTEGER = r"(?a)[+-]?\d+"
_LONGEST_INTEGER = 300
_YES = frozenset({"true", "yes", "y", "on", "1"})
_NO = frozenset({"false", "no", "n", "off", "0"})


def stripped(text: str) -> str:
    """The text without white space, byte order marks and characters without width around it."""
    return text.strip(_AROUND)


def read_number(text: str, *, decimal_comma: bool = False) -> int | float:
    """A finite number: decimal digits, a sign, a point, an exponent; an integer when it has neither of the last two.

    ``decimal_comma``: a comma is a decimal sign, as the point is; else no text with a comma is a number, and a number
    never has separators between its thousands. Raises ``UnreadableText``.
    """
    written = stripped(text)
    if "," in written:
        if not decimal_comma:
            raise UnreadableText(Reason("comma"))
        if "." in written or written.count(",") > 1:
            raise UnreadableText(Reason("decimal_sign"))
        written = written.replace(",", ".")
    if re.fullmatch(_NUMBER, written) is None:
        raise UnreadableText(Reason("number"))
    if re.fullmatch(_INTEGER, written) and len(written) < _LONGEST_INTEGER:
        return int(written)
    number = float(written)
    if not abs(number) <= sys.float_info.max:
        raise UnreadableText(Reason("finite"))
    return number


def read_integer(text: str) -> int:
    """A whole number: digits and a sign. Raises ``UnreadableText``."""
    written = stripped(text)
    if re.fullmatch(_INTEGER, written) is None or len(written) >= _LONGEST_INTEGER:
        raise UnreadableText(Reason("integer"))
    return int(written)


def read_boolean(text: str) -> bool:
    """true, yes, y, on, 1, or false, no, n, off, 0, in capitals too. Raises ``UnreadableText``."""
    word = stripped(text).lower()
    if word not in _YES | _NO:
        raise UnreadableText(Reason("true_or_false"))
    return word in _YES
