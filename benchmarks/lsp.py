"""The language server: how soon it answers a completion and publishes problems in a sequence of 2,000 lines.

    python benchmarks/lsp.py                    2,000 lines
    python benchmarks/lsp.py --lines 200 20000  and others

A client of a few lines speaks to a real ``hardseq lsp``. It changes a line somewhere in the file, as a person does who
is in the middle of a word (half of the texts are not valid YAML), and takes the time to the answer. Milliseconds.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Queue
from statistics import median, quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe

ROUNDS = 200
DRIVER = '''
class Meter:
    """A multimeter."""

    def read_voltage(self, channel: int, samples: int = 1) -> float:
        """The voltage of a channel."""
        return 5.0
'''
HEAD = """\
name: Board
version: 1.0.0
params:
  serial: {type: string}
drivers:
  meter: bench.Meter
modules:
"""
CASE = """\
      case_{case}:
        name: Case {case}
        attempts: 2
        depends: "{depends}"
        steps:
          - measure: Rail {case}
            call: meter.read_voltage
            with: {{channel: 1}}
            unit: V
            limits: [4.8, 5.2]
            save: volts
          - check: volts > 4.9
            message: "only ${{{{ volts }}}} V of ${{{{ params.serial }}}}"
          - set: {{other: "${{{{ volts * 2 }}}}"}}
          - check: other > 9
"""
UNFINISHED = (
    ("          - mea", "a verb"),
    ("          - call: meter.", "a method"),
    ("          - call: meter.read_voltage\n            with: {", "an argument"),
    ("          - check: par", "a name"),
    ("          - measure: x\n            li", "a key"),
    ('          - message: "only ${{ ', "a name in a text"),
)
"""What somebody is writing, and what of it is asked for."""


def sequence(lines: int) -> str:
    """A sequence of about so many lines: modules of ten cases."""
    parts = [HEAD]
    for case in range(max(1, (lines - 7) // 15)):
        if case % 10 == 0:
            parts.append(f"  module_{case // 10}:\n    cases:\n")
        previous = f"::case_{case - 1}" if case % 10 else f"module_{case // 10 - 1}" if case else ""
        text = CASE.format(case=case, depends=previous)
        parts.append(text if previous else text.replace('        depends: ""\n', ""))
    return "".join(parts)


class Client:
    """Speaks to a server; remembers when the problems of each version came."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "sequencer", "lsp"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self.answers: Queue[tuple[float, Any]] = Queue()
        self.published: Queue[tuple[float, Any]] = Queue()
        self.number = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        out = self.process.stdout
        assert out is not None
        while line := out.readline():
            length = int(line.split(b":")[1])
            while out.readline().strip():
                pass
            message = json.loads(out.read(length))
            now = time.perf_counter()
            if message.get("method") == "textDocument/publishDiagnostics":
                self.published.put((now, message["params"]))
            elif "id" in message and "method" not in message:
                self.answers.put((now, message.get("result")))

    def send(self, method: str, params: object, *, request: bool = False) -> None:
        """Sends a message."""
        message: dict[str, object] = {"jsonrpc": "2.0", "method": method, "params": params}
        if request:
            self.number += 1
            message["id"] = self.number
        data = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def ask(self, method: str, params: object) -> tuple[float, Any]:
        """The milliseconds to the answer, and the answer."""
        begun = time.perf_counter()
        self.send(method, params, request=True)
        came, answer = self.answers.get(timeout=60)
        return 1000 * (came - begun), answer

    def problems(self, version: int) -> float:
        """When the problems of a version came."""
        while True:
            came, params = self.published.get(timeout=60)
            if params.get("version") == version:
                return came


def measure(lines: int) -> list[str]:
    """The rows of a file of so many lines."""
    text = sequence(lines)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        (folder / "drivers").mkdir()
        (folder / "drivers" / "bench.py").write_text(DRIVER)
        (folder / "sequences").mkdir()
        file = folder / "sequences" / "board.yaml"
        file.write_text(text)
        begun = time.perf_counter()
        client = Client(folder)
        client.ask("initialize", {"processId": None, "capabilities": {}, "rootUri": folder.as_uri()})
        started = 1000 * (time.perf_counter() - begun)
        client.send("initialized", {})
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        begun = time.perf_counter()
        client.send("textDocument/didOpen", {"textDocument": document})
        first = 1000 * (client.problems(1) - begun)
        completions, problems = _typed(client, file.as_uri(), text)
        client.ask("shutdown", None)
        client.send("exit", None)
        client.process.wait(60)
    shown = f"{text.count(chr(10)):,}"
    return [
        f"| {shown} | start, until the server answers | {started:.0f} | |",
        f"| {shown} | first problems after the file is opened | {first:.0f} | |",
        f"| {shown} | completion at once after a change | {median(completions):.0f} | {_most(completions):.0f} |",
        f"| {shown} | problems after a change | {median(problems):.0f} | {_most(problems):.0f} |",
    ]


def _most(values: list[float]) -> float:
    """What 95 of 100 stay below."""
    return quantiles(values, n=20)[-1]


def _typed(client: Client, uri: str, text: str) -> tuple[list[float], list[float]]:
    """Milliseconds to completions, and to the problems of the same texts."""
    chance = random.Random(14)
    lines = text.split("\n")
    steps = [index for index, line in enumerate(lines) if line.startswith("          - ")]
    completions, problems = [], []
    for version in range(2, ROUNDS + 2):
        written, _ = UNFINISHED[version % len(UNFINISHED)]
        index = chance.choice(steps)
        changed = "\n".join([*lines[:index], written, *lines[index:]])
        before = "\n".join([*lines[:index], written])
        begun = time.perf_counter()
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": changed}]}
        client.send("textDocument/didChange", params)
        position = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        asked = {"textDocument": {"uri": uri}, "position": position}
        took, answer = client.ask("textDocument/completion", asked)
        assert answer["items"], written
        completions.append(took)
        problems.append(1000 * (client.problems(version) - begun))
        time.sleep(0.05)  # a person types slower; the work that is not waited for ends meanwhile
    return completions, problems


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[2000])
    chosen = parser.parse_args(arguments)
    print(describe())
    print()
    print("| lines | what | median | 95 of 100 below |\n| ---: | --- | ---: | ---: |")
    for lines in chosen.lines:
        print("\n".join(measure(lines)), flush=True)


if __name__ == "__main__":
    main()
