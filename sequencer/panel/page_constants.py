"""The lists and bounds that the pages and the program both need: written from the program's own."""

from __future__ import annotations

import json

from sequencer.project.action_log import LONGEST_REASON
from sequencer.report.note import DISPOSITIONS, LONGEST_COMMENT
from sequencer.vocabulary.status import ALLOWED_SKIPS, BAD_STATUSES, FINAL_STATUSES


def constants_script() -> str:
    """``static/js/constants.js``."""
    constants: dict[str, object] = {
        "BAD_STATUSES": BAD_STATUSES,
        "FINAL_STATUSES": FINAL_STATUSES,
        "ALLOWED_SKIPS": sorted(filter(None, ALLOWED_SKIPS)),
        "DISPOSITIONS": DISPOSITIONS,
        "LONGEST_COMMENT": LONGEST_COMMENT,
        "LONGEST_REASON": LONGEST_REASON,
    }
    lines = (f"export const {name} = {json.dumps(said)};" for name, said in constants.items())
    head = "// What the program and its pages both need. Written from sequencer/panel/page_constants.py: do not edit."
    return "\n".join([head, "", *lines, ""])
