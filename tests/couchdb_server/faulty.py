"""A proxy in front of a CouchDB that misbehaves as asked: every way a server or what lies before it can fail.

``faults`` are used up one a request, then everything passes; ``always`` holds for each request, ``where`` for those
whose first line has a text in it. With ``tls`` it speaks HTTPS.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_CONFLICT = (b'{"error":"conflict","reason":"Document', b' update conflict."}\n', b"")
CHUNKED_CONFLICT = (
    b"HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in _CONFLICT)
)
CONFLICT_OF_INDEXES = (
    b'{"error":"error_saving_ddoc","reason":"Encountered a conflict while saving the design document."}\n'
)
FAILING_JOB = b'{"state":"crashing","error_count":7,"info":{"error":"nobody is there"}}'
DISK_FULL = json.dumps({"error": "enospc", "reason": "no space left on device"}).encode()
ANSWERS: dict[str, bytes] = {
    "bad gateway": b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n"
    b"<html>bad gateway</html>",
    "html": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 19\r\n\r\n<html>hello</html> ",
    "no type": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops",
    "disk full": b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
    + f"Content-Length: {len(DISK_FULL)}\r\n\r\n".encode()
    + DISK_FULL,
    "conflict of indexes": b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
    + f"Content-Length: {len(CONFLICT_OF_INDEXES)}\r\n\r\n".encode()
    + CONFLICT_OF_INDEXES,
    "failing job": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    + f"Content-Length: {len(FAILING_JOB)}\r\n\r\n".encode()
    + FAILING_JOB,
    "unsaid": b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 57\r\n\r\n"
    b'{"error":"error","reason":"internal_server_error","r":1}\n',
    "chunked conflict": CHUNKED_CONFLICT,
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n",
    "cut off": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"ok": tr',
    "empty": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n",
    "noise": b"\x00\xff\x17 this is no HTTP\r\n\r\n",
}
DRIPS = {
    "drip": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
    "drip of headers": b"HTTP/1.1 200 OK\r\nX-Comment:",
}


class FaultyServer:
    """Listens on a free port of 127.0.0.1 while the ``with`` block runs. ``requests`` are the lines that came in."""

    def __init__(self, upstream: str, tls: ssl.SSLContext | None = None) -> None:
        self.faults: deque[str | None] = deque()
        self.always: str | None = None
        self.where: dict[str, str] = {}
        self.requests: list[str] = []
        self.released = threading.Event()
        address = urlsplit(upstream)
        self.upstream = f"{address.hostname}:{address.port}"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"faulty": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self.url = f"https://localhost:{self._server.server_port}"

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def next_fault(self, request: str) -> str | None:
        """What to do to this request."""
        self.requests.append(request)
        if self.always is not None:
            return self.always
        for text, fault in self.where.items():
            if text in request:
                return fault
        return self.faults.popleft() if self.faults else None


class _Handler(BaseHTTPRequestHandler):
    faulty: FaultyServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def handle_any(self) -> None:
        fault = self.faulty.next_fault(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault in ANSWERS:
            self.wfile.write(ANSWERS[fault])
            self.close_connection = fault in ("cut off", "noise")
        elif fault in DRIPS:
            self.drip(DRIPS[fault])
        elif fault == "mute":
            self.faulty.released.wait(30)
            self.close_connection = True
        elif fault == "reset":
            self.reset()
        else:
            answer = self.forward(body)
            self.reset() if fault == "lost" else self.wfile.write(answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - the names are http.server's

    def forward(self, body: bytes) -> bytes:
        upstream = http.client.HTTPConnection(self.faulty.upstream, timeout=60)
        try:
            upstream.request(self.command, self.path, body or None, dict(self.headers))
            response = upstream.getresponse()
            data = response.read()
        finally:
            upstream.close()
        kind = response.getheader("Content-Type") or "application/json"
        head = f"HTTP/1.1 {response.status} {response.reason}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}"
        return head.encode() + b"\r\n\r\n" + data

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def drip(self, beginning: bytes) -> None:
        self.wfile.write(beginning)
        while not self.faulty.released.is_set():
            try:
                self.wfile.write(b" ")
            except OSError:
                break
            time.sleep(0.02)
        self.close_connection = True
