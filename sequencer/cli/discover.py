"""``hardseq discover``: which instruments there are, and their addresses into the configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.cli.project_option import project_option
from sequencer.terminal.lines import clean, one_line
from sequencer.terminal.output import say, say_json

if TYPE_CHECKING:
    from sequencer.app.discovery import FoundInstrument
    from sequencer.app.instruments import DeclaredInstrument
    from sequencer.project.project_folder import Project

ADDRESS_ARGUMENTS = ("address", "port", "resource", "resource_name", "visa_address", "adapter", "host", "url")
"""What constructors call where their instrument is."""


@click.command()
@click.option(
    "--write",
    "wishes",
    multiple=True,
    metavar="DRIVER=WHICH",
    help="Write an address into hardseq.toml: WHICH is its number in the list, or a part of what is listed that only "
    "one has. DRIVER.ARGUMENT=WHICH names the argument.",
)
@click.option("--slot", help="Write it for this slot.")
@click.option("--no-ask", is_flag=True, help="Do not ask instruments who they are.")
@click.option("--visa-library", default="", metavar="LIBRARY", help="As in PyVISA: @py, @ivi, a file.")
@click.option(
    "--seconds", type=click.FloatRange(0, 60), default=2.0, help="How long to wait for the network; default: 2."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
@project_option
def command(
    *,
    wishes: tuple[str, ...],
    slot: str | None,
    no_ask: bool,
    visa_library: str,
    seconds: float,
    form: str,
    project: Path,
) -> ExitCode:
    """List VISA resources, serial ports and LXI instruments in the network, with what they say to *IDN?.

    Serial ports are not asked: nobody knows what listens there.
    """
    from sequencer.app.discovery import discover

    found = discover(ask=not no_ask, visa_library=visa_library, seconds=seconds)
    if form == "json":
        say_json({"instruments": [each._asdict() for each in found.instruments], "missing": found.missing})
    else:
        for number, each in enumerate(found.instruments, 1):
            said = "  ".join(part for part in (each.identity, each.details) if part)
            # Anybody in the network, and any instrument, may say anything.
            say(one_line(f"{number:3}  {each.kind:<6}  {each.address:<32}  {said}".rstrip()))
        if not found.instruments:
            say("no instruments", err=True)
    for package, what in found.missing.items():
        say(f"{what} are not looked for: {package} is not installed", err=True, dim=True)
    if wishes:
        _write(project, [_wish(each, found.instruments) for each in wishes], slot)
    return ExitCode.PASSED


def _wish(written: str, found: list[FoundInstrument]) -> tuple[str, str | None, str]:
    """Driver, argument where it is named, and address. Raises ``Refusal``."""
    name, equals, which = written.partition("=")
    driver, _, argument = name.partition(".")
    if not equals or not driver or not which:
        raise Refusal(f"--write {written}: write it as DRIVER=WHICH", hint="--write dmm=1")
    if which.isdecimal() and 1 <= int(which) <= len(found):
        return driver, argument or None, found[int(which) - 1].address
    meant = [each.address for each in found if each.is_meant(which)]
    if len(meant) != 1:
        what = f"{len(meant)} of them are meant" if meant else "none of them is meant"
        raise Refusal(f"--write {written}: {what}", hint=", ".join(meant) or None)
    return driver, argument or None, meant[0]


def _write(path: Path, wishes: list[tuple[str, str | None, str]], slot: str | None) -> None:
    from sequencer.app.instruments import declared_instruments, named_instrument
    from sequencer.project.project_folder import CONFIGURATION, open_project
    from sequencer.project.toml_edit import with_text_value

    project = open_project(path).checked()
    if slot is not None and project.settings.slots.place(slot) is None:
        raise Refusal(f"--slot {slot}: there is no such slot", hint="[slots.NAME] in hardseq.toml makes one")
    declared = declared_instruments(project)
    text, lines = project.text, []
    for driver, named, address in wishes:
        argument = _argument(named_instrument(declared, driver), named)
        table = ("drivers", driver) if slot is None else ("slots", slot, "drivers", driver)
        line = f'[{".".join(table)}] {argument} = "{address}"'
        try:
            text = with_text_value(text, (*table, argument), address)
        except ValueError as error:
            raise Refusal(f"{CONFIGURATION} was not changed: {error}", hint=f"write yourself: {line}") from None
        lines.append(line)
    file = _configuration(project)
    _replace_text(file, text)
    for line in lines:
        say(f"wrote {file.name}: {clean(line)}", err=True)


def _replace_text(file: Path, text: str) -> None:
    """Puts a whole file in the place of the other, for whoever could read that and nobody else. Raises ``OSError``."""
    file = file.resolve()  # a link stays one
    new = file.with_name(f".{file.name}.new")
    mode = file.stat().st_mode & 0o777 if file.exists() else None
    new.unlink(missing_ok=True)
    try:
        # There may be passwords in it: not even for a moment others may read them.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(new, flags, 0o666 if mode is None else mode), "wb") as written:
            written.write(text.encode())
            written.flush()
            os.fsync(written.fileno())
        if mode is not None:
            new.chmod(mode)
        new.replace(file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _configuration(project: Project) -> Path:
    from sequencer.project.project_folder import CONFIGURATION

    if project.file is not None and project.file.name != CONFIGURATION:
        raise Refusal(f"{project.file.name} is not written", hint=f"move what it says to {CONFIGURATION}")
    return project.file or project.folder / CONFIGURATION


def _argument(instrument: DeclaredInstrument, named: str | None) -> str:
    """The argument that takes the address. Raises ``Refusal``."""
    signature, name = instrument.target.signature, instrument.driver.name
    if named is not None:
        if named not in signature.names and not signature.others:
            hint = f"it takes: {', '.join(signature.names) or 'nothing'}"
            raise Refusal(f"{name!r} has no argument {named!r}", hint=hint)
        return named
    known = [*instrument.driver.arguments, *signature.names]
    found = next((each for each in ADDRESS_ARGUMENTS if each in known), None)
    if found is None:
        raise Refusal(f"which argument of {name!r} is the address?", hint=f"--write {name}.ARGUMENT=WHICH")
    return found
