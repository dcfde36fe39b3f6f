"""The calls of drivers in steps, checked against what the drivers' sources offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sequencer.language.drivers.source import ANYTHING, DriverTarget, Member, Signature, guess
from sequencer.language.mentions import Mentions
from sequencer.language.problems import Problems
from sequencer.language.shapes.wording import did_you_mean, known_here, listed
from sequencer.language.yaml.sources import SourceTexts
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import Driver, DriverCall
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.tree import MappingNode


@dataclass(slots=True)
class DeclaredDriver:
    """A driver of the sequence. ``driver`` and ``target`` are ``None`` when it could not be found (that was said).

    ``simulation`` takes its place in a simulated run, as far as it was found. ``arguments`` are written at its
    declaration, where ``use`` says what it is. ``is_foreign``: it is of a package that nobody made for hardseq.
    ``known_open``: something of it is called, so that it is opened.
    """

    name: str
    place: Place
    driver: Driver | None
    target: DriverTarget | None
    used: bool = False
    simulation: DriverTarget | None = None
    arguments: MappingNode | None = None
    use: Place | None = None
    is_foreign: bool = False
    known_open: bool = False

    @property
    def opened(self) -> DriverTarget | None:
        """See ``opened``."""
        return None if self.target is None else opened(self.target, self.arguments)


def opened(target: DriverTarget, arguments: MappingNode | None) -> DriverTarget | None:
    """What steps may call: a class's object, or what a function gives that is called once, to open the driver.

    A function is one of the latter when its name begins with a capital letter, as ``can.Bus``, when it says which class
    it gives, or when it has arguments before any call. ``None`` for any other function.
    """
    if target.is_class or target.guessed:
        return target
    if target.gives is not None:
        # An object of a class may be of one derived from it, which takes other arguments.
        members = {name: replace(each, signature=ANYTHING) for name, each in target.gives.members.items()}
        return replace(target.gives, members=members, dynamic=True)
    return guess(target.name) if target.name[:1].isupper() or arguments else None


class CallChecker:
    """Answers for every call what it may be; ``declared`` are the sequence's drivers by name."""

    def __init__(self, problems: Problems, sources: SourceTexts, mentions: Mentions) -> None:
        self._mentions = mentions
        self.declared: dict[str, DeclaredDriver] = {}
        self._problems = problems
        self._sources = sources

    def takes_text(self, written: str, argument: str) -> bool:
        """Whether the call ``driver.method`` says of this argument that it is a text."""
        name, _, method = written.partition(".")
        declared = self.declared.get(name)
        if declared is None or declared.target is None:
            return False
        if not method and not declared.target.is_class:
            return argument in declared.target.signature.texts
        member = _found(declared, method or "__call__")
        return member is not None and argument in member.signature.texts

    def call(
        self, written: str, place: Place, arguments: MappingNode | None, given: Mapping[str, Data]
    ) -> DriverCall | None:
        """The call ``driver.method`` that stands at ``place``; ``given`` are the templates of ``arguments``."""
        name, _, method = written.partition(".")
        declared = self.declared.get(name)
        if declared is None:
            hint = did_you_mean(name, self.declared, "{}" + written[len(name) :]) or known_here(self.declared)
            hint = hint or "declare it under `drivers:`"
            where = self._sources.inside(place, written, 0, len(name))
            self._problems.report("unknown-driver", f"there is no driver `{name}`", where, hint=hint)
            return None
        declared.used = True
        self.mention(declared, written, place)
        if declared.target is None:
            return None
        if not method:
            return self._plain_call(declared, declared.target, place, arguments, given)
        member = self._member(declared, declared.target, written, place)
        if member is None:
            return None
        if self._mentions.wanted and member.written is not None:
            at = self._sources.inside(place, written, len(name) + 1, len(method))
            self._mentions.add("method", written, at, member.written.place)
        self._open_by_calling(declared, declared.target)
        self._check_simulation(declared, method, member, arguments, place)
        if member.kind == "attribute":
            if arguments is not None:
                message = f"`{written}` is a property and takes no arguments"
                self._problems.report("with-on-property", message, arguments.place)
            return DriverCall(driver=name, method=method, attribute=True)
        if member.is_async:
            self.refuse_async(written, place)
        self.check_arguments(f"`{written}`", member.signature, arguments, place)
        unknown = member.kind == "unknown" and arguments is None
        return DriverCall(driver=name, method=method, arguments=given, attribute=None if unknown else False)

    def mention(self, declared: DeclaredDriver, written: str, place: Place) -> None:
        """Notes that the text ``written`` at ``place`` begins with the driver's name."""
        if self._mentions.wanted:
            name = declared.name
            self._mentions.add("driver", name, self._sources.inside(place, written, 0, len(name)), declared.place)

    def _member(self, declared: DeclaredDriver, target: DriverTarget, written: str, place: Place) -> Member | None:
        """What ``driver.method`` or ``driver.channel.method`` names; ``None`` when there is nothing of that name."""
        holder = declared.opened
        if holder is None:
            message = f"`{target.name}` is a function and has no `{written[len(declared.name) + 1 :]}`"
            where = self._sources.inside(place, written, len(declared.name) + 1, len(written) - len(declared.name) - 1)
            self._problems.report("unknown-method", message, where, hint="call the driver by its name alone")
            return None
        start = len(declared.name) + 1
        *path, last = written[start:].split(".")
        for part in path:
            member = holder.members.get(part, Member("unknown") if holder.dynamic else None)
            where = self._sources.inside(place, written, start, len(part))
            if member is None:
                self._unknown_method(holder, part, where)
                return None
            if member.kind == "method":
                message = f"`{written[: start + len(part)]}` is a method: only objects that a driver holds have methods"
                self._problems.report("unknown-method", message, where)
                return None
            held = _held(holder, part)
            if held is None:
                return Member("unknown")
            holder, start = held, start + len(part) + 1
        found = holder.members.get(last, Member("unknown") if holder.dynamic else None)
        if found is None:
            self._unknown_method(holder, last, self._sources.inside(place, written, start, len(last)))
        return found

    def _open_by_calling(self, declared: DeclaredDriver, target: DriverTarget) -> None:
        """A function whose methods are called must be one that gives what has them; so must its counterpart."""
        if declared.driver is None or declared.known_open:
            return
        declared.known_open = True
        if declared.driver.makes:
            self._two_kinds_of_calls(declared, declared.place)
        if (not target.is_class or declared.is_foreign) and declared.use is not None:
            self.check_arguments(f"`{target.name}`", target.signature, declared.arguments, declared.use)
        if any(not each.is_class or each.guessed for each in (target, declared.simulation) if each is not None):
            declared.driver = replace(declared.driver, factory=True)

    def _two_kinds_of_calls(self, declared: DeclaredDriver, place: Place) -> None:
        message = (
            f"`{declared.name}` is called by its name alone, which makes an object each time, and has methods here"
        )
        hint = "declare two drivers: one that makes objects, and one that is such an object"
        self._problems.report("no-method", message, place, hint=hint)

    def assigned(self, written: str, place: Place) -> DriverCall | None:
        """The property ``driver.attribute`` that is to be set at ``place``."""
        name, _, attribute = written.partition(".")
        declared = self.declared.get(name)
        member = None if declared is None else _found(declared, attribute)
        if member is not None and member.kind == "method":
            message = f"`{written}` is a method: it is called, not set"
            self._problems.report("assign-method", message, place, hint=f"write `call: {written}`")
            return None
        if member is not None and member.read_only:
            self._problems.report("assign-read-only", f"`{written}` is a property without a setter", place)
            return None
        found = self.call(written, place, None, {})
        return None if found is None else replace(found, attribute=True)

    def _check_simulation(
        self, declared: DeclaredDriver, method: str, member: Member, arguments: MappingNode | None, place: Place
    ) -> None:
        """Reports a call that the driver takes and its counterpart does not."""
        target = declared.simulation
        if target is None or not target.is_class or "." in method:
            return
        what = f"`{target.name}`, the `simulate` counterpart of `{declared.name}`,"
        other = target.members.get(method)
        if other is None:
            if not target.dynamic:
                hint = did_you_mean(method, [each for each in target.members if not each.startswith("_")])
                message = f"{what} has no method or property `{method}`"
                self._problems.report("stand-in", message, place, hint=hint)
        elif {other.kind, member.kind} == {"method", "attribute"}:
            kinds = {"method": "a method", "attribute": "a property"}
            message = f"{what} has `{method}` as {kinds[other.kind]}, but the driver has it as {kinds[member.kind]}"
            self._problems.report("stand-in", message, place)
        elif arguments is not None and other.kind == "method" and not other.signature.others:
            for name in arguments:
                if name not in other.signature.names and (member.signature.others or name in member.signature.names):
                    message = f"{what} has no argument `{name}` in `{method}`"
                    self._problems.report("stand-in", message, arguments.key_place(name))

    def _plain_call(
        self,
        declared: DeclaredDriver,
        target: DriverTarget,
        place: Place,
        arguments: MappingNode | None,
        given: Mapping[str, Data],
    ) -> DriverCall | None:
        signature = target.signature
        if target.is_class:
            member = target.members.get("__call__")
            if member is None and declared.is_foreign and not target.guessed:
                return self._making_call(declared, target, place, arguments, given)
            if member is None and not target.dynamic:
                methods = _public_methods(target)
                hint = known_here(f"{declared.name}.{name}" for name in methods)
                message = f"`{declared.name}` is a class: name the method to call"
                self._problems.report("no-method", message, place, hint=hint and hint.replace("known here", "it has"))
                return None
            signature = member.signature if member is not None else ANYTHING
        elif declared.arguments and not target.dynamic:
            message = f"`{target.name}` is a function: its arguments belong in the call"
            first = declared.arguments.key_place(next(iter(declared.arguments)))
            self._problems.report("with-on-function", message, first)
            declared.arguments = None
        self.check_arguments(f"`{declared.name}`", signature, arguments, place)
        return DriverCall(driver=declared.name, method=None, arguments=given)

    def _making_call(
        self,
        declared: DeclaredDriver,
        target: DriverTarget,
        place: Place,
        arguments: MappingNode | None,
        given: Mapping[str, Data],
    ) -> DriverCall:
        """A call of a package's class itself: it makes an object, such as a message that another driver sends."""
        if declared.driver is not None and not declared.driver.makes:
            declared.driver = replace(declared.driver, makes=True)
            if declared.known_open:
                self._two_kinds_of_calls(declared, place)
        before: frozenset[str] = frozenset(declared.arguments or ())
        required = tuple(name for name in target.signature.required if name not in before)
        signature = replace(target.signature, required=required)
        self.check_arguments(f"`{declared.name}`", signature, arguments, place)
        return DriverCall(driver=declared.name, method=None, arguments=given)

    def _unknown_method(self, target: DriverTarget, method: str, place: Place) -> None:
        public = [each for each in target.members if not each.startswith("_")]
        hint = did_you_mean(method, public) or known_here(public)
        message = f"`{target.name}` has no method or property `{method}`"
        self._problems.report("unknown-method", message, place, hint=hint and hint.replace("known here", "it has"))

    def check_arguments(self, what: str, signature: Signature, arguments: MappingNode | None, place: Place) -> None:
        """Reports unknown and missing arguments of a call or a constructor."""
        given = {} if arguments is None else arguments
        if signature.positional:
            names = listed((f"`{name}`" for name in signature.positional), "and")
            message = f"{what} takes {names} by position only: a sequence gives arguments by name"
            self._problems.report("positional-argument", message, place, hint="remove the `/` from its signature")
        if arguments is not None:
            self._check_names(what, signature, arguments)
        missing = [f"`{name}`" for name in signature.required if name not in given]
        if missing:
            hint = "give them under `with:`" if len(missing) > 1 else "give it under `with:`"
            self._problems.report("missing-argument", f"{what} needs {listed(missing, 'and')}", place, hint=hint)

    def _check_names(self, what: str, signature: Signature, arguments: MappingNode) -> None:
        for name in arguments:
            if not name.isidentifier():
                message = f"`{name}` cannot be the name of an argument"
                self._problems.report("bad-name", message, arguments.key_place(name))
            elif name not in signature.names and not signature.others:
                left = [each for each in signature.names if each not in arguments]
                hint = did_you_mean(name, left) or known_here(signature.names) or "it takes no arguments"
                hint = hint.replace("known here", "it takes")
                message = f"{what} has no argument `{name}`"
                self._problems.report("unknown-argument", message, arguments.key_place(name), hint=hint)

    def refuse_async(self, name: str, place: Place) -> None:
        """Reports a driver whose result would be a coroutine."""
        message = f"`{name}` is `async`: a step would get a coroutine instead of a result"
        self._problems.report("async-driver", message, place, hint="give the driver an ordinary method")


def _held(holder: DriverTarget, name: str) -> DriverTarget | None:
    """The class of the object that is kept under ``name``, where that can be told."""
    member = holder.members.get(name)
    return None if member is None or member.inside is None else member.inside()


def _found(declared: DeclaredDriver, member: str) -> Member | None:
    """The member of a driver, or of an object that it holds, where that can be told."""
    *path, last = member.split(".")
    holder = declared.opened
    for part in path:
        holder = None if holder is None else _held(holder, part)
    return None if holder is None else holder.members.get(last)


def _public_methods(target: DriverTarget) -> list[str]:
    return [name for name, member in target.members.items() if not name.startswith("_") and member.kind == "method"]
