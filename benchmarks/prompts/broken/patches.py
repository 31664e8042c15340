"""How a compiler is broken: mutants as data, and what puts one into a process.

A mutant says what is changed by the names and the words of the code, never by a line number. What
it names has to be there, once: a mutant whose target is gone is an error of the study, not one that
nobody notices.
"""

from __future__ import annotations
import __future__

import ast
import importlib
import inspect
import pkgutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import FrameType, FunctionType, ModuleType

from flowdsl.prompt import sentences, words

PACKAGES = ("flowdsl.ir", "flowdsl.codegen", "flowdsl.prompt")


Place = tuple[str, int | str]
"""A line of a file, or a sentence of no file."""


class Gone(Exception):
    """What a mutant changes is not there any more, or is there twice."""


@dataclass(frozen=True)
class Words:
    """A sentence that the printer says otherwise: `old` in its text becomes `new`.

    The machine goes on reading the sentence as it is.
    """

    name: str
    old: str
    new: str
    equivalent: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.old!r} -> {self.new!r}"

    def places(self) -> frozenset[Place] | None:
        """What a program has to reach for the mutant to matter."""
        return frozenset({("", self.name)})

    def apply(self) -> None:
        """Break this process."""
        sentence = sentences.SENTENCES.get(self.name)
        if sentence is None:
            raise Gone(f"no sentence {self.name}")
        try:
            changed = sentences._sentence(
                self.name, sentence.readers, _replaced(sentence.text, self.old, self.new)
            )
        except (KeyError, ValueError) as error:
            raise Gone(f"the new text is none: {error}") from None
        # What fills the holes stays as it is, even where a hole is gone.
        said = sentences.Sentence(
            self.name,
            sentence.readers,
            changed.text,
            changed.parts,
            sentence.holes,
            changed.choices,
        )
        words.SENTENCES = {**words.SENTENCES, self.name: said}


@dataclass(frozen=True)
class Code:
    """A function of the compiler of which `old` in the source becomes `new`.

    `where` ends its name: `BodyLowering._call`, or `exact.delimited` where there are several.
    """

    where: str
    old: str
    new: str
    equivalent: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {_short(self.old)!r} -> {_short(self.new)!r}"

    def places(self) -> frozenset[Place] | None:
        """The lines of the statement that is changed."""
        function = _function(self.where)
        lines, first = inspect.getsourcelines(function)
        source = textwrap.dedent("".join(lines))
        _replaced(source, self.old, self.new)
        line = source.count("\n", 0, source.index(self.old)) + 1
        start, end = _statement(source, line, line + self.old.rstrip("\n").count("\n"))
        file = function.__code__.co_filename
        return frozenset((file, first + each - 1) for each in range(start, end + 1))

    def apply(self) -> None:
        """Break this process."""
        function = _function(self.where)
        source = textwrap.dedent(inspect.getsource(function))
        changed = _replaced(source, self.old, self.new)
        flags = __future__.annotations.compiler_flag
        scope = dict(function.__globals__)
        try:
            exec(compile(changed, f"<{self.where}>", "exec", flags), scope)
        except SyntaxError as error:
            raise Gone(f"the new source is none: {error}") from None
        made = _plain(scope[function.__name__])
        if made is None or function.__closure__ or made.__closure__:
            raise Gone(f"{self.where} is no plain function")
        function.__code__ = made.__code__


Mutant = Words | Code


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) < 60 else f"{line[:57]}…"


def _replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise Gone(f"{old!r} is there {text.count(old)} times")
    return text.replace(old, new)


def _statement(source: str, start: int, end: int) -> tuple[int, int]:
    """The lines of the innermost statement around some lines, without the bodies in it."""
    found = (1, source.count("\n") + 1)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.stmt) or isinstance(node, ast.FunctionDef):
            continue
        last = node.end_lineno or node.lineno
        body = getattr(node, "body", None)
        if body and node.lineno <= start and end < body[0].lineno:
            last = body[0].lineno - 1
        if node.lineno <= start and end <= last and last - node.lineno <= found[1] - found[0]:
            found = (node.lineno, last)
    return found


@contextmanager
def reached(places: frozenset[Place]) -> Iterator[set[Place]]:
    """Those of some places that are reached meanwhile."""
    found: set[Place] = set()
    files = {file for file, _ in places}

    class Listening(dict[str, sentences.Sentence]):
        def __getitem__(self, name: str) -> sentences.Sentence:
            found.add(("", name))
            return super().__getitem__(name)

    def in_frame(frame: FrameType, event: str, _: object) -> Callable[..., object]:
        place = (frame.f_code.co_filename, frame.f_lineno)
        if place in places:
            found.add(place)
        return in_frame

    def trace(frame: FrameType, event: str, argument: object) -> Callable[..., object] | None:
        return in_frame(frame, event, argument) if frame.f_code.co_filename in files else None

    whole = words.SENTENCES
    words.SENTENCES = Listening(whole)
    sys.settrace(trace)
    try:
        yield found
    finally:
        sys.settrace(None)
        words.SENTENCES = whole
        found &= places


def _function(where: str) -> FunctionType:
    found = {
        id(function): function
        for name, function in _functions()
        if f".{name}".endswith(f".{where}")
    }
    if len(found) != 1:
        raise Gone(f"{len(found)} functions are called {where}")
    return next(iter(found.values()))


@cache
def _functions() -> tuple[tuple[str, FunctionType], ...]:
    """Every function of the compiler's back end with its module and its name in it."""
    return tuple(each for module in _modules() for each in _in_module(module))


def _modules() -> Iterator[ModuleType]:
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if ".reading" not in found.name:
                yield importlib.import_module(found.name)


def _in_module(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value):
            for inner, member in list(vars(value).items()):
                if (function := _plain(member)) is not None:
                    yield f"{module.__name__}.{name}.{inner}", function
        elif (function := _plain(value)) is not None:
            yield f"{module.__name__}.{name}", function


def _plain(value: object) -> FunctionType | None:
    """The function in a property, a cache or a static method."""
    unwrapped: Callable[..., object] | object = value
    if isinstance(unwrapped, property):
        unwrapped = unwrapped.fget
    if isinstance(unwrapped, staticmethod | classmethod):
        unwrapped = unwrapped.__func__
    unwrapped = inspect.unwrap(unwrapped) if callable(unwrapped) else unwrapped
    return unwrapped if isinstance(unwrapped, FunctionType) else None
