from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sequencer.language.drivers.files import DriverFolders
from sequencer.language.drivers.source import ANYTHING, DriverSource, DriverTarget
from sequencer.language.read import read_sequence

SOURCE = "class Dmm:\n    def volts(self, range=10): ...\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package that announces drivers, and that must not be imported."""
    site = tmp_path / "site"
    info, code = site / "fancy-1.0.dist-info", site / "fancy_drivers"
    info.mkdir(parents=True)
    code.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fancy\nVersion: 1.0\n", "utf-8")
    entries = "[hardseq.drivers]\nfancy = fancy_drivers.meters\ndmm = fancy_drivers.meters:Dmm\n"
    (info / "entry_points.txt").write_text(entries, "utf-8")
    (code / "__init__.py").write_text("raise RuntimeError('checking must not import')\n", "utf-8")
    (code / "meters.py").write_text(SOURCE, "utf-8")
    monkeypatch.syspath_prepend(str(site))
    return code


@pytest.mark.parametrize("use", ["fancy.Dmm", "dmm"])
def test_a_package_announces_drivers(use: str, package: Path, tmp_path: Path) -> None:
    """A driver of an entry point, a module or a class, is found and checked without importing its package."""
    path = tmp_path / "a.yaml"
    text = "name: A\ndrivers: {d: %s}\nmodules: {m: {cases: {c: {steps: [{call: d.volts, with: {%s: 1}}]}}}}\n"
    path.write_text(text % (use, "range"), "utf-8")
    sequence = read_sequence(path).sequence
    assert sequence is not None
    (driver,) = sequence.drivers
    assert (driver.file, driver.module, driver.target) == (None, "fancy_drivers.meters", "Dmm")
    path.write_text(text % (use, "rang"), "utf-8")
    (problem,) = read_sequence(path).problems
    assert (problem.code, problem.hint) == ("unknown-argument", "did you mean `range`?")


def test_the_first_folder_that_has_a_file_wins(tmp_path: Path) -> None:
    """Project, then beside the sequence, then the sequence's folder, then beside that folder, then hardseq's own."""
    project, sequences = tmp_path / "project", tmp_path / "elsewhere" / "sequences"
    folders = [project / "drivers", sequences / "drivers", sequences, tmp_path / "elsewhere" / "drivers"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "http.py").write_text(SOURCE, "utf-8")
    for folder in folders:
        located = DriverFolders(sequences, project).locate("http.Dmm")
        assert located is not None and located.is_local
        assert located.path == (folder / "http.py").resolve()
        (folder / "http.py").unlink()
    stock = DriverFolders(sequences, project).locate("http.Client")
    assert stock is not None
    assert (stock.module, stock.is_local, stock.rest) == ("sequencer.drivers.http", False, ("Client",))
    assert DriverFolders(sequences, project).locate("nowhere.Dmm") is None


