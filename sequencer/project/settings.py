"""The configuration of a stand: what ``hardseq.toml`` can say, as frozen values with their defaults.

Each field carries its JSON Schema fragment with a description. From these come the reader's checks
(``settings_reader``), ``schemas/config.schema.json`` and the options of ``hardseq init``; a test holds the reference
documentation to them. Nothing here reads files or the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, Never, TypedDict, TypeVar, Unpack, get_args, overload

from sequencer.project.alarm_rules import (
    SPLITS,
    TARGETS,
    AlarmCondition,
    AlarmWindow,
    read_condition,
    read_window,
)
from sequencer.project.settings_values import SettingSchema
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.times import MAX_SECONDS

_Setting = TypeVar("_Setting")

StorageType = Literal["couchdb", "embedded"]
SlotStart = Literal["together", "each"]
MOST_SLOTS = 64

LANGUAGES = ("en", "de", "fr", "es", "zh", "ja", "ru", "cs")
ALSO_READ: Mapping[str, str] = {"HARDSEQ_SC_API_KEY": "HARDPY_SC_API_KEY"}
"""Variables of the environment that are read where those of hardseq itself are not set: HardPy's name of the same."""


TEXT: SettingSchema = {"type": "string"}
FLAG: SettingSchema = {"type": "boolean"}
PORT: SettingSchema = {"type": "integer", "minimum": 1, "maximum": 65535}
SECONDS: SettingSchema = {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_SECONDS}
TIMES_OF_DAY: SettingSchema = {
    "type": "array",
    "items": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["06:00"]},
}
ADDRESS = r"^[^@\s<>,;]+@[^@\s<>,;]+$"
INFO: SettingSchema = {"type": "object", "additionalProperties": {"type": ["string", "integer", "number"]}}


class _MoreConstraints(TypedDict, total=False):
    """What a single setting may add to one of these."""

    enum: list[str]
    minLength: int
    pattern: str


class Secret:
    """A text that only ``reveal()`` shows: not ``repr``, ``str``, a format string, a pickle or JSON."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be serialised")


def setting(
    default: _Setting,
    schema: SettingSchema,
    description: str,
    *,
    env: str | None = None,
    required: bool = False,
    **more: Unpack[_MoreConstraints],
) -> _Setting:
    """A field with its JSON Schema fragment; ``env`` is the environment variable that overrides it (of a secret)."""
    fragment: SettingSchema = {**schema, **more, "description": description}
    if isinstance(default, str | int | float) and default != "":
        fragment["default"] = default
    return field(default=default, metadata={"schema": fragment, "env": env, "required": required})


def mapping(schema: SettingSchema, description: str) -> Mapping[str, Never]:
    """A field that is a table with keys of the writer's own."""
    return field(default_factory=dict, metadata={"schema": {**schema, "description": description}, "env": None})


def named(kind: type[_Setting], description: str) -> tuple[_Setting, ...]:
    """A field with a table for each name that the writer chooses, read into ``kind`` with its ``name``."""
    metadata = {"named": kind, "description": description}
    table: tuple[_Setting, ...] = field(default=(), metadata=metadata)
    return table


@overload
def section(kind: type[_Setting], description: str) -> _Setting: ...


@overload
def section(kind: type[_Setting], description: str, *, many: Literal[True]) -> tuple[_Setting, ...]: ...


