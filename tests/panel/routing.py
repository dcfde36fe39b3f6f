"""What werkzeug makes of the address of a route, made once for all panels of the tests.

It writes and compiles two functions for each route, which takes 50 of the 70 ms until a panel is open. They are the
same for the same text, and a process of tests opens hundreds of panels. The method that writes them is not public:
``tests/test_private_interfaces.py`` tells when it is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.routing import Rule


def compile_once(patch: pytest.MonkeyPatch) -> None:
    """From here on a route's address is compiled once in this process."""
    compiled: dict[tuple[object, ...], Callable[..., Any]] = {}
    compile_builder = Rule._compile_builder

    def once(self: Rule, append_unknown: bool = True) -> Callable[..., Any]:
        key = (self.rule, self.subdomain, self.host, self.merge_slashes, repr(self.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(self, append_unknown)
        return compiled[key]

    patch.setattr(Rule, "_compile_builder", once)
