"""Who calls a command: the account of the machine, where nobody logs in."""

from __future__ import annotations

import getpass
import platform


def account() -> str:
    """``name@machine``; of an account without a name, its machine alone."""
    try:
        name = getpass.getuser()
    except (OSError, ImportError, KeyError):  # no such account, or no way to ask for it
        name = ""
    return f"{name}@{platform.node()}"