def section(kind: type[object], description: str, *, many: bool = False) -> object:
    """A field that is a table of its own (``many``: an array of tables) read into the dataclass ``kind``."""
    metadata = {"section": kind, "many": many, "description": description}
    return field(default_factory=tuple if many else kind, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """``[database]``: where reports go."""

    storage_type: StorageType = setting(
        "embedded",
        TEXT,
        "`couchdb`, or `embedded` (a file in the state folder). A section with a host or url but no type means "
        "`couchdb`.",
        enum=list(get_args(StorageType)),
    )
    user: str | None = setting(None, TEXT, "CouchDB's user.")
    password: Secret | None = setting(None, TEXT, "CouchDB's password.", env="HARDSEQ_DATABASE_PASSWORD")
    host: str = setting("localhost", TEXT, "CouchDB's host.", minLength=1)
    port: int = setting(5984, PORT, "CouchDB's port.")
    url: str | None = setting(
        None,
        TEXT,
        "CouchDB's full address, instead of host and port; `https` checks its certificate.",
        pattern="^https?://[^/]",
    )
    name: str = setting(
        "hardseq", TEXT, "The name of the database for the reports.", pattern=r"^[a-z][a-z0-9_$()+/-]*$"
    )
    ca_bundle: str | None = setting(
        None, TEXT, "A file with the certificates of your own certificate authority, for `https`."
    )
    required: bool = setting(
        False, FLAG, "Refuse to start a run while CouchDB cannot be reached, instead of keeping reports until it can."
    )
    timeout: float = setting(10.0, SECONDS, "Seconds to wait for an answer from CouchDB.")
    report_partial: bool = setting(
        False,
        FLAG,
        "Also write partial and debugged runs to the database `report` of other tools; their names say so. Simulated "
        "runs are never written there.",
    )

    @property
    def address(self) -> str:
        """CouchDB's address without user and password, no slash at the end."""
        if self.url is not None:
            return self.url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host and not self.host.startswith("[") else self.host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModalResultSettings:
    """``[frontend.modal_result]``: the big result over the page at the end of a run."""

    enable: bool = setting(False, FLAG, "Show the result over the whole page when a run ends.")
    auto_dismiss_pass: bool = setting(True, FLAG, "Close a passed result automatically.")
    auto_dismiss_timeout: float = setting(5.0, SECONDS, "Seconds until a passed result is closed automatically.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontendSettings:
    """``[frontend]``: the operator panel."""

    host: str = setting(
        "localhost",
        TEXT,
        "The address that the panel listens on. Any address but this machine's own needs a token.",
        minLength=1,
    )
    port: int = setting(8000, PORT, "The port that the panel listens on.")
    token: Secret | None = setting(
        None,
        TEXT,
        "The token to log in with when the panel can be reached from other machines.",
        env="HARDSEQ_PANEL_TOKEN",
    )
    language: str = setting("en", TEXT, "The panel's language.", enum=list(LANGUAGES))
    decimal_comma: bool = setting(
        False,
        FLAG,
        "Accept a comma as the decimal sign in typed numbers (start form, dialogs, `--arg`); otherwise it is refused.",
    )
    full_size_button: bool = setting(False, FLAG, "A Start button as wide as the page.")
    kiosk: bool = setting(False, FLAG, "Leave out what leads away from the live page, for a screen at the stand.")
    sound_on: bool = setting(False, FLAG, "Play a sound when a run ends.")
    measurement_display: bool = setting(True, FLAG, "Show measurements with their limits.")
    manual_collect: bool = setting(False, FLAG, "Let the operator choose the cases to run.")
    users: str | None = setting(
        None,
        TEXT,
        "The file of those who may use the panel, which `hardseq users` writes, relative to the project folder; where "
        "it is named, the panel is not used without it. Default: `users.toml`, if there is one.",
        minLength=1,
    )
    login_without_pin: bool = setting(
        False, FLAG, "Operators without a PIN log in by choosing their name; engineers and managers never do."
    )
    logout_after: float = setting(
        15.0,
        {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_SECONDS // 60},
        "Minutes without a key, a scan or a click after which whoever is logged in is logged out.",
    )
    shifts: tuple[str, ...] = setting(
        (),
        TIMES_OF_DAY,
        'When the shifts begin, in this machine\'s time: `["06:00", "14:00", "22:00"]`. The counters of the '
        "live page start again from zero then; without shifts at midnight.",
    )
    target: float | None = setting(
        None,
        {"type": "number", "exclusiveMinimum": 0},
        "Units that are to pass in an hour: shown beside those that do.",
    )
    logo: str | None = setting(
        None,
        TEXT,
        "A picture of the project folder (svg, png or another, at most 1 MB) that report sheets in HTML and PDF show.",
        minLength=1,
    )
    modal_result: ModalResultSettings = section(ModalResultSettings, "The result shown over the whole page.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StandCloudSettings:
    """``[stand_cloud]``: sending reports to StandCloud."""

    address: str | None = setting(
        None,
        TEXT,
        "StandCloud's address, for example `standcloud.io`. With a scheme it is taken as written.",
        minLength=1,
    )
    connection_only: bool = setting(False, FLAG, "Refuse to start a run while StandCloud cannot be reached.")
    autosync: bool = setting(
        False, FLAG, "Send every report when its run ends; what could not be sent is tried again later."
    )
    autosync_timeout: float = setting(
        30.0,
        {"type": "number", "minimum": 1, "maximum": MAX_SECONDS // 60},
        "Minutes between two tries to send waiting reports; at least 1.",
    )
    send_partial: bool = setting(
        False,
        FLAG,
        "Also send the reports of partial and debugged runs; their names say so. Simulated runs are never sent.",
    )
    api_key: Secret | None = setting(None, TEXT, "StandCloud's API key.", env="HARDSEQ_SC_API_KEY")
    ca_bundle: str | None = setting(None, TEXT, "A file with the certificates of your own certificate authority.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StandSettings:
    """``[stand]``: what every report says about this stand, as in a ``record`` step."""

    name: str | None = setting(None, TEXT, "The stand's name.")
    revision: str | None = setting(None, TEXT, "The stand's hardware revision.")
    location: str | None = setting(None, TEXT, "Where the stand is.")
    number: int | None = setting(None, {"type": "integer", "minimum": 0}, "The stand's number.")
    info: Mapping[str, Data] = mapping(INFO, "Anything else worth recording: strings and numbers by name.")

    def recorded(self) -> dict[str, Data]:
        """The fields that were given, as the data of a ``record: {stand: ...}`` step."""
        given = {name: getattr(self, name) for name in ("name", "revision", "location", "number")}
        return {
            **{name: value for name, value in given.items() if value is not None},
            **({"info": dict(self.info)} if self.info else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSettings:
    """``[label]``: labels for tested units."""

    printer: str | None = setting(
        None,
        TEXT,
        "The label printer: `tcp://HOST` or `tcp://HOST:PORT` (default: port 9100), or `cups:QUEUE`.",
        pattern=r"^(tcp://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?|cups:[A-Za-z0-9_][A-Za-z0-9_.-]*)$",
    )
    template: str | None = setting(
        None, TEXT, "The file with the label in ZPL, relative to the project folder.", minLength=1
    )
    copies: int = setting(1, {"type": "integer", "minimum": 1, "maximum": 100}, "Labels of each unit.")
    on_pass: bool = setting(
        False, FLAG, "The label of each unit that passes in a whole, real run is printed by itself."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationSettings:
    """``[replication]``: this stand's CouchDB copies its reports to the factory's, by itself."""

    url: str | None = setting(
        None, TEXT, "The factory's database, for example `https://central:6984/factory`.", pattern="^https?://[^/]+/."
    )
    user: str | None = setting(None, TEXT, "The factory database's user.")
    password: Secret | None = setting(
        None, TEXT, "The factory database's password.", env="HARDSEQ_REPLICATION_PASSWORD"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """``[journals]``: which journals of stored runs are kept. Others are never removed."""

    runs: int = setting(100, {"type": "integer", "minimum": 1}, "Those of the newest runs, so many.")
    megabytes: float = setting(
        200.0,
        {"type": "number", "exclusiveMinimum": 0},
        "Megabytes that they may have together, with what drivers said; the oldest go first.",
    )
    days: float = setting(90.0, {"type": "number", "exclusiveMinimum": 0}, "Days after which each goes.")


DRIVERS: SettingSchema = {"type": "object", "additionalProperties": {"type": "object"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSettings:
    """``[slots.NAME]``: a place for one product. ``number`` is never ``None`` in settings that were read."""

    name: str = ""
    number: int | None = setting(
        None, {"type": "integer", "minimum": 1, "maximum": 999}, "Its number; by default they are counted from 1."
    )
    title: str | None = setting(None, TEXT, "What the operator reads for its name.", minLength=1)
    code: str | None = setting(
        None, TEXT, "The code at the slot: once it is scanned, the next scan goes there.", minLength=1
    )
    drivers: Mapping[str, Mapping[str, Data]] = mapping(
        DRIVERS,
        "This slot's arguments for a sequence's drivers, over those of `[drivers]`: `[slots.left.drivers.board]`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsSettings:
    """``[slots]``: the places for products, each a table of its own, in the order of the file."""

    start: SlotStart = setting(
        "together",
        TEXT,
        "`together`: one Start for all slots that are filled. `each`: a slot starts as soon as it is filled, while "
        "others run.",
        enum=["together", "each"],
    )
    places: tuple[SlotSettings, ...] = named(SlotSettings, "A slot, by its name; 2 to 64 of them.")

    def place(self, name: str) -> SlotSettings | None:
        """The slot of that name."""
        return next((place for place in self.places if place.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceChoice:
    """``[[test_configs]]``: one of several sequences that the operator can choose."""

    name: str = setting("", TEXT, "The name that the operator sees.", required=True, minLength=1)
    file: str = setting("", TEXT, "The sequence file, relative to the project folder.", required=True, minLength=1)
    description: str | None = setting(None, TEXT, "A longer description.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSettings:
    """``[[alarms]]``: something that is to be told once it is so. What was read can be parsed."""

    name: str = setting("", TEXT, "What people are told it is.", required=True, minLength=1)
    when: str = setting(
        "",
        TEXT,
        "What raises it: `yield`, `first_pass_yield` or `final_yield` below a share (`< 0.95`), `cp`, `cpk`, `pp` or "
        "`ppk` of any measurement below a number (`< 1.33`), `same_failure >= 3` (the same case in so many units in a "
        "row), `western_electric` or `nelson` (a rule of control charts), `silent > 5 min` (a stand says nothing, for "
        "`hardseq factory`).",
        required=True,
        minLength=1,
    )
    over: str | None = setting(
        None, TEXT, "The newest runs that count (`50 runs`), or the time (`8 h`); not for `same_failure` and `silent`."
    )
    by: tuple[str, ...] = setting(
        (),
        {"type": "array", "items": {"type": "string", "enum": list(SPLITS)}},
        "What it is raised for one by one: each stand, each part number, ...",
    )
    tell: tuple[str, ...] = setting(
        ("panel",),
        {"type": "array", "items": {"type": "string", "enum": list(TARGETS)}},
        'Who is told: `panel`, `webhook`, `mail`; default: `["panel"]`.',
    )
    block: bool = setting(
        False,
        FLAG,
        "Refuse every start until somebody has acknowledged it, which takes an engineer where there are users.",
    )

    @property
    def condition(self) -> AlarmCondition:
        """What ``when`` says. Raises ``ValueError``."""
        return read_condition(self.when)

    @property
    def window(self) -> AlarmWindow:
        """What ``over`` says. Raises ``ValueError``."""
        return AlarmWindow() if self.over is None else read_window(self.over)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """``[webhook]``: where alarms are posted as JSON."""

    url: Secret | None = setting(
        None,
        TEXT,
        "The address, which may hold a secret and is never shown.",
        env="HARDSEQ_WEBHOOK_URL",
        pattern="^https?://[^/]",
    )
    token: Secret | None = setting(
        None, TEXT, "Sent as `Authorization: Bearer ...`, where the server asks for one.", env="HARDSEQ_WEBHOOK_TOKEN"
    )
    ca_bundle: str | None = setting(None, TEXT, "A file with the certificates of your own certificate authority.")


MailSecurity = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """``[mail]``: the server that takes mails about alarms, and who gets them."""

    host: str | None = setting(None, TEXT, "The mail server.", minLength=1)
    port: int = setting(587, PORT, "Its port.")
    security: MailSecurity = setting(
        "starttls",
        TEXT,
        "`starttls`, `tls` (from the first byte, often port 465), or `none` for a server on the own network.",
        enum=list(get_args(MailSecurity)),
    )
    user: str | None = setting(None, TEXT, "The user to log in with, where the server asks for one.")
    password: Secret | None = setting(None, TEXT, "Its password.", env="HARDSEQ_MAIL_PASSWORD")
    sender: str | None = setting(None, TEXT, "The address that mails come from.", pattern=ADDRESS)
    recipients: tuple[str, ...] = setting(
        (),
        {"type": "array", "items": {"type": "string", "pattern": ADDRESS, "examples": ["line@example.com"]}},
        "The addresses that get them.",
    )
    ca_bundle: str | None = setting(None, TEXT, "A file with the certificates of your own certificate authority.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A whole configuration. ``drivers`` maps a driver's name to this stand's arguments for it."""

    title: str | None = setting(None, TEXT, "A title for the file; not used.")
    tests_name: str | None = setting(
        None,
        TEXT,
        "The name of these tests in the panel, in StandCloud and in version 1 reports, instead of the sequence's name.",
    )
    current_test_config: str | None = setting(None, TEXT, "The name of the test configuration to start with.")
    database: DatabaseSettings = section(DatabaseSettings, "Where reports go.")
    frontend: FrontendSettings = section(FrontendSettings, "The operator panel.")
    stand_cloud: StandCloudSettings = section(StandCloudSettings, "Sending reports to StandCloud.")
    stand: StandSettings = section(StandSettings, "What every report says about this stand.")
    drivers: Mapping[str, Mapping[str, Data]] = mapping(
        DRIVERS,
        "This stand's arguments for a sequence's drivers, by driver name: `[drivers.meter]`, `address = "
        '"..."`; and what '
        "it requires of the instrument, `[drivers.meter.require]`.",
    )
    slots: SlotsSettings = section(SlotsSettings, "Places for products that are tested at the same time.")
    label: LabelSettings = section(LabelSettings, "Labels for tested units.")
    replication: ReplicationSettings = section(ReplicationSettings, "Copying reports to the factory's CouchDB.")
    journals: JournalSettings = section(JournalSettings, "Which journals of stored runs are kept.")
    alarms: tuple[AlarmSettings, ...] = section(AlarmSettings, "What is told once it is so.", many=True)
    webhook: WebhookSettings = section(WebhookSettings, "Where alarms are posted.")
    mail: MailSettings = section(MailSettings, "How mails about alarms are sent.")
    test_configs: tuple[SequenceChoice, ...] = section(
        SequenceChoice, "Sequences to choose from in the panel.", many=True
    )
