"""Which verb a step has. Some verbs are also keys of others: ``message`` of ``check``, ``steps`` of the loops."""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.language.shapes.wording import did_you_mean, listed
from sequencer.steps.base import StepType
from sequencer.steps.keys import SHARED_KEYS
from sequencer.vocabulary.problem import Report
from sequencer.vocabulary.tree import MappingNode

_OTHER_NAMES = {
    **dict.fromkeys(("assert", "verify", "expect"), "check"),
    **dict.fromkeys(("sleep", "delay"), "wait"),
    **dict.fromkeys(("run", "shell", "command"), "exec"),
    **dict.fromkeys(("print", "log"), "message"),
    **dict.fromkeys(("ask", "prompt"), "dialog"),
    **dict.fromkeys(("loop", "for"), "for_each"),
}
"""What other tools call a verb."""


def choose_verb(node: MappingNode, types: Mapping[str, StepType], report: Report) -> str | None:
    """The verb of a step: the one that the others can stand beside. None, or two, is reported."""
    verbs = [key for key in node if key in types]
    if len(verbs) == 1:
        return verbs[0]
    if not verbs:
        _no_verb(node, types, report)
        return None
    owners = [verb for verb in verbs if all(other == verb or other in types[verb].keys for other in verbs)]
    if owners:
        return owners[0]
    message = f"a step has one verb, this one has {listed((f'`{verb}`' for verb in verbs), 'and')}"
    report("two-verbs", message, node.key_place(verbs[1]), hint="make a step of each")
    return None


def _no_verb(node: MappingNode, types: Mapping[str, StepType], report: Report) -> None:
    further = {key for step_type in types.values() for key in step_type.keys}
    for key in node:
        if key not in SHARED_KEYS and key not in further:
            hint = f"write `{_OTHER_NAMES[key]}`" if key in _OTHER_NAMES else did_you_mean(key, types)
            hint = hint or f"the verbs are {listed(types, 'and')}"
            report("unknown-verb", f"there is no step `{key}`", node.key_place(key), hint=hint)
            return
    first = next(iter(node), None)
    place = node.place if first is None else node.key_place(first)
    report("no-verb", "this step has no verb", place, hint=f"the verbs are {listed(types, 'and')}")
