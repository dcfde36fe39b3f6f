"""``hardseq extensions``: what installed packages add, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.steps.keys import SHARED_KEYS
from sequencer.terminal.output import say, say_json
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.extension import Announced, UnusableExtension
from sequencer.vocabulary.registry import Registry


@dataclass(frozen=True, slots=True)
class Extension:
    """One entry point: ``kind`` is step, export or driver, ``says`` what it is, ``problem`` why it cannot be used."""

    kind: str
    announced: Announced
    says: str
    problem: str | None = None

    def document(self) -> dict[str, str | None]:
        """As JSON."""
        of = self.announced
        found = {"kind": self.kind, "name": of.name, "package": of.package, "version": of.version, "value": of.value}
        return {**found, "problem": self.problem}


@click.command()
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def command(name: str | None, form: str) -> ExitCode:
    """List what installed packages add: steps, formats of a report, drivers; of a step NAME also its keys.

    Exits with 0 when all can be used, with 1 when one cannot.
    """
    found = [each for each in installed_extensions() if name in (None, each.announced.name)]
    if name is not None and not found:
        names = ", ".join(each.announced.name for each in installed_extensions())
        raise Refusal(f"no installed package adds {name!r}", hint=f"there is {names}" if names else None)
    if form == "json":
        say_json([extension.document() for extension in found])
    for extension in found if form == "text" else ():
        text = f"{extension.kind:<7} {extension.announced.name:<16} {extension.announced}  "
        say(text + (extension.problem or extension.says), fg="red" if extension.problem else None)
        if name is not None and extension.kind == "step" and not extension.problem:
            say(step_reference(name))
    if not found and form == "text":
        say("no installed package extends hardseq", err=True)
    return ExitCode.FAILED if any(extension.problem for extension in found) else ExitCode.PASSED


def installed_extensions() -> Iterator[Extension]:
    """Every extension, loaded: steps, exports, drivers, each by name."""
    from sequencer.language.drivers.files import DriverFolders
    from sequencer.report.exports import exports
    from sequencer.steps import step_types

    yield from _loaded("step", step_types(), lambda step: step.summary)
    yield from _loaded("export", exports(), lambda export: f"{export.label} ({export.media_type})")
    folders = DriverFolders(Path.cwd(), Path.cwd())
    for name, offered in folders.announced.items():
        problem = None
        try:
            folders.locate_installed(name)
        except UnusableExtension as unusable:
            problem = str(unusable)
        yield from (Extension("driver", announced, announced.value, problem) for announced in offered)


def step_reference(verb: str) -> str:
    """The keys of a step with their descriptions, those that every step may have, and the example."""
    from sequencer.language.shapes.schema import step_properties
    from sequencer.steps import step_types

    of = step_types()[verb]
    needed = {verb, *of.required}
    keys = {key: schema for key, schema in step_properties(of).items() if key not in of.shared}
    described = {verb: of.schema, **{key: keys[key] for key in keys if key != verb}}
    lines = [
        f"  {key:<14} {schema.get('description', '')}{' Required.' if key in needed else ''}".rstrip()
        for key, schema in described.items()
    ]
    shared = [key for key in SHARED_KEYS if key in of.shared]
    example = [f"  {line}" for line in of.example.splitlines()]
    return "\n".join(
        [*lines, f"  As of every step: {', '.join(shared) or 'none'}.", *(["", *example] if example else [])]
    )


Offered = TypeVar("Offered")


def _loaded(kind: str, registry: Registry[Offered], says: Callable[[Offered], str]) -> Iterator[Extension]:
    for name, offered in registry.announced.items():
        text, problem = "", None
        try:
            if (clash := registry.clash(name)) is not None:
                raise clash
            text = says(registry[name])
        except UnusableExtension as unusable:
            problem = str(unusable)
        yield from (Extension(kind, announced, text, problem) for announced in offered)
