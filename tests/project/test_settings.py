from __future__ import annotations

import json
import pickle
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.project.settings import LANGUAGES, DatabaseSettings, FrontendSettings, Secret, Settings, StandSettings
from sequencer.project.settings_reader import SettingsReading, read_settings
from sequencer.project.settings_schema import settings_schema
from sequencer.project.toml_places import toml_places

REFERENCE = """\
title = "HardPy TOML config"
tests_name = "StandCloud"

[database]
user = "dev"
password = "dev"
host = "localhost"
port = 5984

[frontend]
host = "localhost"
port = 8000
language = "en"
full_size_button = false
sound_on = true
measurement_display = true

[frontend.modal_result]
enable = true
auto_dismiss_pass = true
auto_dismiss_timeout = 5

[stand_cloud]
address = "standcloud.io"
connection_only = false
autosync = false
autosync_timeout = 30
api_key = "<your_api_key>"
"""


def read(text: str, environment: dict[str, str] | None = None, *, foreign: bool = False) -> SettingsReading:
    return read_settings(text, "hardseq.toml", environment or {}, foreign=foreign)


def usable(reading: SettingsReading) -> bool:
    """Whether nothing forbids using the settings."""
    return all(problem.severity != "error" for problem in reading.problems)


def told(reading: SettingsReading) -> list[str]:
    return [
        f"{p.place.line}:{p.place.column} {p.message}" + (f" ({p.hint})" if p.hint else "") for p in reading.problems
    ]


@pytest.mark.parametrize("foreign", [False, True])
def test_the_reference_example_is_read_as_it_is(foreign: bool) -> None:
    """The configuration of the reference example gives its values and no problem, under either file name."""
    reading = read(REFERENCE, foreign=foreign)
    assert reading.problems == ()
    settings = reading.settings
    assert settings.tests_name == "StandCloud"
    assert settings.database == DatabaseSettings(storage_type="couchdb", user="dev", password=Secret("dev"))
    assert settings.frontend.sound_on and settings.frontend.modal_result.auto_dismiss_timeout == 5
    assert settings.stand_cloud.address == "standcloud.io"
    assert settings.stand_cloud.api_key == Secret("<your_api_key>")


def test_no_file_means_defaults() -> None:
    """Without a configuration every setting has its default, and reports go to the embedded database."""
    assert read_settings(None, "hardseq.toml", {}) == SettingsReading(Settings())
    assert Settings().database.storage_type == "embedded"


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("[database]", "embedded"),
        ('[database]\nuser = "dev"', "embedded"),
        ('[database]\nhost = "db"', "couchdb"),
        ('[database]\nurl = "https://db"', "couchdb"),
        ('[database]\nhost = "db"\nstorage_type = "embedded"', "embedded"),
        ('[database]\nstorage_type = "couchdb"', "couchdb"),
    ],
)
def test_a_host_or_url_without_type_means_couchdb(section: str, expected: str) -> None:
    """A database section that says where a server is means CouchDB unless it names another type."""
    assert read(section).settings.database.storage_type == expected


def test_every_problem_has_its_place_and_a_hint() -> None:
    """Unknown keys, wrong types and values out of range are told together, each at its token."""
    reading = read(
        'tests_name = 3\n[databse]\nhost = "x"\n[frontend]\nport = "80"\nlanguage = "ge"\n'
        "modal_result = {enable = 1, foo = 2}\n"
        "sound_on = 'true'\n[stand_cloud]\nautosync_timeout = 0.5\nadress = 'x'\n[[test_configs]]\nname = 'a'\n"
    )
    assert told(reading) == [
        "1:14 `tests_name` must be a string, not a number (write it in quotes)",
        "2:2 unknown key `databse` (did you mean `database`?)",
        "5:8 `port` must be an integer from 1 to 65535, not a string (write it without quotes)",
        f"6:12 `language` must be one of {', '.join(map(json.dumps, LANGUAGES))}",
        "7:26 `enable` must be true or false, not a number",
        "7:29 unknown key `foo` in [frontend.modal_result] "
        "(known here: enable, auto_dismiss_pass, auto_dismiss_timeout)",
        "8:12 `sound_on` must be true or false, not a string (write it without quotes)",
        "10:20 `autosync_timeout` must be a number from 1 to 527040",
        "11:1 unknown key `adress` in [stand_cloud] (did you mean `address`?)",
        "12:3 `file` is missing",
    ]
    assert not usable(reading)
    assert reading.settings.frontend == FrontendSettings()


