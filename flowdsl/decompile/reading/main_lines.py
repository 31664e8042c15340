"""Parses the numbered lines of the main agent into statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowdsl.codegen.prompt.data import copy_words, reading_words
from flowdsl.codegen.prompt.screen import ask_words
from flowdsl.codegen.prompt.tools import output_words
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM, single_variable
from flowdsl.ir.walk import BODIES, inner_bodies, replace_bodies, replace_variables
from flowdsl.prompt.reading.outline import ReadItem
from flowdsl.prompt.sentences import DONE, FAILED, NONE, SENTENCES
from flowdsl.prompt.text import enclose_in_brackets, quote_words, spell_variable
from flowdsl.prompt.values import condition_words
from flowdsl.prompt.words import say_sentence
from flowdsl.source.record import replace

from ..model import NOWHERE
from .bullets import Focused, Instruction, Lines, copy_line
from .statements import Unreadable, Words, is_prose

_OR_NO_ENTRIES = "".join(map(str, SENTENCES["data.read"].choices[0].words))
"""The words of a prompt about a list that is never missing."""


class Main:
    """Parses the numbered lines of one prompt."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._focused = Focused(words)
        self._instruction = Instruction(words, main=True, read=self.body)
        self.decisions: set[str] = set()
        """The runtime variables that hold decisions, which have no name in source."""
        self.filled: set[str] = set()
        """The list inputs that, according to the prompt, certainly have an entry."""

    def body(self, items: Sequence[ReadItem]) -> nodes.Body:
        """Return the statements of lines; raises `Unreadable`.

        Variables that a pass of a loop empties first are left in the body of the loop, as in the
        prompt.
        """
        lines = Lines(items)
        body: list[nodes.Statement] = []
        while lines.position < len(items):
            body.extend(self._read_statements(lines))
        return tuple(body)

    def _read_statements(self, lines: Lines) -> Iterator[nodes.Statement]:
        if (loop := self._loop(lines)) is not None:
            yield loop
            return
        item, model = self._match_instructed_call(lines)
        if item is not None:
            repeat = self._read_repeat(lines)
            if repeat is not None:
                yield repeat
                return
            lines.take()
            yield from self._decided(lines, item, model)
            return
        if (rounds := self._read_rounds(lines, None)) is not None:
            yield rounds
            return
        item = lines.items[lines.position]
        text = item.text
        words = self._words
        if item.title:
            lines.take()
            yield nodes.Step(origin=NOWHERE, title=words.text(text), body=self.body(item.children))
            return
        if is_prose(text):
            lines.take()
            yield self._read_free_line(item)
            return
        copy = copy_line(words, lines.leaf_text() or "", main=True)
        if copy is not None:
            lines.take()
            yield from self._read_copied_text(lines, copy)
            return
        found = self._instruction.run(lines) or self._instruction.retry(lines)
        if found is not None:
            yield found
            return
        lines.take()
        if item.children:
            yield self._read_free_line(item)
            return
        yield (
            words.action(text)
            or words.read_typed_day(text)
            or words.leave_statement(text, main=True)
            or words.background(text, main=True)
            or words.artifact(text, main=True)
            or self._read_free_line(item)
        )

    def _read_free_line(self, item: ReadItem) -> nodes.Statement:
        """Return a `do` with the author's own words."""
        if item.children:
            raise Unreadable
        return self._words.free_action(item.text)

    # Decisions of a focused agent

    def _decided(
        self, lines: Lines, item: ReadItem, model: str | None
    ) -> Iterator[nodes.Statement]:
        """Parse the statement of one `focused_action`, with the lines that depend on it.

        The last of several may leave the rest to the main agent, in the lines that follow.
        """
        yield from self._in_call(lines, Lines(self._under_notes(item)), model)

    def _in_call(
        self, lines: Lines, bullets: Lines, model: str | None
    ) -> Iterator[nodes.Statement]:
        """Return the statements of the remaining bullets of a call."""
        statements: list[nodes.Statement] = []
        while bullets.position < len(bullets.items):
            start = bullets.position
            for read in (self._read_if_lines, self._asked, self._read_extract_lines):
                found = read(lines, bullets, model)
                if found is not None:
                    statements.append(found)
                    break
                bullets.position = start
            else:
                statements.append(self._focused.statement(bullets))
        if statements and isinstance(last := statements[-1], nodes.Run):
            statements[-1] = self._read_missing_output(lines, last)
        body = tuple(statements)
        # Statements share a call only if each of them names its model.
        for each in body:
            yield from (each,) if model is None else set_first_model((each,), model)

    def _read_missing_output(self, lines: Lines, run: nodes.Run) -> nodes.Run:
        """Parse a command whose output is stored, with the main agent's lines if it is missing."""
        if run.otherwise is None or not isinstance(run.type, nodes.OptionalType):
            return run
        assert run.variable is not None
        if not self._is_missing(lines, run.variable):
            raise Unreadable
        otherwise = self.body(lines.take().children)
        return replace(run, type=run.type.inner, otherwise=otherwise)

    def _under_notes(self, item: ReadItem) -> list[ReadItem]:
        """Return the bullets of a call without its notes, which only explain words."""
        self._words.noted, self._words.reports = None, False
        return [each for each in item.children if not self._is_note(each.text)]

    def _is_note(self, text: str) -> bool:
        """Whether a bullet only explains words of the other bullets."""
        noted = self._words.match("control.note_failure", text)
        if noted is not None:
            self._words.noted = self._words.kept(*noted[1:])
        if text == say_sentence("control.report_failure"):
            self._words.reports = True
            return True
        given = self._words.match("data.given", text)
        if given is not None:
            self._words.handed.update(given[0])
        return noted is not None or given is not None

    def _read_if_lines(self, lines: Lines, bullets: Lines, model: str | None) -> nodes.If | None:
        words = self._words
        found = words.match("control.decide", bullets.leaf_text() or "")
        if found is None or found[2] != "1":
            return None
        key = found[1]
        conditions: list[nodes.Condition] = []
        while found is not None and found[1:] == (key, str(len(conditions) + 1)):
            conditions.append(found[0])
            bullets.take()
            found = words.match("control.decide_otherwise", bullets.leaf_text() or "")
        if not bullets.takes(
            say_sentence("control.decide_none", quote_words(key), quote_words(NONE))
        ):
            return None
        self.decisions.add(key)
        branches: list[nodes.Branch] = []
        for number, condition in enumerate(conditions, 1):
            # The lines after the call do not use the call's mark for values.
            condition = replace_variables(condition, words.plain_variable, without=BODIES)
            body = self._read_guarded_lines(lines, key, str(number), condition_words(condition))
            branches.append(nodes.Branch(origin=NOWHERE, condition=condition, body=body))
        otherwise = self._read_guarded_lines(lines, key, NONE, say_sentence("control.no_condition"))
        return nodes.If(origin=NOWHERE, branches=tuple(branches), otherwise=otherwise)

    def _asked(self, lines: Lines, bullets: Lines, model: str | None) -> nodes.Statement | None:
        """Parse a bullet that looks for something and leaves the rest to the main agent.

        None if the focused agent itself handles the case that it is not found.
        """
        command = self._focused.command(bullets)
        text = bullets.leaf_text() or ""
        found = self._words.match("control.ask_decide", text)
        if found is None or found[2:] != (DONE, FAILED):
            return None
        statement, key = found[:2]
        if isinstance(statement, nodes.Run) is (command is None):
            return None
        if command is not None:
            statement = replace(statement, command=command)
        # The lines after the call do not use the call's mark for values.
        plain = replace_variables(statement, self._words.plain_variable, without=BODIES)
        ask = self._spell_question(plain)
        bullets.take()
        self.decisions.add(key)
        otherwise = self._read_guarded_lines(
            lines, key, FAILED, say_sentence("control.failed", ask)
        )
        if isinstance(statement, nodes.Choose):
            return replace(statement, model=model, otherwise=otherwise)
        if isinstance(statement, nodes.Extract):
            return replace(statement, model=model, otherwise=otherwise, keeps=True)
        if isinstance(statement, nodes.Run):
            return replace(statement, otherwise=otherwise, keeps=True)
        whole: nodes.Statement = replace(statement, otherwise=otherwise)
        return whole

    def _spell_question(self, asking: nodes.Statement) -> str:
        """Return what a statement looks for, as the lines after the call have it."""
        words = self._words
        match asking:
            case nodes.Copy():
                boxed = asking.variable in words.boxed
                return copy_words(asking, boxed=boxed, apart=words.apart)
            case nodes.Extract():
                return reading_words(asking, boxed=asking.variable in words.boxed)
            case nodes.Run():
                return output_words(asking, boxed=asking.variable in words.boxed)
            case nodes.Choose() | nodes.WaitUntil() | nodes.Expect():
                return ask_words(asking)
            case _:
                raise AssertionError(f"{asking.kind} asks for nothing")

    def _read_extract_lines(
        self, lines: Lines, bullets: Lines, model: str | None
    ) -> nodes.Extract | None:
        asked = bullets.text() or ""
        found = self._focused.asked(bullets)
        if not isinstance(found, nodes.Extract) or found.otherwise is not None:
            return None
        if bullets.leaf_text() is not None:
            return None
        if not self._is_missing(lines, found.variable):
            return None
        otherwise = self.body(lines.take().children)
        type_ = found.type
        assert isinstance(type_, nodes.OptionalType)
        if not isinstance(type_.inner, nodes.ListType) or _OR_NO_ENTRIES in asked:
            type_ = type_.inner
        return replace(found, type=type_, model=model, otherwise=otherwise)

    def _is_missing(self, lines: Lines, name: str) -> bool:
        """Whether the next line begins the lines for a variable without a value."""
        path = (nodes.BOX,) if name in self._words.boxed else ()
        variable = nodes.Variable(sigil="runtime", name=name, path=path)
        return lines.text() == say_sentence(
            "data.if_missing", enclose_in_brackets(spell_variable(variable))
        )

    def _read_guarded_lines(self, lines: Lines, key: str, answer: str, why: str) -> nodes.Body:
        """Return the statements that are done only if the decision `key` is `answer`."""
        text = lines.text()
        values = (_in_quotes(key), quote_words(answer), why)
        if text is None:
            return ()
        if text == say_sentence("control.only_if", *values):
            return self.body(lines.take().children)
        leave = self._words.leave_after(
            text, say_sentence("control.if_decided", *values), main=True
        )
        if leave is None or lines.leaf_text() is None:
            return ()
        lines.take()
        return (leave,)

    # Work of the main agent that uses a focused agent

    def _read_copied_text(self, lines: Lines, copy: nodes.Copy) -> Iterator[nodes.Statement]:
        """Parse a copy with what a focused agent does with it, and the values it also stores."""
        item, model = self._match_instructed_call(lines)
        bullets = Lines(self._under_notes(item) if item is not None else ())
        after = Lines(lines.items)
        after.position = lines.position + 1
        decided = self._asked(after, bullets, model)
        if isinstance(decided, nodes.Copy) and self._words.is_copy(decided, copy):
            lines.position = after.position
            yield decided
        elif (verified := self._focused.verified(bullets, copy)) is not None:
            lines.take()
            otherwise = verified.otherwise
            if otherwise is not None and model is not None:
                otherwise = set_first_model(otherwise, model)
            yield replace(verified, otherwise=otherwise)
        else:
            yield self._focused.emptied(bullets, copy)
            if not bullets.position:
                return
            lines.take()
        yield from self._in_call(lines, bullets, model)

    def _match_instructed_call(self, lines: Lines) -> tuple[ReadItem | None, str | None]:
        """Return the next line if it calls a focused agent, and the model that it names."""
        item = lines.items[lines.position] if lines.position < len(lines.items) else None
        if item is None or not item.children or not item.children[0].bullet:
            return None, None
        model = self._words.read_focused_model(item.text)
        return (None, None) if model is None else (item, model[0])

    def _read_repeat(self, lines: Lines) -> nodes.Repeat | None:
        """Parse rounds with a look before the first."""
        start = lines.position
        look = self._read_look_call(lines)
        repeat = None if look is None else self._read_rounds(lines, look)
        if repeat is None:
            lines.position = start
        return repeat

    def _read_rounds(
        self, lines: Lines, first: tuple[nodes.Condition, str] | None
    ) -> nodes.Repeat | None:
        """Parse rounds, each of which ends with a look; `first` is that before them, if any."""
        if lines.position == len(lines.items):
            return None
        item = lines.items[lines.position]
        rounds = self._words.match("control.rounds", item.text)
        ending = Lines(item.children[-2:])
        look = None if rounds is None else self._read_look_call(ending)
        if rounds is None or look is None or (first is not None and look != first):
            return None
        limit, named = rounds
        until, key = look
        if named != ("" if first is None else key):
            return None
        if not ending.takes(say_sentence("control.repeat_stop", _in_quotes(key))):
            return None
        self.decisions.add(key)
        inside = Lines(item.children[:-2])
        if first is None:
            delay = self._instruction.wait(inside, "control.round_wait")
        else:
            last = Lines(inside.items[-1:])
            delay = self._instruction.wait(last, "actions.wait") if last.items else 0
            inside = Lines(inside.items[: len(inside.items) - bool(delay)])
        body = self.body(inside.items[inside.position :])
        lines.take()
        return nodes.Repeat(
            origin=NOWHERE,
            until=until,
            looks_first=first is not None,
            limit=limit,
            delay_milliseconds=delay,
            body=body,
            otherwise=self._instruction.consequence(
                lines, say_sentence("control.rounds_missing", _in_quotes(key))
            ),
        )

    def _read_look_call(self, lines: Lines) -> tuple[nodes.Condition, str] | None:
        """Parse the call that checks whether another round is needed: its condition and its key."""
        look, _ = self._match_instructed_call(lines)
        if look is None:
            return None
        bullets = Lines(self._under_notes(look))
        found = self._words.match("control.decide", bullets.leaf_text() or "")
        if found is None or found[2] != DONE:
            return None
        lines.take()
        return found[0], found[1]

    def _loop(self, lines: Lines) -> nodes.Loop | None:
        """Parse a loop, with the call before it that counts the entries."""
        start = lines.position
        limit = self._count(lines)
        item = lines.items[lines.position] if lines.position < len(lines.items) else None
        found = None if item is None else self._words.match("control.start_loop", item.text)
        end = item.children[-1] if item is not None and item.children else None
        if (
            item is None
            or found is None
            or end is None
            or end.text != say_sentence("control.end_loop")
        ):
            lines.position = start
            return None
        lines.take()
        items, may_be_empty = found
        variable = single_variable(items)
        if variable is not None and not may_be_empty:
            self.filled.add(variable.name)
        whole = spell_variable(nodes.Variable(sigil="saved", name=LOOP_ITEM))
        return nodes.Loop(
            origin=NOWHERE,
            variable="",
            items=items,
            limit=limit,
            counted=limit is not None,
            body=self.body(item.children[:-1]),
            flat=not any(whole in text for text in _collect_item_texts(item.children)),
        )

    def _count(self, lines: Lines) -> nodes.Limit | None:
        """Parse the call that counts the entries of a list: the maximum number of entries."""
        look, _ = self._match_instructed_call(lines)
        if look is None or len(self._under_notes(look)) != 1:
            return None
        (too_many,) = self._under_notes(look)
        found = self._words.phrases.sentences.read("control.loop_too_many", too_many.text, 0)
        if found is None:
            return None
        lines.take()
        limit: nodes.Limit = found[0][1]
        return limit


def set_first_model(body: nodes.Body, model: str) -> nodes.Body:
    """Return the body with `model` at its first statement that takes one.

    The prompt does not say which statement named the model.
    """
    for index, statement in enumerate(body):
        changed = statement
        if isinstance(statement, nodes.Choose | nodes.Extract):
            changed = replace(statement, model=model)
        else:
            bodies = list(inner_bodies(statement))
            for number, inner in enumerate(bodies):
                bodies[number] = set_first_model(inner, model)
                if bodies[number] is not inner:
                    changed = replace_bodies(statement, bodies)
                    break
        if changed is not statement:
            return (*body[:index], changed, *body[index + 1 :])
    return body


def _collect_item_texts(items: Sequence[ReadItem]) -> Iterator[str]:
    """Return the texts of lines and of those under them."""
    for item in items:
        yield item.text
        yield from _collect_item_texts(item.children)


def _in_quotes(name: str) -> str:
    return quote_words(spell_variable(nodes.Variable(sigil="runtime", name=name)))
