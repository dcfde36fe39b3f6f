"""A group of commands the first of which is meant where none is named."""

from __future__ import annotations

import click


class DefaultGroup(click.Group):
    """``hardseq runs --limit 5`` is ``hardseq runs list --limit 5``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the word in that was left out."""
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)