def test_what_another_program_wrote_is_only_warned_about() -> None:
    """A key that only the other program knows does not keep its configuration from being used."""
    reading = read('[database]\nstorage_path = "x"\n[socket]\nport = 6525\n', foreign=True)
    assert usable(reading)
    assert [problem.severity for problem in reading.problems] == ["warning", "warning"]
    assert reading.settings.database.storage_type == "embedded"


@pytest.mark.parametrize("foreign", [False, True])
def test_a_storage_of_json_files_is_refused(foreign: bool) -> None:
    """Whoever waits for those files would get none: what to do instead is said."""
    reading = read('[database]\nstorage_type = "json"\n', foreign=foreign)
    assert not usable(reading)
    (problem,) = reading.problems
    assert problem.place[:3] == ("hardseq.toml", 2, 16)
    assert problem.hint is not None and 'storage_type = "embedded"' in problem.hint


def test_a_pytest_ini_is_no_sequence() -> None:
    """Another program's test configurations are told and left out; its own file must name sequences."""
    text = '[[test_configs]]\nname = "A"\nfile = "a.ini"\n[[test_configs]]\nname = "B"\nfile = "b.yaml"\n'
    foreign, own = read(text, foreign=True), read(text)
    assert usable(foreign) and not usable(own)
    assert [problem.message for problem in foreign.problems] == ["a.ini is not a sequence file"]
    assert [choice.file for choice in foreign.settings.test_configs] == ["", "b.yaml"]


def test_hardpys_key_is_read_where_there_is_none_of_ours() -> None:
    """HARDPY_SC_API_KEY stands in for HARDSEQ_SC_API_KEY, which wins where both are set."""
    key = read("", {"HARDPY_SC_API_KEY": "theirs"}).settings.stand_cloud.api_key
    assert key is not None and key.reveal() == "theirs"
    both = read("", {"HARDPY_SC_API_KEY": "theirs", "HARDSEQ_SC_API_KEY": "ours"}).settings.stand_cloud.api_key
    assert both is not None and both.reveal() == "ours"


def test_sending_without_a_key_is_told() -> None:
    """Reports would wait for ever; with a key from the environment there is nothing to say."""
    text = '[stand_cloud]\naddress = "standcloud.io"\nautosync = true\n'
    (problem,) = read(text).problems
    assert (problem.code, problem.severity, problem.place.line) == ("missing-key", "warning", 3)
    assert read(text, {"HARDPY_SC_API_KEY": "k"}).problems == ()


