"""``hardseq lsp``: the language server, which an editor starts."""

from __future__ import annotations

import os
import sys

import click

from sequencer.app.exit_codes import ExitCode, Refusal


@click.command()
@click.option("--stdio", is_flag=True, expose_value=False, help="Speak over stdin and stdout, as it does anyway.")
def command() -> ExitCode:
    """Help an editor with sequences: problems while typing, completion, references (Language Server Protocol).

    Editors start it; it speaks over its standard input and output, and ends when they do. Needs the extra `lsp`.
    """
    try:
        from sequencer.language_server.server import serve
    except ModuleNotFoundError as missing:
        if missing.name not in ("pygls", "lsprotocol"):
            raise
        raise Refusal("the language server is not installed", hint="pip install 'hardseq[lsp]'") from None
    # What a package prints while it is looked at, itself or its library in C, would stand among the messages.
    stdout = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, stdout)
    return ExitCode.PASSED
