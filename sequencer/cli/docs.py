"""``hardseq docs``: the documentation in a browser, without a network."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.terminal.output import say

PACKAGE = Path(__file__).parents[1]


@click.command()
@click.option("--no-browser", is_flag=True, help="Only print the address; open no browser.")
@click.option(
    "--host", default="localhost", help="The address to listen on; default: localhost, which only this machine reaches."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port to listen on; default: a free one.")
def command(no_browser: bool, host: str, port: int) -> ExitCode:
    """Open the documentation of this version in a browser, and serve it until Ctrl-C."""
    import threading

    from sequencer.cli.docs_server import DocumentationServer
    from sequencer.cli.run_signals import stopping_on_signals
    from sequencer.panel.listening import CannotListen, browser_address, listen
    from sequencer.terminal.browser import open_in_browser

    ended = threading.Event()
    with ExitStack() as opened:
        try:
            listener = opened.enter_context(listen(host, port, "documentation server"))
        except CannotListen as refused:
            raise Refusal(str(refused), hint="without --port a free one is taken", code=ExitCode.BROKEN) from None
        site = _site(opened)
        opened.enter_context(stopping_on_signals(lambda reason: ended.set()))
        opened.enter_context(DocumentationServer(site, listener))
        address = browser_address(host, listener.getsockname()[1])
        say(f"documentation at {address}", bold=True)
        say("Ctrl-C ends it")
        if not no_browser:
            open_in_browser(address)
        while not ended.wait(0.5):  # in pieces, as Windows looks at Ctrl-C only in between
            pass
    return ExitCode.PASSED


def _site(opened: ExitStack) -> Path:
    """The folder of the built site: the one that was installed, or one built now from the pages of a checkout."""
    if (PACKAGE / "docs" / "index.html").exists():
        return PACKAGE / "docs"
    configuration = PACKAGE.parent / "mkdocs.yml"
    if not configuration.exists():
        raise Refusal("this installation of hardseq has no documentation", hint="install hardseq from its wheel")
    if not (find_spec("mkdocs") and find_spec("material")):
        pages = configuration.with_name("docs") / "index.md"
        raise Refusal(
            f"the documentation of a checkout is built with MkDocs, which is not installed; its pages begin in {pages}",
            hint="pip install 'hardseq[docs]'",
        )
    return _built(configuration, opened)


def _built(configuration: Path, opened: ExitStack) -> Path:
    import subprocess
    from tempfile import TemporaryDirectory

    folder = opened.enter_context(TemporaryDirectory(prefix="hardseq-docs-", ignore_cleanup_errors=True))
    say("building the documentation ...")
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--no-strict"]
    where = ["--config-file", str(configuration), "--site-dir", folder]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    if subprocess.run(build + where, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
        raise Refusal("the documentation could not be built", code=ExitCode.BROKEN)
    return Path(folder)