def test_packages_of_drivers(tmp_path: Path) -> None:
    """A dotted name leads into folders; a folder with ``__init__.py`` is a module itself."""
    (tmp_path / "drivers" / "bench").mkdir(parents=True)
    (tmp_path / "drivers" / "bench" / "meters.py").write_text(SOURCE, "utf-8")
    (tmp_path / "drivers" / "bench" / "__init__.py").write_text(SOURCE, "utf-8")
    folders = DriverFolders(tmp_path, tmp_path)
    inner, outer = folders.locate("bench.meters.Dmm"), folders.locate("bench.Dmm")
    assert inner is not None and (inner.module, inner.rest) == ("bench.meters", ("Dmm",))
    assert outer is not None and (outer.module, outer.rest) == ("bench", ("Dmm",))


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package that knows nothing of hardseq, whose classes lie elsewhere than where they are named."""
    site = tmp_path / "site"
    files = {
        "relays-2.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: Relay-Cards\nVersion: 2.1\n",
        "relays-2.1.dist-info/RECORD": "acme_relays/__init__.py,,\n",
        "acme_relays/__init__.py": "from .cards.eight import *\nfrom .bus import Bus\nraise RuntimeError('imported')\n",
        "acme_relays/base.py": "class Base:\n    def __init__(self, port): ...\n    def identify(self): ...\n",
        "acme_relays/bus.py": "from acme_relays.cards.eight import Card\n@cached\ndef Bus(port=None) -> Card: ...\n",
        "acme_relays/cards/__init__.py": "",
        "acme_relays/cards/eight.py": (
            "from ..base import Base as Parent\nfrom .loop import Round\n"
            "class Card(Parent):\n    def switch(self, number): ...\n"
        ),
        "acme_relays/cards/loop.py": "from .eight import Round\n",
        "acme_relays/fast.abi3.so": "",
        "acme_space/inner/thing.py": "class Thing: ...\n",
    }
    for name, text in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(site))
    return site


@pytest.mark.parametrize("use", ["acme_relays.Card", "acme_relays:Card", "acme_relays.cards.eight.Card"])
def test_a_class_of_any_package_is_read_where_it_is_defined(use: str, foreign: Path, tmp_path: Path) -> None:
    """Its own methods, those of a base in another file, and its constructor are checked, and the package is noted."""
    text = (
        'name: A\ndrivers: {d: {use: "%s", with: {%s: 1}}}\n'
        "modules: {m: {cases: {c: {steps: [{call: d.%s, with: {number: 1}}, {call: d.identify}]}}}}\n"
    )
    path = tmp_path / "a.yaml"
    path.write_text(text % (use, "port", "switch"), "utf-8")
    sequence = read_sequence(path).sequence
    assert sequence is not None
    (driver,) = sequence.drivers
    assert (driver.file, driver.target, driver.factory) == (None, "Card", False)
    assert driver.module == use.replace(":", ".").removesuffix(".Card")
    assert sequence.extensions == {"Relay-Cards": "2.1"}
    assert str(foreign / "acme_relays" / "base.py") in sequence.inputs
    path.write_text(text % (use, "prt", "swich"), "utf-8")
    told = {(problem.code, problem.hint) for problem in read_sequence(path).problems}
    assert ("unknown-argument", "did you mean `port`?") in told
    assert ("unknown-method", "did you mean `switch`?") in told


def test_what_of_a_package_cannot_be_read_is_not_complained_about(foreign: Path, tmp_path: Path) -> None:
    """Compiled modules, names that files import from each other, functions that give an object of a derived class."""
    drivers = "{bus: acme_relays.Bus, fast: acme_relays.fast.Card, round: acme_relays.cards.eight.Round, t: time.Thing}"
    steps = "".join(f"{{call: {name}.anything, with: {{a: 1}}}}, " for name in ("bus", "fast", "round", "t"))
    path = tmp_path / "a.yaml"
    path.write_text(f"name: A\ndrivers: {drivers}\nmodules: {{m: {{cases: {{c: {{steps: [{steps}]}}}}}}}}\n", "utf-8")
    reading = read_sequence(path)
    assert [problem for problem in reading.problems if problem.severity == "error"] == []
    assert reading.sequence is not None
    assert [driver.factory for driver in reading.sequence.drivers] == [True, True, True, True]


def test_a_module_is_found_without_being_imported(foreign: Path, tmp_path: Path) -> None:
    """Files of the project come first, then the packages; a folder that hardseq was only started in is none."""
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "statistics.py").write_text(SOURCE, "utf-8")
    folders = DriverFolders(tmp_path, tmp_path)
    own, outright = folders.locate("statistics.Dmm"), folders.locate("statistics:NormalDist")
    assert own is not None and own.is_local
    assert outright is not None and outright.is_foreign and outright.path is not None
    inner = folders.locate("acme_space.inner.thing.Thing")
    assert inner is not None and (inner.module, inner.rest) == ("acme_space.inner.thing", ("Thing",))
    assert folders.locate("acme_space.inner.other.Thing") is None
    assert folders.locate("acme_relays.crds:Card") is None
    assert "acme_relays" not in sys.modules


def test_a_folder_that_hardseq_was_started_in_is_no_package(
    foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m sequencer` puts it on the path; the process that runs the tests does not have it there."""
    monkeypatch.chdir(foreign)
    assert DriverFolders(tmp_path, tmp_path).locate("acme_relays.Card") is None


def test_a_class_of_a_package_that_is_called_itself(foreign: Path, tmp_path: Path) -> None:
    """It makes an object each time, with what its declaration gives before; or it is opened and its methods called."""
    path = tmp_path / "a.yaml"
    text = (
        "name: A\ndrivers: {card: {use: acme_relays.Card, with: %s}}\n"
        "modules: {m: {cases: {c: {steps: [{call: card, with: %s, save: made}%s]}}}}\n"
    )
    path.write_text(text % ("{}", "{port: 1}", ""), "utf-8")
    sequence = read_sequence(path).sequence
    assert sequence is not None
    assert sequence.drivers[0].makes
    path.write_text(text % ("{port: 2}", "{}", ""), "utf-8")
    assert read_sequence(path).problems == []
    path.write_text(text % ("{}", "{prt: 2}", ""), "utf-8")
    assert [each.code for each in read_sequence(path).problems] == ["missing-argument", "unknown-argument"]
    path.write_text(text % ("{port: 2}", "{}", ", {call: card.identify}"), "utf-8")
    assert [each.code for each in read_sequence(path).problems] == ["no-method"]


