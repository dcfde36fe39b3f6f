"""The drivers of a sequence: each found and read, without importing any of them."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from sequencer.expressions.expression import has_expression
from sequencer.language.drivers.calls import CallChecker, DeclaredDriver, opened
from sequencer.language.drivers.files import DriverFolders, DriverLocation
from sequencer.language.drivers.importable import imported_file, submodules
from sequencer.language.drivers.source import DriverSource, DriverTarget, guess
from sequencer.language.expressions import ExpressionChecker
from sequencer.language.mentions import Mentions
from sequencer.language.packages import UsedPackages
from sequencer.language.problems import Problems
from sequencer.language.shapes.wording import did_you_mean, known_here, listed
from sequencer.language.yaml.loader import display_path
from sequencer.language.yaml.sources import SourceTexts
from sequencer.project.settings import Settings
from sequencer.project.toml_places import toml_places
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.extension import UnusableExtension
from sequencer.vocabulary.instrument import IDENTITIES, parse_due
from sequencer.vocabulary.model import Driver, DriverOpening
from sequencer.vocabulary.problem import Place, Problem
from sequencer.vocabulary.regex import PatternError, compile_pattern
from sequencer.vocabulary.times import parse_duration
from sequencer.vocabulary.tree import MappingNode


def read_require(
    node: MappingNode, target: DriverTarget, expressions: ExpressionChecker, problems: Problems
) -> dict[str, str]:
    """The requirements as templates; ``node`` has the right shape."""
    for key in node:
        expressions.text(node[key], node.value_place(key))
    if "idn" in node:
        _check_identity(node, target, problems)
        if not has_expression(node["idn"]):
            try:
                compile_pattern(node["idn"])
            except PatternError as error:
                message = f"this is not a valid regular expression: {error}"
                problems.report("bad-pattern", message, node.value_place("idn"))
    if "calibration_due" in node and not has_expression(node["calibration_due"]):
        try:
            parse_due(node["calibration_due"])
        except ValueError as error:
            problems.report("bad-date", f"`calibration_due` {error}", node.value_place("calibration_due"))
    return dict(node)


def _check_identity(node: MappingNode, target: DriverTarget, problems: Problems) -> None:
    """The driver must be able to identify the instrument."""
    member = next((target.members[name] for name in IDENTITIES if name in target.members), None)
    if member is None:
        if not target.dynamic:
            what = "class" if target.is_class else "function"
            message = (
                f"the {what} `{target.name}` cannot identify the instrument: it has no method `identify` and no `idn`"
            )
            hint = "give it a method `identify` that returns the answer to `*IDN?`"
            problems.report("no-identity", message, node.key_place("idn"), hint=hint)
        return
    needed = [*member.signature.positional, *member.signature.required] if member.kind == "method" else []
    if needed or member.is_async:
        why = f"it needs {listed((f'`{each}`' for each in needed), 'and')}" if needed else "it is `async`"
        message = f"`{target.name}` cannot be asked for its identity: {why}"
        problems.report("no-identity", message, node.key_place("idn"))


NO_ARGUMENTS = ("require", "reopen")
"""What stands among a driver's arguments and is none."""


def stand_driver_problems(
    text: str, file: str, settings: Settings, declared: Iterable[Mapping[str, DriverTarget | None]]
) -> list[Problem]:
    """What is wrong with the arguments by driver that ``text`` of the TOML ``file`` gives, for all or for a slot.

    ``declared`` are the drivers of each sequence (``ReadResult.drivers``). A name that none declares is a warning,
    since a sequence may lie elsewhere; an argument that a driver does not take is an error: it would not open.
    """
    places = toml_places(text.replace("\r\n", "\n"))
    targets: dict[str, list[DriverTarget]] = {}
    for sequence in declared:
        for name, target in sequence.items():
            targets.setdefault(name, []).extend([target] if target is not None else [])

    def place(*path: str) -> Place:
        return Place(file, *places[path].key) if path in places else Place(file, 1, 1, 1, 1)

    problems = _argument_problems(settings.drivers, targets, partial(place, "drivers"))
    for slot in settings.slots.places:
        of_slot = partial(place, "slots", slot.name, "drivers")
        problems += _argument_problems(slot.drivers, targets, of_slot, f" (slot `{slot.name}`)")
    return problems


