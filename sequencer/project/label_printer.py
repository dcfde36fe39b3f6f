"""The stand's label printer: over TCP (port 9100, as Zebra and others listen), or a queue of CUPS."""

from __future__ import annotations

import socket
import subprocess
from urllib.parse import urlsplit

from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason

PORT = 9100
SECONDS = 5.0
"""How long a printer may take to answer."""


class LabelNotPrinted(UnusableValue):
    """The printer is away or did not take the label."""


def print_label(printer: str, data: bytes) -> None:
    """Sends ``data`` to ``tcp://HOST:PORT`` or ``cups:QUEUE``. Raises ``LabelNotPrinted``."""
    try:
        if printer.startswith("cups:"):
            _to_queue(printer.removeprefix("cups:"), data)
        else:
            _to_socket(printer, data)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise LabelNotPrinted(Reason("label_printer_away", printer=printer, detail=detail)) from None


def _to_socket(printer: str, data: bytes) -> None:
    address = urlsplit(printer)
    with socket.create_connection((address.hostname or "", address.port or PORT), timeout=SECONDS) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def _to_queue(queue: str, data: bytes) -> None:
    command = ["lp", "-d", queue, "-o", "raw"]
    done = subprocess.run(command, input=data, capture_output=True, timeout=2 * SECONDS, check=False)
    if done.returncode:
        raise OSError(done.stderr.decode("utf-8", "replace").strip()[:300] or f"lp ended with {done.returncode}")
