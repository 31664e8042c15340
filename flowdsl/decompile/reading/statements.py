"""Parses single-line statements, and has functions shared by the parsers of statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, Literal

from flowdsl.codegen.prompt.control import loop_items
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import unmet_reason
from flowdsl.ir.walk import replace_variables
from flowdsl.prompt.reading.conditions import Conditions
from flowdsl.prompt.reading.frames import Free, Read, frames_of_sentence
from flowdsl.prompt.reading.phrases import Phrases
from flowdsl.prompt.reading.texts import Texts, in_brackets, in_quotes
from flowdsl.prompt.sentences import AND, ASK, FOCUSED, LINE, MAIN, SENTENCES, START, sentences_at
from flowdsl.prompt.text import OPEN_PART
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.source.record import Record, replace

from ..model import NOWHERE
from .loops import read_items

STRING = nodes.ScalarType(name="string")
RUN = "execute_terminal_command"


class Unreadable(Exception):
    """Raised for a text that code generation does not write."""


class Lookup(Record):
    """A line that looks for something: the statement without its `else`, and facts about that.

    `consequence` are the words after "else", and `has_lines` says that there are lines under it.
    """

    statement: nodes.Statement
    consequence: str | None
    has_lines: bool


class Words:
    """Parses the parts of statements in one prompt.

    `capabilities` say which tools a focused agent may be asked to use.
    """

    def __init__(self, texts: Texts, capabilities: Capabilities) -> None:
        self.texts = texts
        self.phrases = Phrases(texts)
        self.conditions = Conditions(texts, self.phrases)
        self.capabilities = capabilities
        self.condition = self.conditions.condition
        self.sentences = self.phrases.sentences
        self.sentences.kinds |= {
            "items": partial(_read_loop_items, texts),
            "ask": self._ask,
            "consequence": Free(str),
            "copied": in_brackets(self._read_copied_variable),
            "given": Free(_read_handed_names),
            "mark": _read_marked_name,
            "picture": _open_part,
            "reading": self._read_background_reading,
        }
        self.match = self.sentences.match
        self.entries: set[str] = set()
        """The marks of the entries of lists that focused agents iterate over."""
        self.boxed: set[str] = set()
        """The variables that contain objects around their values."""
        self.handed: set[str] = set()
        """The variables that are passed to calls."""
        self.apart = False
        """Whether a copied text that spells a secret counts as missing."""
        self.noted: str | None = None
        """The variable in which the current instruction saves the reason of a failure."""
        self.reports = False
        """Whether failing, in the current instruction, means reporting that an attempt failed."""
        self._attempts = 0

    def plain_variable(self, variable: nodes.Variable) -> nodes.Variable:
        """Return a variable without the mark that the call itself has saved it."""
        if variable.sigil != "saved" or variable.name in self.entries:
            return variable
        return replace(variable, sigil="runtime")

    def is_copy(self, verified: nodes.Copy, copy: nodes.Copy) -> bool:
        """Whether the text that a focused agent verifies is the one that was copied."""
        plain = (
            replace_variables(replace(each, type=copy.type, otherwise=None), self.plain_variable)
            for each in (verified, copy)
        )
        return bool(next(plain) == next(plain))

    def text(self, spelled: str) -> nodes.Text:
        """Return the text that is written as `spelled`; raises `Unreadable`."""
        text = self.texts.marked(spelled)
        if text is None:
            raise Unreadable
        return text

    def can_use_tool(self, tool: str, main: bool) -> bool:
        """Whether the instructed agent has a tool."""
        return main or self.capabilities.can_focused_agent_use(tool)

    # Leaving

    def leave(self, words: str, main: bool) -> nodes.Leave | None:
        """Parse an `abort`, `fail` or `finish` at the end of a sentence, without the full stop."""
        for name, meant in _LEAVES.items():
            action = meant
            found = self.match(name, words) if _is_written_for(name, main) else None
            if found is not None and (action != "finish" or self.can_use_tool("finish", main)):
                reason = found[0] if found else None
                if name in _FAILS and not main and (self._attempts or self.reports):
                    action = "retry"
                noted = self.noted if action == "abort" and not main else None
                return nodes.Leave(origin=NOWHERE, action=action, reason=reason, noted=noted)
        return None

    def default_leave(self, own: nodes.Text) -> nodes.Leave:
        """Return the failure of a bullet that does not state one; `own` is what it looked for."""
        if self._attempts or self.reports:
            return nodes.Leave(origin=NOWHERE, action="retry", reason=unmet_reason(own))
        return nodes.Leave(
            origin=NOWHERE, action="abort", reason=unmet_reason(own), noted=self.noted
        )

    @contextmanager
    def attempt(self, *, main: bool) -> Iterator[None]:
        """Context for parsing the lines of an attempt; a focused agent makes it unless `main`."""
        self._attempts += not main
        try:
            yield
        finally:
            self._attempts -= not main

    def leave_statement(self, text: str, main: bool) -> nodes.Leave | None:
        """Parse a leaving statement that is a sentence of its own."""
        if not text.endswith("."):
            return None
        return self.leave(text[:1].lower() + text[1:-1], main)

    def leave_after(self, text: str, start: str, main: bool) -> nodes.Leave | None:
        """Parse a leaving statement after the words `start`."""
        _, between, end = frames_of_sentence("control.then")[0].literals
        if not text.startswith(start + between) or not text.endswith(end):
            return None
        return self.leave(text[len(start + between) : -len(end)], main)

    # Actions

    def action(self, text: str) -> nodes.Statement | None:
        """Parse a simple action, which either agent carries out."""
        if found := self.match("actions.type_into", text):
            over, target, value = found
            return nodes.TypeIn(origin=NOWHERE, value=value, display=None, over=over, target=target)
        if found := self.match("actions.clear", text):
            return nodes.Clear(origin=NOWHERE, target=found[0])
        if found := self.match("actions.press", text):
            return nodes.Press(origin=NOWHERE, keys=found[0], times=found[1])
        if found := self.match("actions.wait", text):
            return nodes.Wait(origin=NOWHERE, milliseconds=found[0])
        return None

    def type_shown(self, text: str) -> nodes.TypeIn | None:
        """Parse a `type` of a value in another format."""
        found = self.match("actions.type_shown", text)
        if found is None:
            return None
        over, target, value, display = found
        return nodes.TypeIn(origin=NOWHERE, over=over, target=target, value=value, display=display)

    def read_typed_day(self, text: str) -> nodes.TypeDay | None:
        """Parse the line that types a date of the desktop."""
        found = self.match("tools.type_day", text)
        if found is None:
            return None
        return nodes.TypeDay(origin=NOWHERE, command=found[0], over=found[1], target=found[2])

    def read_focused_model(self, text: str) -> tuple[str | None] | None:
        """Parse the line that calls a focused agent: the model that it names, in a tuple.

        None for another line.
        """
        found = self.match("screen.focused", text)
        return None if found is None else (found[0] or None,)

    def free_action(self, text: str) -> nodes.Do:
        """Return a `do` with the author's own words."""
        return nodes.Do(origin=NOWHERE, text=self.text(text))

    # Files and pictures

    def artifact(self, text: str, main: bool) -> nodes.Statement | None:
        """Parse a `capture`, an `export` or a picture."""
        if self.can_use_tool("save_screenshot_as_run_attachment", main):
            found = self.match("tools.capture", text)
            if found is not None:
                return nodes.Capture(origin=NOWHERE, file=found[0])
        if self.can_use_tool("mark_file_for_export", main):
            found = self.match("tools.export", text)
            if found is not None:
                return nodes.Export(origin=NOWHERE, file=found[0])
        if self.can_use_tool("picture", main) and text.endswith(OPEN_PART):
            found = self.match("tools.picture", text)
            if found is not None:
                return _make_picture(found[1], found[0] or None)
        return None

    def command(self, text: str, main: bool) -> nodes.Text | None:
        """Parse the line that runs a terminal command: the command."""
        if not self.can_use_tool(RUN, main):
            return None
        found = self.match("tools.run", text)
        return None if found is None else found[0]

    # Readings

    def background(self, text: str, main: bool) -> nodes.BackgroundExtract | None:
        """Parse an `extract` in background."""
        if not self.can_use_tool("screenshot", main):
            return None
        found = self.match("data.background", text)
        if found is None:
            return None
        source, variable, type_ = found[0]
        return nodes.BackgroundExtract(
            origin=NOWHERE, variable=variable, type=type_, source=source, model=found[1] or None
        )

    def _read_copied_variable(self, text: str) -> str | None:
        """Parse the variable from which a copied text is filled in."""
        pieces = self.texts.text(text) or ()
        if len(pieces) != 1 or not isinstance(variable := pieces[0], nodes.Variable):
            return None
        bare = variable.sigil in ("runtime", "saved") and not variable.path
        return variable.name if bare else None

    def _read_background_reading(self, text: str, position: int) -> tuple[Any, int] | None:
        """Parse the instruction of an extract in background, between marks."""
        read = self._background_prompt
        return in_quotes(read)(text, position) or in_brackets(read)(text, position)

    def _background_prompt(self, text: str) -> tuple[nodes.Text, str, nodes.Type] | None:
        found = self.match("data.background_prompt", text)
        if found is None:
            return None
        source, type_, _, variable, boxed, optional = found
        kept = self.kept(variable, boxed)
        return source, kept, nodes.OptionalType(inner=type_) if optional else type_

    def accept_emptied_copy(self, text: str, variable: str) -> bool:
        """Whether a line only saves that a copied text is missing."""
        found = self.match("data.copy_empty", text)
        if found is None or (found[0], found[2]) != (variable, variable):
            return False
        self.apart |= found[1]
        return True

    # Storing values

    def assignments(self, text: str) -> tuple[nodes.Assignment, ...]:
        """Parse a line that stores values; empty for another line."""
        for every, name in ((False, "data.append"), (True, "data.append_every")):
            if found := self.match(f"{name}_numbered", text):
                added = _make_assignment(*found, append=True)
                return (replace(added, every=every, numbered=True),)
            if found := self.match(name, text):
                variable, mark, value = found
                added = replace(_make_assignment(variable, value, append=True), every=every)
                return () if mark != variable else (added,)
        if found := self.match("data.store_entries", text):
            return (replace(_make_assignment(*found), wraps=True),)
        if found := self.match("data.store_reason", text):
            return (_make_assignment(self.kept(*found), nodes.FailureReason()),)
        if found := self.match("data.store_count", text):
            variable, boxed, value = found
            return (_make_assignment(self.kept(variable, boxed), nodes.CountOf(items=value)),)
        if found := self.match("data.store", text):
            return tuple(_make_assignment(*member) for member in found[0])
        return ()

    def kept(self, variable: str, boxed: bool) -> str:
        """Return a variable that a line saves, in an object or not."""
        if boxed:
            self.boxed.add(variable)
        return variable

    # Checks

    def _ask(self, text: str, position: int) -> tuple[nodes.Statement, int] | None:
        """Parse a question about the screen, as a statement without its `else`."""
        for name in _ASKED:
            if found := self.sentences.read(name, text, position):
                statement = self._make_asking(name, found[0])
                return None if statement is None else (statement, found[1])
        return None

    def _make_asking(self, name: str, values: tuple[Any, ...]) -> nodes.Statement | None:
        """Return the statement of a sentence in `_ASKED`; None if its values contradict."""
        match name, values:
            case "screen.choose", (target,):
                return nodes.Choose(origin=NOWHERE, target=target, model=None, otherwise=())
            case "screen.expect", (condition,):
                return nodes.Expect(origin=NOWHERE, condition=condition, otherwise=())
            case "data.read", (source, type_, listed, variable, boxed):
                if isinstance(type_, nodes.ListType) and not listed:
                    type_ = nodes.OptionalType(inner=type_)
                kept = self.kept(variable, boxed)
                return nodes.Extract(
                    origin=NOWHERE,
                    variable=kept,
                    type=type_,
                    source=source,
                    model=None,
                    otherwise=(),
                )
            case "tools.run_read", (checked, type_, variable, boxed):
                otherwise = () if checked else None
                kept = self.kept(variable, boxed)
                return nodes.Run(
                    origin=NOWHERE, command=(), variable=kept, type=type_, otherwise=otherwise
                )
            case "data.copy_save", (key, apart, source, variable, boxed, type_):
                self.apart |= apart
                if key != variable:
                    return None
                return replace(copy_of_text(self.kept(variable, boxed), source), type=type_)
            case "data.copy_check", (key, apart, source):
                self.apart |= apart
                return copy_of_text(key, source)
            case _:
                time, awaited = values
                return nodes.WaitUntil(
                    origin=NOWHERE, condition=awaited, timeout_milliseconds=time, otherwise=()
                )

    def asked(self, text: str) -> Lookup | None:
        """Parse a line that looks for something; None for another line."""
        for name in ("control.ask", "control.ask_else", "control.ask_else_do"):
            if found := self.match(name, text):
                statement, *said = found
                return Lookup(statement, said[0] if said else None, name == "control.ask_else_do")
        return None