def _argument_problems(
    drivers: Mapping[str, Mapping[str, object]],
    targets: Mapping[str, list[DriverTarget]],
    place: Callable[..., Place],
    whose: str = "",
) -> list[Problem]:
    """Those of one set of ``drivers``; ``whose`` it is stands behind each message."""
    problems = []
    for name, arguments in drivers.items():
        if name not in targets:
            message = f"no sequence here has a driver `{name}`{whose}"
            hint = did_you_mean(name, targets) or known_here(targets)
            problems.append(Problem("unknown-driver", message, place(name), hint, "warning"))
            continue
        for argument in (key for key in arguments if key not in NO_ARGUMENTS):
            if wrong := next((target for target in targets[name] if not _takes(target, argument)), None):
                names = wrong.signature.names
                hint = did_you_mean(argument, names) or known_here(names) or "it takes no arguments"
                message = f"`{wrong.name}` has no argument `{argument}`{whose}"
                hint = hint.replace("known here", "it takes")
                problems.append(Problem("unknown-argument", message, place(name, argument), hint))
    return problems


def _takes(target: DriverTarget, argument: str) -> bool:
    return target.signature.others or argument in target.signature.names


RESERVED_NAMES = frozenset(["case", "run", "step", "request", "pytest", "loop", "once", "float"])
"""Names that generated code needs for itself."""


@dataclass(slots=True)
class _Found:
    located: DriverLocation
    target_name: str
    target: DriverTarget


