"""Lists that stand in the scripts of the pages and in the program are the same."""

from __future__ import annotations

import json
import re
from typing import Any

from sequencer.panel.assets import STATIC
from sequencer.report.note import DISPOSITIONS, LONGEST_COMMENT
from sequencer.vocabulary.status import ALLOWED_SKIPS, BAD_STATUSES


def said(script: str, name: str) -> Any:
    """The value of the constant ``name`` of a script."""
    found = re.search(rf"^const {name} = (.*);$", (STATIC / "js" / script).read_text("utf-8"), re.MULTILINE)
    assert found is not None, name
    return json.loads(found[1])


def test_lists_of_the_scripts_are_those_of_the_program() -> None:
    """What may be said of a unit, which skips a run may pass with, and what did not pass."""
    assert said("notes.js", "DISPOSITIONS") == list(DISPOSITIONS)
    assert said("notes.js", "LONGEST") == LONGEST_COMMENT
    assert sorted(said("stored_cases.js", "LEFT_OUT")) == sorted(filter(None, ALLOWED_SKIPS))
    assert said("status_filter.js", "BAD") == list(BAD_STATUSES)
