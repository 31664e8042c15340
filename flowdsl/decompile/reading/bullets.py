"""Parses the instruction of a focused agent into statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from flowdsl.ir import nodes
from flowdsl.ir.passes.placing import ENTRY
from flowdsl.prompt.reading.frames import frames_of_sentence
from flowdsl.prompt.reading.outline import ReadItem
from flowdsl.prompt.words import say_sentence
from flowdsl.source.record import replace

from ..model import NOWHERE
from .statements import Unreadable, Words, copy_of_text, is_prose

ReadBody = Callable[[Sequence[ReadItem]], nodes.Body]
"""Parses the lines under another line, as they are written for the instructed agent."""


class Lines:
    """The lines of one body, and the position of the next one."""

    __slots__ = ("items", "position")

    def __init__(self, items: Sequence[ReadItem]) -> None:
        self.items = items
        self.position = 0

    def text(self) -> str | None:
        """Return the text of the next line, None at the end."""
        return self.items[self.position].text if self.position < len(self.items) else None

    def leaf_text(self) -> str | None:
        """Return the text of the next line if it has no lines under it, else None."""
        if self.position == len(self.items) or self.items[self.position].children:
            return None
        return self.items[self.position].text

    def take(self) -> ReadItem:
        """Consume the next line and return it."""
        self.position += 1
        return self.items[self.position - 1]

    def takes(self, text: str) -> bool:
        """Consume the next line if it is `text` with nothing under it; return whether it was."""
        found = self.leaf_text() == text
        self.position += found
        return found


class Instruction:
    """Parses lines that are the same for both agents; `main` says which one is instructed."""

    def __init__(self, words: Words, main: bool, read: ReadBody) -> None:
        self.words = words
        self.main = main
        self.read = read

    def consequence(self, lines: Lines, missing: str) -> nodes.Body:
        """Parse the statements that follow a failure, if the next line is about it.

        That line begins with `missing`.
        """
        text = lines.text()
        if text is None:
            return ()
        if text == say_sentence("control.under", missing):
            return self.read(lines.take().children)
        if lines.leaf_text() is None or lines.takes(
            say_sentence("control.then", missing, say_sentence("control.go_on"))
        ):
            return ()
        leave = self.words.leave_after(text, missing, self.main)
        if leave is None:
            return ()
        lines.take()
        return (leave,)

    def run(self, lines: Lines) -> nodes.Run | None:
        """Parse a terminal command with the lines that belong to it; None for another line."""
        command = self.words.command(lines.leaf_text() or "", self.main)
        if command is None:
            return None
        lines.take()
        otherwise = self.consequence(lines, say_sentence("tools.run_check"))
        return nodes.Run(
            origin=NOWHERE,
            command=command,
            variable=None,
            type=None,
            otherwise=otherwise or None,
        )

    def retry(self, lines: Lines) -> nodes.Retry | None:
        """Parse a `retry`; None if the next line does not begin one."""
        name = "control.attempts" if self.main else "control.retry"
        found = self.words.match(name, lines.text() or "")
        if found is None:
            return None
        inside = Lines(lines.take().children)
        delay = self.wait(inside, "control.retry_wait") if self.main else found[1] or 0
        with self.words.attempt(main=self.main):
            body = self.read(inside.items[inside.position :])
        return nodes.Retry(
            origin=NOWHERE,
            attempts=found[0],
            delay_milliseconds=delay,
            body=body,
            otherwise=self.consequence(lines, say_sentence("control.retry_missing")),
        )

    def wait(self, lines: Lines, name: str) -> int:
        """Parse the wait before each further attempt or round; 0 milliseconds if there is none."""
        found = self.words.match(name, lines.leaf_text() or "")
        if found is None:
            return 0
        lines.take()
        milliseconds: int = found[0]
        return milliseconds


class Focused:
    """Parses the bullets of one focused agent."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._instruction = Instruction(words, main=False, read=self.body)
        self.consequence = self._instruction.consequence

    def body(self, items: Sequence[ReadItem]) -> nodes.Body:
        """Return the statements of bullets; raises `Unreadable`."""
        lines = Lines(items)
        body: list[nodes.Statement] = []
        while lines.position < len(items):
            body.append(self.statement(lines))
        return tuple(body)

    def store(self, lines: Lines) -> nodes.Store | None:
        """Parse the consecutive bullets that store a value; None if there are none."""
        assignments: list[nodes.Assignment] = []
        while (text := lines.leaf_text()) is not None:
            found = self._words.assignments(text)
            if not found:
                break
            assignments += found
            lines.take()
        return nodes.Store(origin=NOWHERE, assignments=tuple(assignments)) if assignments else None

    def asked(self, lines: Lines) -> nodes.Statement | None:
        """Parse a bullet that looks for something, with its `else`; None for another bullet."""
        found = self._words.asked(lines.text() or "")
        if found is None or (lines.leaf_text() is None) is not found.has_lines:
            return None
        statement = found.statement
        if found.consequence == say_sentence("data.save_missing"):
            if not isinstance(statement, nodes.Extract | nodes.Copy | nodes.Run):
                return None
            lines.take()
            return _make_optional(statement)
        if isinstance(statement, nodes.Run) and (
            statement.otherwise is None or not (found.consequence or found.has_lines)
        ):
            return None
        otherwise: nodes.Body = ()
        if found.has_lines:
            otherwise = self.body(lines.items[lines.position].children)
        elif found.consequence is None:
            otherwise = (self._words.default_leave(own_text(statement)),)
        elif found.consequence != say_sentence("control.go_on"):
            leave = self._words.leave(found.consequence, main=False)
            if leave is None:
                return None
            otherwise = (leave,)
        lines.take()
        return replace(statement, otherwise=otherwise)

    def _read_command(self, lines: Lines) -> nodes.Run | None:
        """Parse a command, with the bullet that stores its output; None if there is none."""
        run = self._instruction.run(lines)
        if run is None or run.otherwise is not None:
            return run
        start = lines.position
        printed = self.asked(lines)
        if isinstance(printed, nodes.Run):
            return replace(printed, command=run.command)
        lines.position = start
        return run

    def command(self, lines: Lines) -> nodes.Text | None:
        """Take a bullet that runs a command, and return that; None for another bullet."""
        run = self._instruction.run(lines)
        return None if run is None else run.command

    def verified(self, lines: Lines, copy: nodes.Copy) -> nodes.Copy | None:
        """Parse the bullet that verifies a copy, with its `else`; None if the next one does not."""
        start = lines.position
        asked = self.asked(lines)
        if isinstance(asked, nodes.Copy) and self._words.is_copy(asked, copy):
            return asked
        lines.position = start
        return None

    def copied(self, lines: Lines, copy: nodes.Copy) -> nodes.Copy:
        """Parse the bullet after a copy, which verifies the copy and may store it as a value."""
        return self.verified(lines, copy) or self.emptied(lines, copy)

    def emptied(self, lines: Lines, copy: nodes.Copy) -> nodes.Copy:
        """Parse the bullet that saves that nothing was copied, if the copy may be empty."""
        if not self._words.accept_emptied_copy(lines.leaf_text() or "", copy.variable):
            return copy
        lines.take()
        return _make_optional(copy)

    def statement(self, lines: Lines) -> nodes.Statement:
        text = lines.text()
        assert text is not None
        words = self._words
        free = is_prose(text)
        inner = None if free else self._read_control_bullet(lines, text) or self.asked(lines)
        if inner is not None:
            return inner
        if lines.leaf_text() is None:
            raise Unreadable
        if free:
            lines.take()
            return words.free_action(text)
        found = self.store(lines) or self._read_copy_bullets(lines) or self._read_command(lines)
        if found is not None:
            return found
        lines.take()
        return (
            words.action(text)
            or words.type_shown(text)
            or words.leave_statement(text, main=False)
            or words.background(text, main=False)
            or words.artifact(text, main=False)
            or words.free_action(text)
        )

    def _read_control_bullet(self, lines: Lines, text: str) -> nodes.Statement | None:
        if (branch := self._read_branch(lines, text, "control.if_")) is not None:
            return self._read_choice(lines, branch)
        first = self._words.match("control.while_", text)
        rounds = first or self._words.match("control.repeat", text)
        if rounds is not None:
            *still, condition, limit, delay = rounds
            is_so = any(still)
            inside = Lines(lines.take().children)
            inside.takes(say_sentence("control.nothing"))
            return nodes.Repeat(
                origin=NOWHERE,
                until=nodes.Not(operand=condition) if is_so else condition,
                looks_first=first is not None,
                limit=limit,
                delay_milliseconds=delay or 0,
                body=self.body(inside.items[inside.position :]),
                otherwise=self._instruction.consequence(
                    lines, say_sentence("control.repeat_missing", is_so)
                ),
            )
        if (found := self._words.match("control.reach", text)) is not None:
            goal, limit, delay = found
            inside = Lines(lines.take().children)
            inside.takes(say_sentence("control.nothing"))
            return nodes.Repeat(
                origin=NOWHERE,
                until=nodes.Sees(text=goal),
                looks_first=True,
                limit=limit,
                delay_milliseconds=delay or 0,
                body=self.body(inside.items[inside.position :]),
                otherwise=(self._words.default_leave(goal),),
            )
        return (
            self._read_each_loop(lines)
            or self._read_entry_failure(lines, text)
            or self._instruction.retry(lines)
        )

    def _read_entry_failure(self, lines: Lines, text: str) -> nodes.Retry | None:
        """Parse an attempt whose failure ends only one entry of a loop."""
        if text != say_sentence("control.attempt"):
            return None
        with self._words.attempt(main=False):
            body = self.body(lines.take().children)
        return nodes.Retry(
            origin=NOWHERE,
            attempts=1,
            delay_milliseconds=0,
            body=body,
            otherwise=self.consequence(lines, say_sentence("control.attempt_missing")),
            entry=True,
        )

    def _read_each_loop(self, lines: Lines) -> nodes.Loop | None:
        """Parse a loop over a list, with the bullets that count its entries."""
        text = lines.leaf_text() or ""
        found = self._words.sentences.read("control.loop_too_many", text, 0)
        counted: nodes.Value | None = None
        limit: nodes.Limit | None = None
        noted: str | None = None
        if found is not None:
            (counted, limit), end = found
            (leave,) = self.consequence(lines, text[:end]) or (None,)
            if not isinstance(leave, nodes.Leave):
                raise Unreadable
            noted = leave.noted
        items, entry, body = self._entries(lines, counted)
        if items is None:
            return None
        return nodes.Loop(
            origin=NOWHERE,
            variable="",
            items=items,
            limit=limit,
            counted=counted is not None,
            body=body,
            entry=entry,
            noted=noted,
        )

    def _entries(
        self, lines: Lines, counted: nodes.Value | None
    ) -> tuple[nodes.Value | None, str, nodes.Body]:
        """Parse the list that the next bullet iterates over, the mark of its entry, and its body.

        `counted` is the list that was counted before. The list is None if the bullet has none.
        """
        text = lines.text() or ""
        items: nodes.Value | None = None
        entry = ENTRY
        if found := self._words.match("control.each", text):
            entry, items = found
        elif found := self._words.match("control.each_number", text):
            entry, items = found[0], nodes.ConstantValue(value=found[1] + 1)
        if items is None or counted not in (None, items):
            return counted, entry, ()
        self._words.entries.add(entry)
        return items, entry, self.body(lines.take().children)

    def _read_choice(self, lines: Lines, first: nodes.Branch) -> nodes.If:
        branches = [first]
        while (
            branch := self._read_branch(lines, lines.text() or "", "control.else_if")
        ) is not None:
            branches.append(branch)
        otherwise = self._instruction.consequence(lines, say_sentence("control.else_"))
        return nodes.If(origin=NOWHERE, branches=tuple(branches), otherwise=otherwise)

    def _read_branch(self, lines: Lines, text: str, name: str) -> nodes.Branch | None:
        start = frames_of_sentence(name)[0].start
        if not text.startswith(start):
            return None
        found = self._words.condition(text, len(start))
        if found is None:
            return None
        condition, end = found
        if text[end:] == say_sentence("control.under", ""):
            body = self.body(lines.take().children)
        elif lines.leaf_text() is not None and (
            leave := self._words.leave_after(text[end:], "", main=False)
        ):
            lines.take()
            body = (leave,)
        else:
            return None
        return nodes.Branch(origin=NOWHERE, condition=condition, body=body)

    def _read_copy_bullets(self, lines: Lines) -> nodes.Copy | None:
        copy = copy_line(self._words, lines.leaf_text() or "", main=False)
        if copy is None:
            return None
        lines.take()
        return self.copied(lines, copy)