class DriverSection:
    """Reads the ``drivers`` section; ``calls`` knows afterwards what steps may call."""

    def __init__(
        self,
        folders: DriverFolders,
        *,
        project: Path,
        problems: Problems,
        sources: SourceTexts,
        inputs: dict[str, str],
        packages: UsedPackages,
        mentions: Mentions,
    ) -> None:
        self._packages = packages
        self._mentions = mentions
        self.calls = CallChecker(problems, sources, mentions)
        self._folders = folders
        self._project = project
        self._problems = problems
        self._sources = sources
        self._inputs = inputs
        self._read: dict[Path, DriverSource | None] = {}
        self._simulation: DriverTarget | None = None
        self._is_foreign = False

    def declare(self, node: MappingNode, name: str, expressions: ExpressionChecker) -> None:
        """Reads one entry of the ``drivers`` section, whose shape was checked."""
        place = node.key_place(name)
        self._mentions.add("driver", name, place, place)
        if name in RESERVED_NAMES or keyword.iskeyword(name):
            message = f"`{name}` cannot be the name of a driver: generated code needs it"
            self._problems.report("reserved-name", message, place)
            self.declare_broken(name, place)
            return
        written = node[name]
        self._simulation, self._is_foreign = None, False
        if isinstance(written, MappingNode):
            driver, target = self._declared(name, written, "use", expressions)
        else:
            driver, target = self._declared(name, node, name, expressions)
        is_long = isinstance(written, MappingNode)
        self.calls.declared[name] = DeclaredDriver(
            name,
            place,
            driver,
            target,
            simulation=self._simulation,
            arguments=written.get("with") if is_long else None,
            use=written.value_place("use") if is_long else node.value_place(name),
            is_foreign=self._is_foreign,
        )

    def declare_broken(self, name: str, place: Place) -> None:
        """Keeps the name of an entry whose shape is wrong, so that calls of it are no further problems."""
        self._mentions.add("driver", name, place, place)
        self.calls.declared[name] = DeclaredDriver(name, place, None, None, used=True)

    def _declared(
        self, name: str, node: MappingNode, key: str, expressions: ExpressionChecker
    ) -> tuple[Driver | None, DriverTarget | None]:
        is_long = key == "use"
        arguments = node.get("with") if is_long else None
        found = self._find(node[key], node.value_place(key))
        given = expressions.template(arguments, node.file, node.value_spans["with"]) if arguments else {}
        simulate = self._simulate(name, node, given, expressions) if is_long and "simulate" in node else None
        if found is None:
            return None, None
        self._check_opening(found, arguments, node.value_place(key))
        self._is_foreign = found.located.is_foreign
        more: dict[str, object] = {}
        if is_long:
            shared = node.get("shared") is True
            scope = "stand" if shared else node.get("scope", "run")
            more = {"shared": shared, "scope": scope, "reopen": node.get("reopen", "after_error")}
            if "open" in node:
                more["opening"] = self._opening(node["open"])
            if "require" in node:
                more["require"] = read_require(
                    node["require"], opened(found.target, arguments) or found.target, expressions, self._problems
                )
        place = node.place if is_long else node.key_place(key)
        return self._driver(name, place, found, given, simulate=simulate, **more), found.target

    def _opening(self, node: MappingNode) -> DriverOpening:
        """``node`` has the right shape."""
        retry = node.get("retry", 1)
        given = isinstance(retry, MappingNode)
        timeout = parse_duration(node["timeout"]) if "timeout" in node else None
        if timeout == 0:
            self._problems.report("wrong-value", "`timeout` must be longer than 0", node.value_place("timeout"))
        return DriverOpening(
            when=node.get("when", "first_use"),
            timeout=timeout,
            times=retry["times"] if given else retry,
            delay=parse_duration(retry.get("delay", "0 s")) if given else 0.0,
        )

    def _simulate(
        self, name: str, node: MappingNode, given: Mapping[str, Data], expressions: ExpressionChecker
    ) -> Driver | None:
        """The stand-in: in its short form it gets those of the driver's arguments that it takes."""
        written = node["simulate"]
        if isinstance(written, MappingNode):
            driver, self._simulation = self._declared(name, written, "use", expressions)
            return driver
        place = node.value_place("simulate")
        found = self._find(written, place)
        if found is None:
            return None
        self._simulation = found.target
        signature = found.target.signature
        taken = {key: value for key, value in given.items() if signature.others or key in signature.names}
        missing = [each for each in signature.required if each not in taken]
        if found.target.is_class and missing:
            names = listed((f"`{each}`" for each in missing), "and")
            hint = f"use the long form: `simulate: {{use: {written}, with: {{...}}}}`"
            self._problems.report("missing-argument", f"`{found.target_name}` needs {names}", place, hint=hint)
        return self._driver(name, place, found, taken)

    def _driver(self, name: str, place: Place, found: _Found, arguments: Mapping[str, Data], **more: Any) -> Driver:
        located = found.located
        return Driver(
            name=name,
            place=place,
            file=str(located.path) if located.is_local else None,
            module=located.module,
            target=found.target_name,
            is_class=found.target.is_class,
            arguments=arguments,
            **more,
        )

    def _find(self, use: str, place: Place) -> _Found | None:
        try:
            located = self._folders.locate(use)
        except UnusableExtension as unusable:
            self._problems.report("unusable-extension", str(unusable), place)
            return None
        if located is None:
            self._report_unknown_file(use, place)
            return None
        if located.announced is not None:
            self._packages.add(located.announced)
        elif located.is_foreign:
            self._packages.add_module(located.module)
        source = self._source(located)
        if not located.rest:
            known = _offered(located, source) if source else []
            hint = known_here(f"{use}.{name}" for name in known)
            what = "a module" if located.is_foreign else "a file"
            message = f"`{use}` is {what}: also name the class or function in it"
            self._problems.report("no-driver-class", message, place, hint=hint and hint.replace("known here", "it has"))
            return None
        name = ".".join(located.rest)
        if source is None:
            # Nothing to read (a compiled module), or a file with a syntax error, which was reported.
            target: DriverTarget | None = guess(name)
        else:
            target = source.target(name) if len(located.rest) == 1 else None
        if target is None:
            assert source is not None
            known = _offered(located, source)
            hint = did_you_mean(located.rest[0], known, use[: -len(name)] + "{}") or known_here(known)
            self._report_unknown_class(located, name, place, hint)
            return None
        if target.written is not None:
            self._mentions.add("class", use, place, target.written.place)
        return _Found(located, name, target)

    def _report_unknown_file(self, use: str, place: Place) -> None:
        if ":" in use:
            module = use.partition(":")[0]
            self._problems.report("unknown-driver", f"no package has a module `{module}` here", place)
            return
        module = use.rpartition(".")[0] or use
        known = list(self._folders.known())
        where = [display_path(folder, self._project) or "." for folder in self._folders.folders]
        hint = did_you_mean(module, known, "{}" + use[len(module) :])
        looked = listed([*where, "the installed packages"], "and")
        hint = hint or (f"looked in {looked}" if where else "make a folder `drivers`")
        file = module.replace(".", "/") + ".py"
        self._problems.report("unknown-driver", f"there is no driver file `{file}`", place, hint=hint)

    def _report_unknown_class(self, located: DriverLocation, name: str, place: Place, hint: str | None) -> None:
        if located.announced is not None:
            reason = located.announced.unusable(f"`{located.module}` has no class or function `{name}`")
            self._problems.report("unusable-extension", str(reason), place, hint=hint)
            return
        file = located.module
        if located.path is not None and not located.is_foreign:
            file = display_path(located.path, self._project)
        self._problems.report("unknown-class", f"`{file}` has no class or function `{name}`", place, hint=hint)

    def _source(self, located: DriverLocation) -> DriverSource | None:
        path = located.path
        if path is None:
            return None
        if path not in self._read:
            self._read[path] = self._parse(path, tell=not located.is_foreign)
        return self._read[path]

    def _imported(self, importing: Path, name: str, level: int) -> DriverSource | None:
        """What the file ``importing`` imports from; see ``source.FindImport``."""
        path = imported_file(importing, name, level) if level else self._folders.module_file(name)
        if path is None:
            return None
        if path not in self._read:
            self._read[path] = self._parse(path, tell=False)
        return self._read[path]

    def _parse(self, path: Path, *, tell: bool) -> DriverSource | None:
        """``tell``: what is wrong with it is a problem; else it is only a file that cannot be read."""
        file = display_path(path, self._project)
        try:
            data = self._sources.read(path)
        except OSError as error:
            if not tell:
                return None
            place = Place(file, 1, 1, 1, 2)
            self._problems.report("unreadable-file", f"the driver cannot be read: {error.strerror or error}", place)
            return None
        self._inputs[str(path)] = sha256(data).hexdigest()
        try:
            return DriverSource(data, file, partial(self._imported, path))
        except SyntaxError as error:
            if not tell:
                return None
            self._sources.texts[file] = data.decode("utf-8", "replace")
            line, column = error.lineno or 1, max(error.offset or 1, 1)
            end = error.end_offset if error.end_lineno == error.lineno and error.end_offset else 0
            place = Place(file, line, column, line, max(end, column + 1))
            self._problems.report("driver-syntax", f"the driver is not valid Python: {error.msg}", place)
            return None

    def _check_opening(self, found: _Found, arguments: MappingNode | None, place: Place) -> None:
        target = found.target
        if target.is_class and not found.located.is_foreign:  # what a package's class is for only calls tell
            self.calls.check_arguments(f"`{found.target_name}`", target.signature, arguments, place)
        if target.is_async:
            self.calls.refuse_async(found.target_name, place)


def _offered(located: DriverLocation, source: DriverSource) -> list[str]:
    """What may be named in a module; an installed package has hardly anything in its own ``__init__.py``."""
    if not located.is_foreign or located.path is None:
        return source.names
    return [*source.offered, *submodules(located.path)]
