"""A socket that listens, and what a browser writes to reach it."""

from __future__ import annotations

import errno
import socket
import sys

from sequencer.project.address import is_loopback


class CannotListen(Exception):
    """Not now: the address is taken, or not there."""


def browser_address(host: str, port: int) -> str:
    """What is typed into a browser to reach a server that listens on ``host``; for all addresses the machine's name."""
    if is_loopback(host):
        return http_address("localhost", port)
    return http_address(socket.gethostname() if host in ("0.0.0.0", "::", "") else host, port)


def http_address(host: str, port: int) -> str:
    """``http://host:port/``, an IPv6 address in brackets."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def listen(host: str, port: int, server: str) -> socket.socket:
    """A socket that listens on ``host`` and ``port`` (0: a free one) for the ``server`` of that name.

    Raises ``CannotListen`` when the address is taken or there is none of this name.
    """
    name = host.strip("[]")
    # As bytes where it is ASCII: for a text Python loads the rules of international names first.
    written = name.encode() if name.isascii() else name
    try:
        found = socket.getaddrinfo(written or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # Where a name has both, the old kind of address is what every program finds.
        family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListen(f"the {server} cannot listen on {host}: {error.strerror or error}") from None
    try:
        if sys.platform == "win32":
            # Otherwise another program could take the port over while the server has it.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # A server that is restarted has its port at once.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        taken = f"; is another {server} running?" if error.errno == errno.EADDRINUSE else ""
        raise CannotListen(f"the {server} cannot listen on {host}:{port}: {error.strerror or error}{taken}") from None
    return listener
