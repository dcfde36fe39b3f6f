"""The scripts of the pages as one file, and their style sheets as another, made of the files as they lie there.

A browser that never saw the panel asks for two files instead of fifty; each request costs some milliseconds. Nothing is
compiled or left out: every module becomes a function that is called when it is first imported, as a browser would.
"""

from __future__ import annotations

import re
from pathlib import Path

_NAMES = r"\{([^}]*)\}"
_IMPORT = re.compile(rf'^import (?:{_NAMES} from )?"\./(\w+\.js)";$', re.MULTILINE)
_LAZY = re.compile(r'\bimport\("\./(\w+\.js)"\)')
_EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)

_FRAME = """\
// {count} modules in one file: see bundle.py. Each is a function that is called when it is first needed.
const loaded = {{}};
const need = (name) => (loaded[name] ??= modules[name]());
const modules = {{
{modules}
}};
await need("{main}");
"""


class NotBundled(ValueError):
    """A module that is written in a way which the bundle cannot take over."""


def scripts(folder: Path, main: str = "main.js") -> str:
    """The text of one module that does what ``main`` and all that lies beside it do. Raises ``NotBundled``.

    Its relative addresses are those of the modules, so that it has to be served from beside them.
    """
    sources = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.js"))}
    _refuse_cycles(sources)
    modules = [_function(name, source, waits=name == main) for name, source in sources.items()]
    return _FRAME.format(count=len(modules), modules="\n".join(modules), main=main)


def sheets(folder: Path, names: tuple[str, ...]) -> str:
    """The style sheets ``names`` in ``folder``, one after the other."""
    return "\n".join((folder / name).read_text("utf-8") for name in names)


def _function(name: str, source: str, *, waits: bool) -> str:
    exported = [found[2] for found in _EXPORT.finditer(source)]
    body = _IMPORT.sub(_imported, source)
    body = _LAZY.sub(r'need("\1")', body)
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


def _refuse_cycles(sources: dict[str, str]) -> None:
    """A browser lets modules import each other mutually; functions that call each other would not come to an end."""
    imports = {name: [found[2] for found in _IMPORT.finditer(source)] for name, source in sources.items()}
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
