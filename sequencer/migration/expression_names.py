"""What Python and the expressions of sequences call alike."""

from __future__ import annotations

_OF_A_TEXT = frozenset(
    [
        "endswith",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "islower",
        "isnumeric",
        "isprintable",
        "isspace",
        "isupper",
        "startswith",
    ]
)
"""Methods that say whether a text is something."""

BUILT_IN = frozenset(
    [
        "abs",
        "all",
        "any",
        "float",
        "hex",
        "int",
        "len",
        "list",
        "max",
        "min",
        "range",
        "round",
        "sorted",
        "str",
        "sum",
        "zip",
    ]
)
MATHEMATICS = frozenset(
    [
        "ceil",
        "cos",
        "degrees",
        "exp",
        "floor",
        "isfinite",
        "isnan",
        "log",
        "log10",
        "log2",
        "radians",
        "sin",
        "sqrt",
        "tan",
    ],
)
STATISTICS = frozenset(["mean", "median", "stdev"])
METHODS = _OF_A_TEXT.union(
    [
        "capitalize",
        "casefold",
        "count",
        "encode",
        "find",
        "format",
        "index",
        "join",
        "ljust",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rjust",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "strip",
        "swapcase",
        "title",
        "upper",
        "zfill",
    ],
    ["decode"],
    ["get", "items", "keys", "values"],
    ["bit_count", "bit_length", "is_integer"],
    ["isoformat", "isoweekday", "strftime", "timestamp", "total_seconds", "weekday"],
)
"""Of texts, bytes, mappings, numbers and times."""
BOOLEAN = _OF_A_TEXT.union(["all", "any", "bool", "is_integer", "isfinite", "isnan"])
"""What these give is surely true or false."""