def _make_optional(statement: _Read) -> _Read:
    """Return an extract, copy or command with the optional type: a missing value is saved as such.

    A command that failed is handled by the lines after the call.
    """
    assert statement.type is not None
    type_ = statement.type
    if not isinstance(type_, nodes.OptionalType):
        type_ = nodes.OptionalType(inner=type_)
    otherwise = statement.otherwise if isinstance(statement, nodes.Run) else None
    return replace(statement, type=type_, otherwise=otherwise)


_Read = TypeVar("_Read", bound=nodes.Extract | nodes.Copy | nodes.Run)


def copy_line(words: Words, text: str, main: bool) -> nodes.Copy | None:
    """Parse the line that copies a text; the copy's type and `else` are in later lines."""
    if not words.can_use_tool("copy_to_clipboard", main):
        return None
    found = words.match("data.copy", text)
    if found is None:
        return None
    return copy_of_text(found[1], found[0])


def own_text(statement: nodes.Statement) -> nodes.Text:
    """Return what a statement looks for, in the author's words."""
    match statement:
        case nodes.Choose(target=text):
            return text
        case nodes.WaitUntil(condition=condition):
            return condition if isinstance(condition, tuple) else ()
        case nodes.Expect(condition=text):
            return text
        case nodes.Extract(source=text) | nodes.Copy(source=text):
            return text
        case _:
            raise AssertionError(f"{statement.kind} looks for nothing")