def test_shift_times_are_read_and_judged_one_by_one() -> None:
    """Each that is not a time of day in quotes is a problem at its own place, with an example of one that is."""
    assert read('[frontend]\nshifts = ["06:00", "22:30"]\ntarget = 40\n').settings.frontend == FrontendSettings(
        shifts=("06:00", "22:30"), target=40
    )
    problems = read('[frontend]\nshifts = ["06:00", "6:00", 14:00:00, "24:00"]\ntarget = 0\n').problems
    assert [(problem.place.line, problem.place.column) for problem in problems] == [(2, 20), (2, 28), (2, 38), (3, 10)]
    assert {problem.hint for problem in problems[:3]} == {'for example "06:00"'}
    assert problems[0].message.startswith("each of `shifts` must be a string that matches ")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("[mail]\nrecipients = 'a'", 'write it in brackets: ["line@example.com"]'),
        ("[mail]\nrecipients = 'anna@example.com'", 'write it in brackets: ["anna@example.com"]'),
        ("[frontend]\nshifts = '06:00'", 'write it in brackets: ["06:00"]'),
        ("[frontend]\nshifts = 06:00:00", 'write it in brackets: ["06:00"]'),
        ("[[alarms]]\nname = 'A'\nwhen = 'nelson'\nover = '50 runs'\nby = 'slot'", 'write it in brackets: ["slot"]'),
        ("[[alarms]]\nname = 'A'\nwhen = 'nelson'\nover = '50 runs'\ntell = 3", 'write it in brackets: ["panel"]'),
        ("[[alarms]]\nname = 'A'\nwhen = 'nelson'\nover = '50 runs'\ntell = {}", None),
        ("tests_name = ['a']", "write it without brackets"),
        ("tests_name = ['a', 'b']", None),
        ("[frontend]\nport = '80'", "write it without quotes"),
        ("[frontend]\nport = 'eighty'", None),
        ("[frontend]\nport = ''", None),
        ("[frontend]\nsound_on = 'yes'", None),
        ("[frontend]\nsound_on = ['true']", None),
        ("[frontend]\nsound_on = [true]", "write it without brackets"),
    ],
)
def test_a_hint_makes_a_value_that_fits(written: str, hint: str | None) -> None:
    """What is to be written instead of a value of another type would be taken; where nobody can say, there is none."""
    (problem,) = read(f"{written}\n").problems
    assert (problem.code, problem.hint) == ("wrong-value", hint)


def _arrays(table: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the schema of a table wants arrays of values."""
    for name, schema in table.get("properties", {}).items():
        if schema.get("type") == "array" and schema["items"].get("type") != "object":
            yield (*path, name)
        yield from _arrays(schema.get("items", schema), (*path, name))


@pytest.mark.parametrize("path", list(_arrays(settings_schema())), ids=".".join)
def test_one_value_where_an_array_is_due_is_told_with_brackets(path: tuple[str, ...]) -> None:
    """Every setting that is an array says how one value is written, and what it says is read without a problem."""
    *tables, key = path
    alarm = "[[alarms]]\nname = 'A'\nwhen = 'nelson'\nover = '50 runs'\n" if tables == ["alarms"] else ""
    above = alarm or f"[{'.'.join(tables)}]\n"
    (problem,) = read(f"{above}{key} = 'none that fits'\n").problems
    assert problem.hint is not None
    written = problem.hint.removeprefix("write it in brackets: ")
    assert written != problem.hint and written.startswith("[")
    assert read(f"{above}{key} = {written}\n").problems == ()


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("https://me:secret@standcloud.io", "wrong-value"),
        ("https://stand cloud/?x", "wrong-value"),
        ("ftp://standcloud.io", "wrong-value"),
        ("http://standcloud.io", "insecure-address"),
        ("http://127.0.0.2:9000", None),
        ("http://LOCALHOST:9000", None),
        ("http://[::1]:9000", None),
        ("standcloud.io", None),
    ],
)
def test_an_address_is_judged_as_the_client_judges_it(address: str, code: str | None) -> None:
    """What `hardseq check` accepts `hardseq sync` can use, and the other way round; a password is not repeated."""
    problems = read(f'[stand_cloud]\naddress = "{address}"\n').problems
    assert [problem.code for problem in problems] == ([] if code is None else [code])
    assert not any("secret" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = \n", (1, 5)),
        ("a = 'x'\nb = oops\n", (2, 5)),
        ("a = [1,", (1, 8)),
        ("[x\n", (1, 3)),
        ("a = 1\na = 2\n", (2, 6)),
    ],
)
def test_what_is_not_toml_is_told_with_its_place(text: str, place: tuple[int, int]) -> None:
    """A text that TOML does not allow is one problem where the parser stopped."""
    (problem,) = read(text).problems
    assert problem.code == "invalid-toml"
    assert (problem.place.line, problem.place.column) == place


def test_secrets_come_from_the_environment_first() -> None:
    """The environment's secrets override those of the file, and an empty variable does not."""
    environment = {"HARDSEQ_SC_API_KEY": "from-environment", "HARDSEQ_DATABASE_PASSWORD": ""}
    settings = read(REFERENCE, environment).settings
    assert settings.stand_cloud.api_key == Secret("from-environment")
    assert settings.database.password == Secret("dev")
    assert read("", environment).settings.stand_cloud.api_key == Secret("from-environment")


def test_a_secret_that_another_one_overrides_is_known_all_the_same() -> None:
    """Whatever stands in the file or in the environment can be printed, whether it is used or not."""
    text = """
    [database]
    url = "https://dev:in-address@db:5984"
    password = "in-file"
    [stand_cloud]
    api_key = "key-in-file"
    """
    environment = {"HARDSEQ_SC_API_KEY": "key", "HARDPY_SC_API_KEY": "other", "HARDSEQ_DATABASE_PASSWORD": "given"}
    reading = read(text, environment)
    assert reading.settings.database.password == Secret("given")
    assert reading.secrets == {"in-address", "in-file", "key-in-file", "key", "other", "given"}


def test_a_secret_shows_itself_to_nobody() -> None:
    """Neither text forms, nor data classes around it, nor serialisers show a secret."""
    secret = Secret("swordfish")
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        repr(Settings(database=DatabaseSettings(password=secret))),
    ]
    assert not any("swordfish" in text for text in shown)
    assert secret.reveal() == "swordfish"
    for serialise in (pickle.dumps, json.dumps):
        with pytest.raises(TypeError):
            serialise(secret)


