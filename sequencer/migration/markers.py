"""What pytest's and HardPy's markers say of a test and of its module."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from sequencer.migration.findings import CHANGED, NOT_IMPORTED, Findings
from sequencer.migration.python_source import PythonFile, is_literal
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.status import GROUPS

_PREFIX = "pytest.mark."
_DEPENDENCY = re.compile(r"(\w+)::(\w+)")
_ROW_TYPES = (str, int, float)


@dataclass(frozen=True, slots=True)
class Marker:
    """``pytest.mark.NAME(...)`` where it stands."""

    name: str
    node: ast.expr
    args: Sequence[ast.expr]
    keywords: Sequence[ast.keyword]


def decorators(file: PythonFile, nodes: Sequence[ast.expr]) -> Iterator[Marker]:
    """The markers among decorators, the nearest to the function first, as pytest has them."""
    for node in reversed(nodes):
        called = node.func if isinstance(node, ast.Call) else node
        dotted = file.dotted(called) or ""
        if dotted.startswith(_PREFIX):
            arguments = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
            yield Marker(dotted.removeprefix(_PREFIX), node, arguments.args, arguments.keywords)


def module_markers(file: PythonFile) -> list[Marker]:
    """Those of ``pytestmark``."""
    found: list[Marker] = []
    for node in file.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(each, ast.Name) and each.id == "pytestmark" for each in targets):
            assert isinstance(node, ast.Assign)
            value = node.value
            nodes = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
            found = [marker for each in nodes for marker in decorators(file, [each])]
    return found


class MarkerReader:
    """Reads the values of markers; ``findings`` hears of those that cannot be read."""

    def __init__(self, file: PythonFile, findings: Findings) -> None:
        self.file = file
        self.findings = findings

    def constant(self, marker: Marker, kind: type) -> object:
        """The first argument, where it is of this type; anything else is told."""
        node = marker.args[0] if marker.args else None
        if isinstance(node, ast.Name):
            node = self.file.constants.get(node.id, node)
        value = node.value if isinstance(node, ast.Constant) else None
        if type(value) is kind:
            return value
        if node is not None:
            self._tell(marker, f"what `{marker.name}` says here, only a run knows")
        return None

    def text(self, markers: Sequence[Marker], name: str) -> str | None:
        """The text of the first marker of this name."""
        for marker in markers:
            if marker.name == name and marker.args:
                found = self.constant(marker, str)
                return found if isinstance(found, str) and found.strip() else None
        return None

    def attempts(self, markers: Sequence[Marker]) -> int:
        """How often the case is tried: what the last marker says."""
        found = 1
        for marker in markers:
            if marker.name == "attempt" and marker.args:
                times = self.constant(marker, int)
                if isinstance(times, int) and times >= 1:
                    found = times
                elif times is not None:
                    self._tell(marker, "HardPy refuses this number of attempts")
        return found

    def group(self, markers: Sequence[Marker], name: str) -> str | None:
        """The group, where it is not ``main``."""
        for marker in markers:
            if marker.name != name or not marker.args:
                continue
            dotted = self.file.dotted(marker.args[0]) or ""
            written = dotted.removeprefix("hardpy.Group.").lower() if dotted.startswith("hardpy.Group.") else None
            written = written or str(self.constant(marker, str) or "main")
            if written not in GROUPS:
                self._tell(marker, "this is no group of HardPy")
                return None
            return None if written == "main" else written
        return None

    def dependencies(self, markers: Sequence[Marker], known: Callable[[str, str | None], str | None]) -> list[str]:
        """The dependencies that HardPy obeys; ``known`` gives what a module, or a case of it, is called here."""
        found: list[str] = []
        for marker in markers:
            if marker.name != "dependency" or not marker.args:
                continue
            written = self.constant(marker, str)
            if not isinstance(written, str) or not written:
                continue
            parts = _DEPENDENCY.search(written)
            named = known(parts[1], parts[2]) if parts else known(written, None) if written.isidentifier() else None
            if named is None:
                message = (
                    f"nothing before this is called `{written}`: HardPy takes no notice of it, and it was left out"
                )
                self.findings.tell(CHANGED, self.file, marker.node, message)
            elif named not in found:
                found.append(named)
        return found

    def rows(self, markers: Sequence[Marker]) -> tuple[list[str], list[dict[str, Data]]] | None:
        """Names and rows of ``parametrize``, each row under pytest's own id in ``row``; ``None`` without one."""
        found = [marker for marker in markers if marker.name == "parametrize"]
        if not found:
            return None
        rows: list[dict[str, Data]] = [{}]
        names: list[str] = []
        for marker in found:
            one = self._rows_of(marker)
            if one is None:
                self._tell(marker, "the values of `parametrize` are not written here")
                return None
            names += one[0]
            rows = [_both(left, right) for right in one[1] for left in rows]
        return names, rows

    def _rows_of(self, marker: Marker) -> tuple[list[str], list[dict[str, Data]]] | None:
        if len(marker.args) != 2 or marker.keywords or not is_literal(marker.args[0]) or not is_literal(marker.args[1]):
            return None
        written, values = ast.literal_eval(marker.args[0]), ast.literal_eval(marker.args[1])
        names = [name.strip() for name in written.split(",")] if isinstance(written, str) else list(written)
        if not isinstance(values, list | tuple) or not values:
            return None
        rows: list[dict[str, Data]] = []
        for value in values:
            row = [value] if len(names) == 1 else list(value) if isinstance(value, list | tuple) else []
            if len(row) != len(names) or not all(isinstance(each, _ROW_TYPES) for each in row):
                return None
            rows.append({"row": "-".join(str(each) for each in row), **dict(zip(names, row, strict=True))})
        return names, rows

    def _tell(self, marker: Marker, message: str) -> None:
        self.findings.tell(NOT_IMPORTED, self.file, marker.node, message)


def _both(left: dict[str, Data], right: dict[str, Data]) -> dict[str, Data]:
    """A row of two ``parametrize``, the nearer one first."""
    row = "-".join(str(each["row"]) for each in (left, right) if each)
    return {**left, **right, "row": row}