def test_objects_that_a_driver_holds(tmp_path: Path) -> None:
    """Their class is known from an annotation, a constructor or what a property says it gives."""
    source = (
        "class C:\n    def read(self): ...\n"
        "class D:\n    a: C\n    b = C()\n    d = make()\n"
        "    def __init__(self): self.e = C()\n    @property\n    def c(self) -> 'C': ...\n"
    )
    members = target(source).members
    held = {name: member.inside and member.inside() for name, member in members.items()}
    assert {name for name, each in held.items() if each is not None and "read" in each.members} == {"a", "b", "c", "e"}
    assert not target("class D:\n    def add(self, name): setattr(self, name, 1)\n").members.get("x")
    assert target("class D:\n    def add(self, name): setattr(self, name, 1)\n").dynamic


def target(source: str, name: str = "D") -> DriverTarget:
    found = DriverSource(source.encode(), "d.py").target(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "source",
    [
        "class D:\n    def __getattr__(self, name): ...",
        "class D:\n    def __getattribute__(self, name): ...",
        "from x import Base\nclass D(Base): ...",
        "import x\nclass D(x.Base): ...",
        "class D(make()): ...",
        "@register\nclass D: ...",
        "class D(metaclass=Meta): ...",
        "from x import D",
        "D = make()",
        "try:\n    from x import D\nexcept ImportError:\n    D = None",
    ],
)
def test_what_only_running_would_tell_is_not_complained_about(source: str) -> None:
    """Classes that are dynamic, inherited from elsewhere or made by a call may have any member."""
    assert target(source).dynamic


@pytest.mark.parametrize(
    ("source", "names", "required"),
    [
        ("class D: ...", (), ()),
        ("class D:\n    def __init__(self, a, b=1, *, c, d=2): ...", ("a", "b", "c", "d"), ("a", "c")),
        ("class B:\n    def __init__(self, a): ...\nclass D(B): ...", ("a",), ("a",)),
        ("class B:\n    def __init__(self, a): ...\nclass D(B):\n    def __init__(self, b): ...", ("b",), ("b",)),
        ("@dataclass\nclass D:\n    a: int\n    b: int = 1\n    c: ClassVar[int] = 2\n    d: int = field(init=False)\n"
         "    e: list = field(default_factory=list)", ("a", "b", "e"), ("a",)),
        ("if True:\n    class D:\n        def __init__(self, a): ...", ("a",), ("a",)),
        ("class E:\n    def __init__(self, a): ...\nD = E", ("a",), ("a",)),
    ],
)  # fmt: skip
def test_constructors(source: str, names: tuple[str, ...], required: tuple[str, ...]) -> None:
    """The arguments of a constructor: its own, an inherited one, a dataclass's."""
    signature = target(source).signature
    assert (signature.names, signature.required, signature.others) == (names, required, False)


@pytest.mark.parametrize(
    "source",
    [
        "class D:\n    def __init__(self, **more): ...",
        "class D:\n    def __new__(cls, a): ...",
        "class D:\n    @wrapped\n    def __init__(self, a): ...",
        "@attrs.define\nclass D:\n    a: int",
    ],
)
def test_constructors_that_take_anything(source: str) -> None:
    """Where the arguments cannot be told, any are taken."""
    assert target(source).signature.others


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("def x(self): ...", "method"),
        ("@staticmethod\n    def x(): ...", "method"),
        ("@classmethod\n    def x(cls): ...", "method"),
        ("@property\n    def x(self): ...", "attribute"),
        ("@functools.cached_property\n    def x(self): ...", "attribute"),
        ("@contextmanager\n    def x(self): ...", "unknown"),
        ("x = 5", "attribute"),
        ("x: int", "attribute"),
        ("x = lambda self: 1", "method"),
        ("def y(self): ...\n    x = y", "method"),
        ("x = partial(print)", "unknown"),
        ("def __init__(self): self.x = 1", "attribute"),
        ("def __init__(self): self.x, self.y = 1, 2", "attribute"),
        ("def set(self, v): self.x: int = v", "attribute"),
        ("def __init__(self, other): self.x = other.x", "unknown"),
    ],
)
def test_members(body: str, kind: str) -> None:
    """Methods, properties and attributes are told apart where the source tells them apart."""
    assert target(f"class D:\n    {body}\n").members["x"].kind == kind


def test_functions() -> None:
    """A function is a driver too; a decorator that is not known may change its arguments."""
    plain, wrapped = target("def D(a, b=1): ..."), target("@wrapped\ndef D(a): ...")
    assert (plain.is_class, plain.signature.required) == (False, ("a",))
    assert wrapped.signature == ANYTHING


@pytest.mark.parametrize("source", ["class D(:", "\x00", "x = (" * 3000, "def é(:\n"])
def test_what_is_no_python_is_a_syntax_error(source: str) -> None:
    """Whatever Python's own parser raises, it is a SyntaxError."""
    with pytest.raises(SyntaxError):
        DriverSource(source.encode(), "d.py")


def test_warnings_of_a_drivers_source_stay_silent() -> None:
    """A driver with an invalid escape in a text is read without a warning: here, warnings are errors."""
    assert target('class D:\n    pattern = "\\d"\n').members["pattern"].kind == "attribute"
