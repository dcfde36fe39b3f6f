from __future__ import annotations

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
