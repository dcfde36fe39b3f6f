"""Reads the text of ``hardseq.toml`` into ``Settings``, with every problem at its line; pure: the caller reads files.

The checks are those that the schema fragments in ``settings`` state, done here without ``jsonschema``: every
``hardseq run`` passes through, and the constraints are few.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from sequencer.project.address import PASSWORD_IN_ADDRESS, InsecureAddress, base_address, split_address
from sequencer.project.secrets import is_secret
from sequencer.project.settings import (
    ALSO_READ,
    MOST_SLOTS,
    AlarmSettings,
    DatabaseSettings,
    Secret,
    SequenceChoice,
    Settings,
    SlotsSettings,
)
from sequencer.project.settings_values import SettingSchema, did_you_mean, plain, shown, value_problem
from sequencer.report.identity import identity_facts
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.instrument import requirement_problem
from sequencer.vocabulary.problem import Place, Problem, Severity
from sequencer.vocabulary.regex import ID_PATTERN

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from _typeshed import DataclassInstance

    from sequencer.project.toml_places import TomlEntry, TomlPath

_Table = TypeVar("_Table", bound="DataclassInstance")

JSON_HINT = 'write storage_type = "embedded"; `hardseq run --report FILE` and `hardseq runs export` write JSON'
OWN_VALUES = "; your own values belong in [stand.info]; a sequence reads them as `stand.info.NAME`"
_SEQUENCES = (".yaml", ".yml")
_ERROR_AT = r"\(at (?:line (\d+), column (\d+)|end of document)\)$"


@dataclass(frozen=True, slots=True)
class SettingsReading:
    """The settings as far as they could be read, defaults for the rest, and what is wrong with the text.

    ``secrets`` are all that were found, also those that another one overrides.
    """

    settings: Settings
    problems: tuple[Problem, ...] = ()
    secrets: frozenset[str] = frozenset()


def read_settings(
    text: str | None, file: str, environment: Mapping[str, str], *, foreign: bool = False
) -> SettingsReading:
    """Reads ``text`` (``None`` when there is no file); secrets in ``environment`` come first.

    ``file`` is the name for problems. ``foreign``: the file was written for another program
    (``hardpy.toml``), so that keys unknown here are warnings.
    """
    reader = _Reader(text or "", file, environment, foreign)
    return SettingsReading(reader.read(), tuple(reader.problems), frozenset(reader.secrets))


class _Reader:
    def __init__(self, text: str, file: str, environment: Mapping[str, str], foreign: bool) -> None:
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self.file = file
        self.environment = environment
        self.foreign = foreign
        self.problems: list[Problem] = []
        self.secrets = {value for name, value in environment.items() if is_secret(name)}
        self.places: dict[TomlPath, TomlEntry] = {}

    def read(self) -> Settings:
        document = self.document() if self.text else {}
        settings = self.table(Settings, document, ())
        settings = replace(settings, database=self.database(settings.database, document))
        if settings.replication.url is not None:
            self.split(settings.replication.url, ("replication", "url"))
        self.check_stand_cloud(settings)
        settings = replace(settings, test_configs=self.sequences(settings))
        self.check_current_configuration(settings)
        settings = replace(settings, slots=self.slots(settings.slots))
        self.check_requirements(settings.drivers, ("drivers",))
        for place in settings.slots.places:
            self.check_requirements(place.drivers, ("slots", place.name, "drivers"))
        self.check_stand(settings)
        settings = replace(settings, alarms=self.alarms(settings))
        self.problems.sort(key=lambda problem: problem.place)
        return settings

    def document(self) -> dict[str, object]:
        import tomllib

        from sequencer.project.toml_places import toml_places

        try:
            document = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            self.syntax_problem(str(error))
        except RecursionError:
            self.problems.append(Problem("invalid-toml", "nested too deeply", Place(self.file, 1, 1, 1, 1)))
        else:
            self.places = toml_places(self.text)
            return document
        return {}

    def syntax_problem(self, message: str) -> None:
        match = re.search(_ERROR_AT, message)
        lines = self.text.split("\n")
        line, column = (int(match[1]), int(match[2])) if match and match[1] else (len(lines), len(lines[-1]) + 1)
        plain = re.sub(_ERROR_AT, "", message).strip()
        hint = "a string needs quotes" if plain == "Invalid value" else None
        self.problems.append(
            Problem("invalid-toml", f"not valid TOML: {plain}", Place(self.file, line, column, line, column + 1), hint)
        )

    def place(self, path: TomlPath, *, of_key: bool = False) -> Place:
        for length in range(len(path), 0, -1):
            if entry := self.places.get(path[:length]):
                return Place(self.file, *(entry.key if of_key or length < len(path) else entry.value))
        return Place(self.file, 1, 1, 1, 1)

    def problem(
        self,
        code: str,
        message: str,
        path: TomlPath,
        *,
        hint: str | None = None,
        of_key: bool = False,
        severity: Severity = "error",
    ) -> None:
        self.problems.append(Problem(code, message, self.place(path, of_key=of_key), hint, severity))

    def table(self, kind: type[_Table], written: object, path: TomlPath) -> _Table:
        """One dataclass read from one table; values that cannot be used keep their defaults."""
        known = {field.name: field for field in fields(kind) if field.metadata}
        values: dict[str, object] = {}
        if "named" in (last := list(known.values())[-1]).metadata:
            del known[last.name]
            written, values[last.name] = self.named_tables(last.metadata["named"], written, list(known), path)
        written = self._known_keys(written, list(known), path)
        for name, field in known.items():
            inner = (*path, name)
            if field.metadata.get("env") and isinstance(secret := written.get(name), str):
                self.secrets.add(secret)
            if "section" in field.metadata:
                if name in written:
                    values[name] = self.section(
                        field.metadata["section"], written[name], inner, many=field.metadata["many"]
                    )
                elif not field.metadata["many"]:
                    values[name] = self.table(
                        field.metadata["section"], {}, inner
                    )  # its secrets may be in the environment
            elif from_environment := self.from_environment(field.metadata["env"]):
                values[name] = Secret(from_environment)
            elif name in written and self.fits(written[name], field.metadata["schema"], inner):
                values[name] = Secret(str(written[name])) if field.metadata["env"] else _frozen(plain(written[name]))
        return kind(**values)

    def named_tables(
        self, kind: type[_Table], written: object, known: list[str], path: TomlPath
    ) -> tuple[object, tuple[_Table, ...]]:
        """The tables under names of the writer's own, each read into ``kind``, and the rest as written."""
        if not isinstance(written, dict):
            return written, ()
        tables = {name: each for name, each in written.items() if isinstance(each, dict) and name not in known}
        for name in tables:
            if not re.fullmatch(ID_PATTERN, name):
                message = f"`{name}` cannot be a name"
                hint = "small letters, digits and underscores, a letter first"
                self.problem("wrong-value", message, (*path, name), hint=hint, of_key=True)
        rest = {name: each for name, each in written.items() if name not in tables}
        return rest, tuple(replace(self.table(kind, each, (*path, name)), name=name) for name, each in tables.items())

    def _known_keys(self, written: object, known: list[str], path: TomlPath) -> dict[str, object]:
        """The table as written, empty when it is something else; what is not known in it becomes a problem."""
        if not isinstance(written, dict):
            self.problem(
                "wrong-type", f"`{path[-1]}` must be a table, not {shown(written)}", path, hint=f"write [{path[-1]}]"
            )
            return {}
        for key in written:
            if key not in known:
                self.unknown_key(key, known, (*path, key))
        return written

    def from_environment(self, name: str | None) -> str | None:
        """The variable of that name, or where it is not set the one that another program has for the same."""
        return None if name is None else self.environment.get(name) or self.environment.get(ALSO_READ.get(name, ""))

    def section(self, kind: type[DataclassInstance], written: object, path: TomlPath, *, many: bool) -> object:
        if not many:
            return self.table(kind, written, path)
        if not isinstance(written, list) or not all(isinstance(item, dict) for item in written):
            self.problem("wrong-type", f"`{path[-1]}` must be an array of tables", path, hint=f"write [[{path[-1]}]]")
            return ()
        for index, item in enumerate(written):
            for field in fields(kind):
                if field.metadata.get("required") and field.name not in item:
                    self.problem("missing-key", f"`{field.name}` is missing", (*path, index))
        return tuple(self.table(kind, item, (*path, index)) for index, item in enumerate(written))

    def unknown_key(self, key: str, known: list[str], path: TomlPath) -> None:
        where = ".".join(str(part) for part in path[:-1])
        message = f"unknown key `{key}`" + (f" in [{where}]" if where else "")
        hint = did_you_mean(key, known) or f"known here: {', '.join(known)}{'' if where else OWN_VALUES}"
        self.problem(
            "unknown-key", message, path, hint=hint, of_key=True, severity="warning" if self.foreign else "error"
        )

    def fits(self, value: object, schema: SettingSchema, path: TomlPath) -> bool:
        """Whether ``value`` is what ``schema`` wants; what is wrong with it becomes a problem."""
        if path == ("database", "storage_type") and value == "json":
            message = "reports cannot be stored as JSON files: they are kept in a database"
            self.problem("wrong-value", message, path, hint=JSON_HINT)
            return False
        reason = value_problem(value, schema)
        if reason is None and isinstance(value, dict):
            inner = schema.get("additionalProperties")
            # All of them, not the first that does not fit: every problem is reported.
            return inner is None or sum(not self.fits(item, inner, (*path, name)) for name, item in value.items()) == 0
        if reason is None and isinstance(value, list) and "items" in schema:
            return sum(not self.fits(item, schema["items"], (*path, place)) for place, item in enumerate(value)) == 0
        if reason is None:
            return True
        message, hint = reason
        name = next(part for part in reversed(path) if isinstance(part, str))
        of = "each of " if isinstance(path[-1], int) else ""
        self.problem("wrong-value", f"{of}`{name}` must be {message}", path, hint=hint)
        return False

    def database(self, database: DatabaseSettings, document: Mapping[str, object]) -> DatabaseSettings:
        """Names the storage type that a host or url implies, and keeps user and password out of the url."""
        written = document.get("database")
        written = written if isinstance(written, dict) else {}
        if "storage_type" not in written and ("host" in written or "url" in written):
            database = replace(database, storage_type="couchdb")
        if database.url is None:
            return database
        from urllib.parse import unquote, urlunsplit

        parts = self.split(database.url, ("database", "url"))
        if parts is None:
            return replace(database, url=None)
        address = parts.netloc.rpartition("@")[2]
        in_address = unquote(parts.password) if parts.password else None
        if in_address is not None:
            self.secrets.add(in_address)
        password = database.password or (Secret(in_address) if in_address else None)
        user = database.user or (unquote(parts.username) if parts.username else None)
        return replace(database, url=urlunsplit(parts._replace(netloc=address)), user=user, password=password)

    def split(self, url: str, path: TomlPath) -> SplitResult | None:
        """The parts of an address; ``None``, which is told, where it is none."""
        if (parts := split_address(url)) is None:
            self.problem("wrong-value", "`url` is not a valid address", path, hint=PASSWORD_IN_ADDRESS)
        return parts

    def check_stand_cloud(self, settings: Settings) -> None:
        address = settings.stand_cloud.address
        path = ("stand_cloud", "address")
        if address is None:
            if settings.stand_cloud.autosync or settings.stand_cloud.connection_only:
                wanted = "autosync" if settings.stand_cloud.autosync else "connection_only"
                self.problem(
                    "missing-key", f"`{wanted}` needs the `address` of StandCloud", ("stand_cloud", wanted), of_key=True
                )
            return
        if settings.stand_cloud.autosync and not settings.stand_cloud.api_key:
            self.problem(
                "missing-key",
                "`autosync` needs an API key: reports wait until one is set",
                ("stand_cloud", "autosync"),
                of_key=True,
                hint="set HARDSEQ_SC_API_KEY in the environment or in .env",
                severity="warning",
            )
        try:
            base_address(address)
        except InsecureAddress as error:
            hint = f"write https://{address.partition('://')[2]}"
            self.problem("insecure-address", str(error), path, hint=hint)
        except ValueError as error:
            self.problem("wrong-value", str(error), path)

    def slots(self, slots: SlotsSettings) -> SlotsSettings:
        """The slots with their numbers; one is none, and what is there twice cannot be told apart."""
        places = slots.places
        if len(places) == 1 or len(places) > MOST_SLOTS:
            message = f"a stand has 2 to {MOST_SLOTS} slots, not {len(places)}"
            hint = "leave [slots] out for a stand with one place" if len(places) == 1 else None
            self.problem("wrong-value", message, ("slots", places[-1].name), hint=hint, of_key=True)
        given = [place.number for place in places if place.number is not None]
        free = (number for number in count(1) if number not in given)
        numbered = tuple(place if place.number is not None else replace(place, number=next(free)) for place in places)
        self.check_twice("number", [(place.name, place.number) for place in places])
        self.check_twice("code", [(place.name, place.code) for place in places])
        return replace(slots, places=numbered)

    def check_twice(self, key: str, values: Sequence[tuple[str, object]]) -> None:
        """No two slots have the same ``key``."""
        seen: dict[object, str] = {}
        for name, value in values:
            if value is not None and (first := seen.setdefault(value, name)) != name:
                message = f"the slots `{first}` and `{name}` have the same {key}"
                self.problem("duplicate-name", message, ("slots", name, key))

    def check_requirements(self, drivers: Mapping[str, Mapping[str, Data]], above: TomlPath) -> None:
        """``reopen`` and ``[drivers.NAME.require]``: what this stand says of its instruments beside their arguments."""
        for name, arguments in drivers.items():
            reopen = arguments.get("reopen", "never")
            if reopen not in ("after_error", "never"):
                message = f'`reopen` must be "after_error" or "never", not {shown(reopen)}'
                self.problem("wrong-value", message, (*above, name, "reopen"))
            written, path = arguments.get("require"), (*above, name, "require")
            if written is None:
                continue
            if not isinstance(written, dict):
                self.problem("wrong-type", f"`require` must be a table, not {shown(written)}", path)
                continue
            for key, value in written.items():
                if key not in ("idn", "calibration_due"):
                    self.unknown_key(key, ["idn", "calibration_due"], (*path, key))
                elif reason := requirement_problem(key, value):
                    self.problem("wrong-value", f"`{key}` {reason}", (*path, key))

    def check_stand(self, settings: Settings) -> None:
        """The facts of ``[stand]`` are recorded as soon as a run begins: one that cannot be would end every run."""
        for key, value in settings.stand.recorded().items():
            try:
                identity_facts("stand", {key: value})
            except StepError as error:
                self.problem("wrong-value", str(error).removeprefix("stand."), ("stand", key))

    def alarms(self, settings: Settings) -> tuple[AlarmSettings, ...]:
        """The alarms that can be watched for."""
        names = [alarm.name for alarm in settings.alarms]
        for index, alarm in enumerate(settings.alarms):
            if alarm.name and alarm.name in names[:index]:
                message = f"there are two alarms named {alarm.name!r}"
                self.problem("duplicate-name", message, ("alarms", index, "name"))
            for key, target in (("url", "webhook"), ("recipients", "mail"), ("host", "mail"), ("sender", "mail")):
                if target in alarm.tell and not getattr(getattr(settings, target), key):
                    message = f"`{target}` needs `{key}` in [{target}]"
                    self.problem("missing-key", message, ("alarms", index, "tell"))
        return tuple(alarm for index, alarm in enumerate(settings.alarms) if self.is_sound(alarm, ("alarms", index)))

    def is_sound(self, alarm: AlarmSettings, path: TomlPath) -> bool:
        """Whether what the alarm watches is what it can watch; what is wrong with it becomes a problem."""
        if not alarm.name or not alarm.when:
            return False  # which is told
        before = len(self.problems)
        for key in ("when", "over"):
            try:
                _ = alarm.condition if key == "when" else alarm.window
            except ValueError as error:
                self.problem("wrong-value", f"`{key}` must be {error}", (*path, key))
        if len(self.problems) == before:
            figure = alarm.condition.figure
            if figure in ("same_failure", "silent"):
                if alarm.over is not None:
                    self.problem("wrong-value", f"`over` is not for `{figure}`", (*path, "over"), of_key=True)
            elif alarm.over is None:
                hint = 'over = "50 runs", or over = "8 h"'
                self.problem("missing-key", f"`{figure}` needs `over`", (*path, "when"), hint=hint)
            if figure == "silent" and (alarm.by or alarm.block):
                key = "by" if alarm.by else "block"
                message = f"`{key}` is not for `silent`, which is raised for each stand and stops none"
                self.problem("wrong-value", message, (*path, key), of_key=True)
        return len(self.problems) == before

    def sequences(self, settings: Settings) -> tuple[SequenceChoice, ...]:
        """The test configurations, without files that are no sequences: another program names a pytest.ini there."""
        for index, choice in enumerate(settings.test_configs):
            if choice.file and not choice.file.endswith(_SEQUENCES):
                message = f"{choice.file} is not a sequence file"
                severity: Severity = "warning" if self.foreign else "error"
                path = ("test_configs", index, "file")
                self.problem(
                    "wrong-value", message, path, hint="the name of a sequence file ends in .yaml", severity=severity
                )
        return tuple(
            choice if choice.file.endswith(_SEQUENCES) else replace(choice, file="") for choice in settings.test_configs
        )

    def check_current_configuration(self, settings: Settings) -> None:
        names = [choice.name for choice in settings.test_configs]
        for index, name in enumerate(names):
            if name and name in names[:index]:
                self.problem(
                    "duplicate-name",
                    f"there are two test configurations named {name!r}",
                    ("test_configs", index, "name"),
                )
        current = settings.current_test_config
        if current is not None and current not in names and not self.foreign:
            hint = did_you_mean(current, names)
            self.problem(
                "unknown-name", f"there is no test configuration named {current!r}", ("current_test_config",), hint=hint
            )


def _frozen(value: object) -> object:
    """An array as a tuple: settings do not change."""
    return tuple(value) if isinstance(value, list) else value
