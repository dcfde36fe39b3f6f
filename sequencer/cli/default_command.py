"""A group of commands one of which is meant where none is named."""

from __future__ import annotations

import click


def group_with_default(default: str) -> type[click.Group]:
    """``hardseq runs --limit 5`` is ``hardseq runs list --limit 5`` where the ``default`` is ``list``."""

    class DefaultGroup(click.Group):
        def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
            """Puts the word in that was left out."""
            if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
                args = [default, *args]
            return super().parse_args(ctx, args)

    return DefaultGroup
