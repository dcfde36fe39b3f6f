"""What is wrong with the pictures that a step of a sequence shows, before it runs."""

from __future__ import annotations

from sequencer.expressions.expression import has_expression
from sequencer.project.pictures import NoPicture, find_picture
from sequencer.steps.base import StepReader
from sequencer.vocabulary.tree import MappingNode, SequenceNode


def check_pictures(node: object, reader: StepReader) -> None:
    """Reports the pictures anywhere in ``node`` that cannot be shown, except those that an expression names."""
    if isinstance(node, MappingNode):
        image = node.get("image")
        owner, key = (image, "file") if isinstance(image, MappingNode) else (node, "image")
        if isinstance(owner.get(key), str) and not has_expression(owner[key]):
            try:
                find_picture(reader.project, owner[key])
            except NoPicture as error:
                reader.problem(error.code, str(error), owner.value_place(key))
        for part in node.values():
            check_pictures(part, reader)
    elif isinstance(node, SequenceNode):
        for part in node:
            check_pictures(part, reader)
