"""Serves the files of the built documentation, and nothing else, from a thread of its own."""

from __future__ import annotations

import socket
import threading
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class DocumentationServer:
    """Serves a folder on a socket that listens already, while its block lasts."""

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        self._server = ThreadingHTTPServer(
            listener.getsockname()[:2], partial(_Files, directory=str(folder)), bind_and_activate=False
        )
        self._server.socket.close()
        self._server.socket = listener
        self._thread = threading.Thread(target=self._server.serve_forever, name="documentation", daemon=True)

    def __enter__(self) -> DocumentationServer:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.shutdown()
        self._thread.join()


class _Files(SimpleHTTPRequestHandler):
    """The files of a site: no lists of folders, no line for each request."""

    # Windows keeps these in its registry, where any program may have changed them; browsers refuse what is not right.
    extensions_map = {  # noqa: RUF012 - the base class declares it so
        **SimpleHTTPRequestHandler.extensions_map,
        ".css": "text/css",
        ".html": "text/html",
        ".js": "text/javascript",
        ".json": "application/json",
        ".png": "image/png",
        ".svg": "image/svg+xml",
    }

    def list_directory(self, path: object) -> None:
        """Refuses: only pages are for reading."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002, the name in http.server
        """Says nothing: the terminal shows the address."""