def test_a_url_keeps_its_password_elsewhere() -> None:
    """User and password of a database url become settings of their own and do not stay in the address."""
    database = read('[database]\nurl = "https://dev:p%40ss@db.example:6984/"\n').settings.database
    assert (database.address, database.user, database.password) == ("https://db.example:6984", "dev", Secret("p@ss"))
    assert "p%40ss" not in repr(database)


@pytest.mark.parametrize("address", ["http://standcloud.io", "ftp://standcloud.io", "http://localhost.evil.example"])
def test_the_api_key_is_not_sent_unencrypted(address: str) -> None:
    """An address without TLS is refused unless it is this machine."""
    assert not usable(read(f'[stand_cloud]\naddress = "{address}"\n'))


@pytest.mark.parametrize(
    "address",
    ["standcloud.io", "https://a.example/x", "http://localhost:9000", "http://127.0.0.1:9000", "http://[::1]:9000"],
)
def test_usable_stand_cloud_addresses(address: str) -> None:
    """A bare name, https, and http to this machine are accepted."""
    assert read(f'[stand_cloud]\naddress = "{address}"\n').problems == ()


def test_contradictions_between_settings_are_told() -> None:
    """Automatic sending needs an address; names of test configurations are unique and the current one is among them."""
    reading = read(
        'current_test_config = "fulll"\n[stand_cloud]\nautosync = true\n'
        '[[test_configs]]\nname = "full"\nfile = "a.yaml"\n[[test_configs]]\nname = "full"\nfile = "b.yaml"\n'
    )
    assert told(reading) == [
        "1:23 there is no test configuration named 'fulll' (did you mean `full`?)",
        "3:1 `autosync` needs the `address` of StandCloud",
        "8:8 there are two test configurations named 'full'",
    ]


def test_tables_of_the_writers_own_keys() -> None:
    """Driver arguments take any value, the stand's facts texts and numbers; dates become texts."""
    reading = read(
        "[drivers.meter]\naddress = 'TCPIP::1'\ncalibrated = 2026-01-31\n"
        "channels = [1, 2]\n[stand.info]\nrelease = 1\nbad = []\n"
    )
    assert told(reading) == ["7:7 `bad` must be a string or an integer or a number, not an array"]
    assert reading.settings.drivers == {
        "meter": {"address": "TCPIP::1", "calibrated": "2026-01-31", "channels": [1, 2]}
    }


