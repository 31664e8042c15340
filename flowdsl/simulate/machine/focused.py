"""The focused agent: knows its own bullets and the screen, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from flowdsl.prompt.sentences import FOCUSED
from flowdsl.simulate import trace
from flowdsl.simulate.shapes import EMPTY, EnumShape, OptionalShape, ScalarShape
from flowdsl.simulate.trace import Recorder
from flowdsl.simulate.world import CHOOSE, COPY, EXPECT, OUTPUT, READ, WAIT, Question
from flowdsl.source.record import Record

from .agent import Aborted, Agent, Open, unmarked
from .characters import PathParts, inside, spelled
from .grammar import Grammar, Said
from .layout import Defect, Line
from .memory import Memory, apart, as_shown, holds, written

DONE, FAILED, ATTEMPT_FAILED = "done", "failed", "attempt failed"


_CONVERTED = tuple(ScalarShape(name) for name in ("int", "number", "bool"))
"""The shapes of which a copied text is turned into a value."""


class Report(Record):
    """What a focused agent ends with: `kind` is DONE, FAILED or ATTEMPT_FAILED."""

    kind: str
    reason: str = ""


class _Reported(Exception):
    """The agent ends with the word that the attempt has failed."""


def focused_action(
    rules: Sequence[Said],
    lines: Sequence[Line],
    grammar: Grammar,
    recorder: Recorder,
    memory: Memory,
    model: str,
) -> Report:
    """Launch a focused agent with rules and an instruction, and wait for its report."""
    view = memory.view(focused=True)
    agent = Focused(grammar, recorder, memory, view, rules, model)
    around = recorder.rules
    recorder.rules = tuple(view.text(each["rule"]) for each in rules if each.name == "rules.always")
    try:
        agent.body(lines)
    except Aborted as failure:
        return Report(FAILED, str(failure))
    except _Reported as failure:
        return Report(ATTEMPT_FAILED, str(failure))
    finally:
        recorder.rules = around
    return Report(DONE)


class Focused(Agent):
    reader = FOCUSED

    _noted: str | None = None

    @cached_property
    def counts(self) -> dict[str, PathParts]:
        """The variables from which the numbers of entries are told, by their names."""
        return {}

    def said(self, line: Line) -> Said | None:
        if EMPTY in line.text:
            self._told("rules.missing", line)
        return super().said(line)

    def failed(self, reason: str) -> Exception:
        if self._noted is not None:
            self.memory.save(self._noted, reason)
        return super().failed(reason)

    def attempt_reported(self, reason: str, line: Line) -> Exception:
        return _Reported(reason)

    def repeat(self, said: Said, line: Line) -> Open:
        """Rounds, with a look before each and after the last."""
        if not line.children:
            raise Defect("a group without lines", line.text)
        for number in range(1, self.number(said["limit"], line) + 1):
            if holds(said["condition"], self.view, self.recorder, ends=True):
                return Open("control.repeat_missing", lambda _: False)
            self.round(number, line)
        reached = holds(said["condition"], self.view, self.recorder, ends=True)
        return Open("control.repeat_missing", lambda _: not reached)

    def each(self, said: Said, line: Line) -> None:
        """The lines for each entry of a list, as it is when they begin, or for each number."""
        if not line.children:
            raise Defect("a list is gone through with nothing to do", line.text)
        _, name = said["mark"]
        numbers = said.name == "control.each_number"
        entries = range(said["last"] + 1) if numbers else self._entries(said["items"])
        for entry in entries:
            self.view.entries[name] = entry
            self.body(line.children)
        self.view.entries.pop(name, None)

    def _entries(self, items: tuple[str, Any]) -> list[Any]:
        found = self.view.built(items)
        return list(found) if isinstance(found, list) else []

    def own(self, said: Said, line: Line) -> Open | None:
        match said.name:
            case "control.ask_else_do" if not line.children:
                raise Defect("nothing is said to do where it is not so", inside(line.text))
            case "control.ask" | "control.ask_else" | "control.ask_else_do" | "control.ask_decide":
                self.looks(said, line)
            case "tools.run_save":
                question = Question(OUTPUT, self._command, shape=said["type"])
                self.keep(said["key"], question)
            case "data.store" | "data.append" | "data.append_again":
                self.store(said, line)
            case "data.append_numbered":
                self.append_numbered(said, line)
            case "data.counted":
                if said["variable"] != (said["key"],):
                    raise self.meaningless(line)
                self.counts[said["key"]] = said["variable"]
            case "data.store_reason":
                self.view.saved.add(said["key"])
                self.memory.save(said["key"], self.last(line))
            case "data.copy_empty":
                self.copy_empty(said)
            case "data.store_copied":
                self.store_copied(said)
            case "control.loop_count":
                found = self.listed(said["items"])
                return self.count(found if isinstance(found, list) else [], line)
            case "control.each_count":
                return self.count(self._entries(said["items"]), line)
            case "data.saved_here":
                self.view.knows_saved = True
            case "data.saved_before":
                if said["mark"][1:] != said["variable"]:
                    raise self.meaningless(line)
                self.view.before.add(said["variable"][0])
            case "control.note_failure":
                self._noted = said["variable"]
            case _:
                raise self.meaningless(line)
        return None

    def count(self, entries: Sequence[Any], line: Line) -> Open:
        """Count the entries of a list; `control.loop_too_many` tells the limit."""
        count = len(entries)
        return Open(
            "control.loop_too_many", lambda start: count > self.number(start["limit"], line)
        )

    def looks(self, said: Said, line: Line) -> None:
        """Ask for something, and do what is said where it is not so."""
        ask: Said = said["ask"]
        self.hear(ask, line)
        self._told("rules.unmet", line)
        words = self._unmet(ask, line)
        if said.name == "control.ask_decide":
            self.memory.whys[said["variable"], said["unmet"]] = unmarked(ask)
            answer = said["met"] if words is None else said["unmet"]
            self.memory.save(said["variable"], answer)
        elif words is None:
            return
        elif said.name == "control.ask":
            raise self.failed(f"not so or not found: {words}")
        elif said.name == "control.ask_else_do":
            self.body(line.children)
        elif said["consequence"].name != "data.save_missing":
            self.consequence(said["consequence"], line)
        elif ask.name == "data.read":
            self.hear(said["consequence"], line)
            self.view.saved.add(ask["key"])
            self.memory.save(ask["key"], EMPTY)
        else:
            raise self.meaningless(line)

    def _unmet(self, ask: Said, line: Line) -> str | None:
        """The words for what was asked of the screen, if it is not so; None if it is."""
        match ask.name:
            case "screen.choose":
                target = self.view.text(ask["target"])
                question = Question(CHOOSE, target, model=self.model)
                found = bool(self.recorder.ask(question))
                self.recorder.use(question)
                if found:
                    self.act(trace.OPEN, target)
            case "screen.wait_until":
                words = self.view.text(ask["condition"])
                question = Question(WAIT, words, milliseconds=ask["time"])
                found = bool(self.recorder.wait(question))
            case "screen.expect":
                question = Question(EXPECT, self.view.text(ask["condition"]))
                found = bool(self.recorder.ask(question))
                self.recorder.use(question)
            case "data.read":
                source = self.view.text(ask["source"])
                question = Question(READ, source, shape=ask["type"], model=self.model)
                found = self.keep(ask["key"], question)
                self.recorder.use(question)
            case _:
                question, found = self._copied(ask, line)
        return None if found else question.text

    def keep(self, key: str, question: Question) -> bool:
        """Save what the world answers; whether it answers anything."""
        self.recorder.hint(key=key)
        found = self.recorder.ask(question)
        if found in (None, "", EMPTY):
            return False
        self.view.saved.add(key)
        value = written(found, question.shape)
        self.memory.save(key, apart(value) if "rules.apart" in self.rules else value)
        return True

    def _copied(self, said: Said, line: Line) -> tuple[Question, bool]:
        """Whether what was copied is there; a copy that is there is what the screen shows."""
        held = self.memory.values.get(said["value"][0])
        question = Question(COPY, self.view.text(said["source"]))
        found = self.recorder.ask(question)
        self.recorder.use(question)
        missing = found in (None, "", EMPTY)
        if not missing and spelled(held) != spelled(found):
            raise Defect("another value is checked than was copied", line.text)
        return question, not missing

    def copy_empty(self, said: Said) -> None:
        key: str = said["key"]
        self.view.saved.add(key)
        if spelled(self.view.value(said["value"])) in ("", EMPTY):
            self.memory.save(key, EMPTY)

    def store_copied(self, said: Said) -> None:
        """Save a copied text as a value of its type, which is the one that was asked for."""
        key: str = said["key"]
        if key not in self.memory.copied:
            raise Defect("a copied value is converted that was not copied", key)
        question, found = self.memory.copied[key]
        type_ = said["type"]
        optional = isinstance(type_, OptionalShape)
        if question.shape != (type_.inner if optional else type_):
            raise Defect("a copied value is converted to another type", key)
        self.view.saved.add(key)
        if found not in (None, "", EMPTY):
            shape = question.shape
            numeric = isinstance(shape, EnumShape) and shape.numeric
            value = as_shown(spelled(found)) if numeric or shape in _CONVERTED else found
            self.memory.save(key, written(value, question.shape))
        elif optional:
            self.memory.save(key, EMPTY)

    def append_numbered(self, said: Said, line: Line) -> None:
        """Save an entry under the next number, from the number that this agent knows of."""
        key: str = said["key"]
        count = f"{key}_count"
        if count in self.view.saved:
            before = spelled(self.memory.values.get(count))
        elif count in self.counts:
            before = spelled(self.view.value(self.counts[count]))
        else:
            raise Defect("nobody told how many entries a list has", inside(line.text))
        if not re.fullmatch(r"[0-9]+", before):
            raise Defect(f"`{before}` entries are no number", inside(line.text))
        entry = self.view.built(said["value"])
        number = int(before) + 1
        self.view.saved.add(count)
        self.memory.save(count, number)
        self.memory.save(f"{key}_{number}", entry)

    def store(self, said: Said, line: Line) -> None:
        key: str = said["key"]
        value = self.view.built(said["value"])
        earlier = key in self.view.saved
        self.view.saved.add(key)
        if said.name == "data.store":
            self.memory.save(key, value)
            return
        if said.name == "data.append" and earlier:
            raise Defect("an entry is added to a list that this call has saved", line.text)
        if said["variable"] != (key,):
            raise Defect("a list is saved under the name of another", line.text)
        before = self.memory.values[key] if earlier else self.view.value((key,))
        if before in ("", EMPTY):
            before = []
        if not isinstance(before, list):
            raise Defect("an entry is added to what is no list", line.text)
        self.memory.values[key] = [*before, value]
