"""Talks to the panel that runs for a project: its address and token lie in the state folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.project.project_folder import open_project

TIMEOUT_SECONDS = 30.0
"""Longer than a Start waits for a test process that is coming up."""


class PanelClient:
    """The running panel of the project that ``path`` belongs to. Raises ``Refusal`` when there is none."""

    def __init__(self, path: Path) -> None:
        file = open_project(path).state.panel
        try:
            known = json.loads(file.read_bytes())
            self._url, self._token = str(known["address"]).rstrip("/"), str(known["token"])
        except PermissionError:
            raise Refusal(
                "another user started this project's panel", hint=f"only they can read {file}", code=ExitCode.FAILED
            ) from None
        except (OSError, ValueError, KeyError, TypeError):
            raise _not_running() from None

    def get(self, path: str) -> Any:
        """The answer to a ``GET``."""
        return self._ask("GET", path, None)

    def post(self, path: str, document: Mapping[str, object]) -> object:
        """The answer to a ``POST``. Raises ``Refusal`` with the panel's own words when it refuses."""
        return self._ask("POST", path, document)

    def get_bytes(self, path: str) -> bytes:
        """What a ``GET`` gives, of a file for example."""
        return self._read("GET", path, None, "*/*")

    def _ask(self, method: str, path: str, document: Mapping[str, object] | None) -> object:
        try:
            return json.loads(self._read(method, path, document, "application/json"))
        except ValueError:
            raise _not_running() from None  # whoever has the port by now, it is no panel

    def _read(self, method: str, path: str, document: Mapping[str, object] | None, accepted: str) -> bytes:
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import ProxyHandler, Request, build_opener

        body = None if document is None else json.dumps(document).encode()
        headers = {"X-Hardseq-Token": self._token, "Content-Type": "application/json", "Accept": accepted}
        try:
            request = Request(f"{self._url}{path}", data=body, method=method, headers=headers)
            # The panel is on this machine: a proxy of the network has no business here.
            with build_opener(ProxyHandler({})).open(request, timeout=TIMEOUT_SECONDS) as answer:
                read: bytes = answer.read()
                return read
        except HTTPError as error:
            raise _refused(error.read(), error.code) from None
        except OSError as error:
            if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
                raise Refusal(f"the panel at {self._url} does not answer", code=ExitCode.FAILED) from None
            raise _not_running() from None
        except (ValueError, HTTPException):
            raise _not_running() from None


def _not_running() -> Refusal:
    return Refusal("no panel is running for this project", hint="`hardseq panel` starts one", code=ExitCode.FAILED)


def _refused(body: bytes, status: int) -> Refusal:
    try:
        error = json.loads(body)["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        return _not_running()
    # The note is of a panel that died, and another project's panel has its port by now.
    return _not_running() if (status, code) == (403, "token") else Refusal(message, code=ExitCode.FAILED)
