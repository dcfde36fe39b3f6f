"""The scripts of the pages as two files, and their style sheets as another, made of the files as they lie there.

A browser that never saw the panel asks for two files instead of eighty; each request costs some milliseconds. Nothing
is compiled or left out: every module becomes a function that is called when it is first imported, as a browser would.
What is only ever imported later, as the pages beside the live one are, is in the second file, which is loaded then.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_NAMES = r"\{([^}]*)\}"
_IMPORT = re.compile(rf'^import (?:{_NAMES} from )?"\./(\w+\.js)";$', re.MULTILINE)
_LAZY = re.compile(r'\bimport\("\./(\w+\.js)"\)')
_EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)

_FRAME = """\
// {count} modules in one file: see bundle.py. Each is a function that is called when it is first needed.
const loaded = {{}};
const need = (name) => (loaded[name] ??= modules[name]());
let tries = 0;
const later = async (name) => {{
  // A browser may remember of an address that it did not answer.
  if (!(name in modules)) Object.assign(modules, (await import(`./{rest}?${{tries++}}`)).modules(need, later));
  return need(name);
}};
const modules = {{
{modules}
}};
await need("{main}");
"""
_REST = """\
// {count} modules that are needed later: see bundle.py.
export const modules = (need, later) => ({{
{modules}
}});
"""


class NotBundled(ValueError):
    """A module that is written in a way which the bundle cannot take over."""


class Scripts(NamedTuple):
    """The text of the file that is loaded first, and of the one that it loads when something of it is needed."""

    first: str
    rest: str


def scripts(folder: Path, rest: str, main: str = "main.js") -> Scripts:
    """Two modules that do what ``main`` and all that lies beside it do, the second called ``rest``.

    Their relative addresses are those of the modules, so that they have to be served from beside them. Raises
    ``NotBundled``.
    """
    sources = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.js"))}
    _refuse_cycles(sources)
    modules = {name: _function(name, source, waits=name == main) for name, source in sources.items()}
    first = _reached(sources, main)
    later = sources.keys() - first
    written, kept = ("\n".join(modules[name] for name in sources if name in names) for names in (first, later))
    return Scripts(
        _FRAME.format(count=len(first), modules=written, main=main, rest=rest),
        _REST.format(count=len(later), modules=kept),
    )


def sheets(folder: Path, names: tuple[str, ...]) -> str:
    """The style sheets ``names`` in ``folder``, one after the other."""
    return "\n".join((folder / name).read_text("utf-8") for name in names)


def _function(name: str, source: str, *, waits: bool) -> str:
    exported = [found[2] for found in _EXPORT.finditer(source)]
    body = _IMPORT.sub(_imported, source)
    body = _LAZY.sub(r'later("\1")', body)
    body = _EXPORT.sub(r"\1 \2", body)
    other = _OTHER.search(body)
    if other is not None:
        raise NotBundled(f"{name}: an import or export that the bundle does not know: {other[0]}")
    if not waits and re.search(r"^await\b", body, re.MULTILINE):
        raise NotBundled(f"{name}: only the first module may wait")
    return f'"{name}": {"async " if waits else ""}() => {{\n{body}\nreturn {{ {", ".join(exported)} }};\n}},'


def _imported(found: re.Match[str]) -> str:
    names, module = found[1], found[2]
    call = f'need("{module}");'
    return call if names is None else f"const {{{re.sub(r' as ', ': ', names)}}} = {call}"


def _imports(source: str) -> list[str]:
    return [found[2] for found in _IMPORT.finditer(source)]


def _reached(sources: dict[str, str], main: str) -> set[str]:
    """``main`` and what cannot be without it."""
    reached, open_ = set[str](), [main]
    while open_:
        name = open_.pop()
        if name not in reached:
            reached.add(name)
            open_ += _imports(sources[name])
    return reached


def _refuse_cycles(sources: dict[str, str]) -> None:
    """A browser lets modules import each other mutually; functions that call each other would not come to an end."""
    imports = {name: _imports(source) for name, source in sources.items()}
    done: set[str] = set()

    def follow(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise NotBundled(f"modules import each other in a cycle: {' > '.join((*above, name))}")
        if name not in imports:
            raise NotBundled(f"{above[-1]}: there is no module {name}")
        if name not in done:
            for imported in imports[name]:
                follow(imported, (*above, name))
            done.add(name)

    for name in imports:
        follow(name, ())
