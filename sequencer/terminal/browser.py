"""Opens a page in the browser of whoever sits at the terminal."""

from __future__ import annotations

from sequencer.terminal.lines import clean
from sequencer.terminal.output import say


def open_in_browser(address: str) -> None:
    """Opens the page; a machine without a browser is told where it is."""
    import webbrowser

    try:
        if webbrowser.open(address):
            return
    except webbrowser.Error:
        pass
    say(f"no browser could be opened; the page is at {clean(address)}", err=True)
