"""Serves the panel with waitress: a production server in plain Python that runs on Linux and Windows alike."""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.panel.guard import SHORTEST_LOGIN, AccessGuard
from sequencer.panel.listening import browser_address, http_address, listen
from sequencer.panel.people import People
from sequencer.panel.session import Session
from sequencer.project.address import is_loopback
from sequencer.project.private_file import write_private

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask

    from sequencer.panel.broadcast import Broadcasts
    from sequencer.panel.http_server import Server
    from sequencer.project.settings import Secret
    from sequencer.project.users import UsersFile

_ON_THIS_MACHINE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
SWITCH_SECONDS = 0.001
"""How long one thread computes while another waits for the interpreter. An event passes through three on its way to a
page, which at Python's own 5 ms would be most of the time that it may take."""


class PanelRefused(Exception):
    """The panel cannot be served like this; the text says why and what to do."""


class PanelServer:
    """A panel that is being served. ``address`` is what a browser takes."""

    def __init__(
        self,
        session: Session,
        host: str,
        port: int,
        *,
        login: Secret | None = None,
        note: Path | None = None,
        users: UsersFile | None = None,
        on_demand: bool = False,
    ) -> None:
        """Binds ``host`` and ``port`` (0: a free one). ``note`` is where address and token go for ``hardseq start``.

        ``on_demand``: the application is made for the first request. Few runs are looked at, and most are short.

        Raises ``CannotListen`` when the address is taken, ``PanelRefused`` when others can reach it and there are
        neither users nor a login token.
        """
        typed = login.reveal() if login else None
        if is_loopback(host):
            typed = None
        elif typed is None and not (users is not None and users.enabled):
            raise PanelRefused(
                f"{host} can be reached from other machines, and the panel has no token: set HARDSEQ_PANEL_TOKEN (or "
                'token in [frontend]), add users (`hardseq users add`), or use host = "localhost"'
            )
        elif typed is not None and len(typed) < SHORTEST_LOGIN:
            raise PanelRefused(f"the panel's token is too short: use {SHORTEST_LOGIN} characters or more")
        self._session = session
        self._note = note
        self._socket = listen(host, port, "panel")
        people = People(users, idle=session.settings.logout_after * 60, without_pin=session.settings.login_without_pin)
        guard = AccessGuard(session.token, login=typed, people=people, remote=not is_loopback(host))
        made = _Application(session, guard)
        self._on_demand = on_demand
        if not on_demand:
            # Before the session's thread reads drivers: ``ast`` parses these and the routes, and in Python 3.11 it
            # fails now and then when two threads are in it.
            made.get()
        self._app = made
        bound = self._socket.getsockname()
        self.port: int = bound[1]
        self.address = browser_address(host, self.port)
        # Programs on this machine need no name to be found.
        self._local_address = http_address(_ON_THIS_MACHINE.get(bound[0], bound[0]), self.port)
        self._connections: dict[int, object] = {}
        self._ending = threading.Event()
        self._beginning = threading.Lock()
        self._sleeper, self._waker = socket.socketpair()
        self._server: Server | None = None
        self._broadcasts: Broadcasts | None = None
        self._thread = threading.Thread(target=self._serve, name="panel", daemon=True)

    def start(self) -> None:
        """Begins to serve, in a thread of its own."""
        from sequencer.panel.broadcast import Broadcasts

        self._broadcasts = Broadcasts()
        self._broadcasts.of(self._session.live)
        if self._note is not None:
            # Before the first answer: who got one may ask for the token.
            known = {"address": self._local_address, "token": self._session.token, "pid": os.getpid()}
            write_private(self._note, json.dumps(known), durable=False)
        self._thread.start()

    @property
    def readers(self) -> int:
        """How many pages follow the live state."""
        return 0 if self._broadcasts is None else self._broadcasts.readers

    def close(self) -> None:
        """Stops serving; the session's streams end first, so that no thread is waited for in vain."""
        if self._note is not None:
            _remove_own(self._note, self._session.token)
        self._session.end_streams()
        if self._broadcasts is not None:
            self._broadcasts.close()
        if self._thread.ident is not None and not self._ending.is_set():
            with self._beginning:
                self._ending.set()
                server = self._server
            self._waker.send(b"\0")
            if server is not None:
                from sequencer.panel.http_server import awake, shut_down

                awake(server)
            self._thread.join(timeout=10.0)
            if server is not None:
                shut_down(server, self._connections)
        for each in (self._socket, self._sleeper, self._waker):
            each.close()

    def _serve(self) -> None:
        if self._on_demand:
            # A connection waits at the socket until what answers it is loaded.
            select.select([self._socket, self._sleeper], [], [])
        server = self._begun()
        if server is None:
            return
        from sequencer.panel.http_server import attend

        while not self._ending.is_set():
            attend(server, self._connections)

    def _begun(self) -> Server | None:
        """What answers, from now on; ``None`` when the end was faster."""
        with self._beginning:
            if self._ending.is_set() or self._broadcasts is None:
                return None
            from sequencer.panel.http_server import create

            self._server = create(self._app, self._broadcasts, self._socket, self._connections)
            return self._server


class _Application:
    """A WSGI application that is made once somebody asks."""

    def __init__(self, session: Session, guard: AccessGuard) -> None:
        self._session = session
        self._guard = guard
        self._made: Flask | None = None
        self._making = threading.Lock()

    def get(self) -> Flask:
        """The application."""
        with self._making:
            if self._made is None:
                # Imported here: Flask takes as long to load as a short run lasts.
                from sequencer.panel.app import create_app

                sys.setswitchinterval(SWITCH_SECONDS)
                self._made = create_app(self._session, self._guard)
            return self._made

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.get()(environ, start_response)


def _remove_own(path: Path, token: str) -> None:
    """Removes the note unless another panel has written its own meanwhile."""
    try:
        if json.loads(path.read_text("utf-8"))["token"] == token:
            path.unlink()
    except (OSError, ValueError, KeyError, TypeError):
        return