def _make_assignment(
    variable: str, value: nodes.Stored, *, append: bool = False
) -> nodes.Assignment:
    return nodes.Assignment(variable=variable, append=append, value=value, origin=NOWHERE)


def copy_of_text(variable: str, source: nodes.Text) -> nodes.Copy:
    """Return the copy of a text, without its type and `else`."""
    return nodes.Copy(origin=NOWHERE, variable=variable, type=STRING, source=source, otherwise=None)


_ASKED = (
    *("screen.choose", "screen.expect", "screen.wait_until", "screen.wait_condition"),
    *("data.read", "tools.run_read", "data.copy_save", "data.copy_check"),
)
"""The sentences that ask something of the screen."""

_FAILS = ("control.fail_with", "control.fail_last")
"""The sentences that end the current attempt."""

_LEAVES: dict[str, Literal["abort", "retry", "finish"]] = {
    "control.fail_last": "abort",
    "control.fail_with": "abort",
    "control.attempt_failed_last": "retry",
    "control.attempt_failed_with": "retry",
    "control.abort_with": "abort",
    "control.finish": "finish",
}
"""The effect of each sentence about leaving; as a separate statement it begins with a capital."""


def _is_written_for(name: str, main: bool) -> bool:
    """Whether a sentence is written for the agent that is instructed."""
    return (MAIN if main else FOCUSED) in SENTENCES[name].readers or name == "control.finish"