def test_the_stand_is_recorded_as_far_as_it_is_known() -> None:
    """Only what the configuration says about the stand goes into the report."""
    assert StandSettings(name="S1", number=0, info={"room": "4"}).recorded() == {
        "name": "S1",
        "number": 0,
        "info": {"room": "4"},
    }
    assert StandSettings().recorded() == {}


def test_addresses_of_databases() -> None:
    """Host and port make an address, an IPv6 host in brackets, and a url wins."""
    assert DatabaseSettings().address == "http://localhost:5984"
    assert DatabaseSettings(host="::1").address == "http://[::1]:5984"
    assert DatabaseSettings(url="https://db/").address == "https://db"


def test_schema_and_reader_agree() -> None:
    """The schema accepts the reference example and refuses what the reader refuses."""
    validator = jsonschema.Draft202012Validator(settings_schema())
    validator.check_schema(settings_schema())
    assert list(validator.iter_errors(tomllib.loads(REFERENCE))) == []
    for wrong in (
        {"x": 1},
        {"frontend": {"port": 0}},
        {"database": {"storage_type": "json"}},
        {"test_configs": [{"name": "a"}]},
    ):
        assert list(validator.iter_errors(wrong))


def test_every_setting_says_what_it_is() -> None:
    """Each key of the schema has a description for editors and the reference."""

    def described(schema: dict[str, object]) -> None:
        for name, inner in schema.get("properties", {}).items():  # type: ignore[attr-defined]
            assert inner["description"], name
            described(inner)

    described(settings_schema())


def test_places_survive_every_form_of_toml() -> None:
    """Strings of several lines, comments, dotted keys, inline tables and arrays of tables keep their places."""
    text = (
        'a = """x\n[not a table]\ny = 1"""  # [nor this]\n"b c".d = \'#\' # e\n[[t]]\n'
        "k = {m = [1, {n = 2}],'o' = 3}\n[[t]]\nk = 1\n[t.u]\nv=0\n"
    )
    places = {path: entry.key[:2] for path, entry in toml_places(text).items()}
    assert places[("a",)] == (1, 1)
    assert places["b c", "d"] == (4, 7)
    assert places["t", 0, "k", "m"] == (6, 6)
    assert places["t", 0, "k", "m", 1, "n"] == (6, 15)
    assert places["t", 0, "k", "o"] == (6, 23)
    assert places["t", 1, "k"] == (8, 1)
    assert places["t", 1, "u", "v"] == (10, 1)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("title = 'x'\n[custom.deep]\na = 1\n", ["2:2"]),
        ("title = 'x'\ncustom.deep = 1\n", ["2:1"]),
        ("[stand]\nown.'very deep'.x = 1\n", ["2:1"]),
        ("[[test_configs]]\nname = 'a'\nfile = 'a.yaml'\n[test_configs.own.x]\ny = 1\n", ["4:15"]),
    ],
)
def test_a_table_that_only_a_dotted_key_makes_has_its_place(text: str, places: list[str]) -> None:
    """An unknown table is told where its name stands, not at the file's first line."""
    reading = read(text)
    assert [line.partition(" ")[0] for line in told(reading)] == places


def test_own_tables_have_a_place_to_go() -> None:
    """Whoever writes a table of the stand's own values reads where they belong."""
    (problem,) = read("[my_station]\nrelay = 'COM7'\n").problems
    assert "[stand.info]" in str(problem.hint)


SLOTS = """\
[slots]
start = "each"
[slots.left]
title = "Left nest"
[slots.left.drivers.board]
port = "/dev/ttyUSB0"
[slots.right]
number = 1
code = "NEST-1"
"""


def test_slots_are_read_in_order_with_their_numbers() -> None:
    """Each table is a slot by its name; who has no number gets the next one that is free."""
    reading = read(SLOTS)
    slots = reading.settings.slots
    assert not reading.problems
    assert slots.start == "each"
    assert [(place.name, place.number, place.title, place.code) for place in slots.places] == [
        ("left", 2, "Left nest", None),
        ("right", 1, None, "NEST-1"),
    ]
    assert slots.places[0].drivers == {"board": {"port": "/dev/ttyUSB0"}}
    assert not read("").settings.slots.places


def test_slots_that_cannot_be_are_told_at_their_places() -> None:
    """A wrong name, an unknown key, the same code or number twice, one slot alone, more than 64: all told at once."""
    text = SLOTS + '[slots.Bad]\nnumbr = 3\n[slots.other]\ncode = "NEST-1"\nnumber = 1\n'
    text += '[slots.other.drivers.meter]\nreopen = "often"\n'
    assert [problem.partition(" (")[0] for problem in told(read(text))] == [
        "10:8 `Bad` cannot be a name",
        "11:1 unknown key `numbr` in [slots.Bad]",
        "13:8 the slots `right` and `other` have the same code",
        "14:10 the slots `right` and `other` have the same number",
        '16:10 `reopen` must be "after_error" or "never", not a string',
    ]
    assert told(read("[slots.left]\n"))[0].startswith("1:8 a stand has 2 to 64 slots, not 1")
    many = "".join(f"[slots.s{number}]\n" for number in range(65))
    assert told(read(many)) == ["65:8 a stand has 2 to 64 slots, not 65"]
    assert told(read("slots = 3")) == ["1:9 `slots` must be a table, not a number (write [slots])"]
    assert told(read("[slots]\nstart = {a = 1}"))[0].startswith('2:9 `start` must be one of "together", "each"')


def test_a_fact_of_the_stand_that_cannot_be_recorded_is_told() -> None:
    """What would end every run with an error is a problem of the configuration."""
    text = (
        '[stand]\nname = "  "\nlocation = "a\\nb"\nrevision = "R1"\nnumber = 1\n[stand.info]\n" " = "x"\nloss = 0.5\n'
    )
    assert told(read(text)) == [
        "2:8 name is blank",
        "3:12 location has an invisible character: 'a\\nb'",
        "6:8 a name in stand.info is blank",
    ]


@given(st.text(alphabet="ab=[]{}\"'.,#\n\\1 -", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever the file holds, reading ends with settings and problems whose lines exist."""
    reading = read(text)
    assert isinstance(reading.settings, Settings)
    assert all(1 <= problem.place.line <= text.count("\n") + 1 for problem in reading.problems)


def test_a_text_nested_too_deep_is_a_problem() -> None:
    """A file that would exhaust the parser's stack is refused like any other."""
    assert not usable(read("a = " + "[" * 100_000))


def test_byte_order_mark_and_windows_lines_are_fine() -> None:
    """A file as Windows editors write it is read with the right lines."""
    assert (
        told(read("\ufeffa = 1\r\ntitle = 2\r\n"))[1]
        == "2:9 `title` must be a string, not a number (write it in quotes)"
    )


def test_the_schema_file_is_up_to_date() -> None:
    """`schemas/config.schema.json` is what the settings say."""
    file = Path(__file__).parents[2] / "schemas" / "config.schema.json"
    assert json.loads(file.read_text("utf-8")) == settings_schema()


@given(
    st.sampled_from(
        ["database.timeout", "stand.number", "frontend.port", "stand_cloud.retry_interval", "database.url"]
    ),
    st.one_of(
        st.integers(-(10**400), 10**400),
        st.sampled_from(
            ["1e308", "-1e400", "inf", "nan", "true", "''", "[1]", "{a = 1}", "1979-05-27", "0x" + "f" * 99]
        ),
    ),
)
def test_no_value_breaks_the_reader(setting: str, value: object) -> None:
    """A number without measure, like any other value, is read or told with its place; it never raises."""
    section, _, key = setting.partition(".")
    reading = read(f"[{section}]\n{key} = {value}\n")
    if isinstance(value, int) and abs(value) >= 2**53:
        assert reading.problems
    assert all(problem.place.line in (1, 2) for problem in reading.problems)