def is_prose(text: str) -> bool:
    """Whether a line can only be a `do`: no other statement begins like this."""
    return not text.startswith(_line_starts())


@cache
def _line_starts() -> tuple[str, ...]:
    names = (*sentences_at(LINE), *sentences_at(ASK), *sentences_at(START))
    starts = [each.start for name in names for each in frames_of_sentence(name) if each.start]
    leaves = [each.start for name in _LEAVES for each in frames_of_sentence(name)]
    starts += [start[0].upper() + start[1:] for start in leaves]
    return tuple(dict.fromkeys(starts))


def _read_loop_items(texts: Texts, text: str, position: int) -> tuple[nodes.Value, int] | None:
    """Parse the argument of `start_loop`: in quotation marks, or in brackets around values."""

    def read(spelled: str) -> nodes.Value | None:
        return read_items(spelled, texts)

    readers: tuple[Read, ...] = (in_quotes(read), in_brackets(read))
    for each in readers:
        found = each(text, position)
        if found is not None and loop_items(found[0]) == text[position : found[1]]:
            return found
    return None


def _read_marked_name(text: str, position: int) -> tuple[str, int] | None:
    """Parse a name between the marks of values that the same call has saved."""
    end = text.find("\u27eb", position)
    if end < 0 or not text.startswith("\u27ea", position):
        return None
    return text[position + 1 : end], end + 1


def _read_handed_names(text: str) -> tuple[str, ...] | None:
    """Parse the names of variables that are passed on."""
    names = tuple(part.partition(" = ")[0] for part in text.split(AND))
    written = AND.join(f"{name} = {{{{{name}}}}}" for name in names)
    return names if written == text else None


def _open_part(text: str, position: int) -> tuple[str, int] | None:
    if not text.startswith(OPEN_PART, position):
        return None
    end = text.find(OPEN_PART, position + 1)
    return None if end < 0 else (text[position + 1 : end], end + 1)


def _make_picture(part: str, shows: nodes.Text | None) -> nodes.Picture:
    _, _, rest = part.partition(":")
    name, _, alternative = rest.partition(":")
    sha256, _, extension = name.partition(".")
    return nodes.Picture(
        origin=NOWHERE, sha256=sha256, extension=extension, alternative=alternative, shows=shows
    )
