"""The focused agent: it knows only its own bullets and the screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flowdsl.prompt.sentences import FOCUSED
from flowdsl.simulate import trace
from flowdsl.simulate.shapes import EMPTY, ListShape
from flowdsl.simulate.trace import Recorder
from flowdsl.simulate.world import CHOOSE, COMMAND, COPY, EXPECT, OUTPUT, READ, WAIT, Question
from flowdsl.source.record import Record

from .agent import BOX, Aborted, Agent, AttemptFailed, Open, unmark_variables
from .characters import SAVED, PathParts, spell_platform_value
from .grammar import Grammar, Said
from .layout import Defect, Line
from .meanings import sentence_meanings
from .memory import (
    Memory,
    convert_to_saved,
    evaluate_condition,
    from_json,
    read_as,
    take_braces_apart,
)

DONE, FAILED, ATTEMPT_FAILED = "done", "failed", "attempt failed"


_WITHOUT_WORDS = ("screen.wait_condition", "tools.run_read")
"""Sentences without one text in “ ” for the reason of a failure, so that they need an `else`."""
_OF_MISSING = (" has no value", " has a value")
"""Words that mean nothing to an agent without the rule on missing values."""


class Report(Record):
    """The final report of a focused agent: `kind` is DONE, FAILED or ATTEMPT_FAILED."""

    kind: str
    reason: str = ""


class _Reported(Exception):
    """Raised when the agent ends by reporting that the attempt has failed."""


def launch_focused_agent(
    rules: Sequence[Said],
    lines: Sequence[Line],
    grammar: Grammar,
    recorder: Recorder,
    memory: Memory,
    model: str,
) -> Report:
    """Launch a focused agent with rules and an instruction, and return its report."""
    view = memory.view(focused=True)
    agent = FocusedAgent(grammar, recorder, memory, view, rules, model)
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


class FocusedAgent(Agent):
    reader = FOCUSED

    _noted: tuple[str, bool] | None = None
    _notes_whole = False
    _reports = False
    _begun = False

    def failed(self, reason: str) -> Exception:
        """Return the effect of a failure: end its own attempt, or as the instruction says."""
        if self.attempts:
            return AttemptFailed(reason)
        if not self._notes_whole:
            self._note_failure(reason)
        return _Reported(reason) if self._reports else Aborted(reason)

    def aborted(self, reason: str) -> Exception:
        self._note_failure(reason)
        return Aborted(reason)

    def _note_failure(self, reason: str) -> None:
        """Save the reason of a failure if the instruction says so."""
        if self._noted is not None:
            key, boxed = self._noted
            self.saved(key, reason, boxed=boxed)

    def said(self, line: Line) -> Said | None:
        """Return the sentence that a line is; passed values are in the first line."""
        if any(words in line.text for words in _OF_MISSING):
            self._told("rules.missing", line)
        found = super().said(line)
        if found is not None and found.name == "data.given" and self._begun:
            raise Defect("values are handed over behind the first bullet", line.text)
        self._begun = True
        return found

    def repeat(self, said: Said, line: Line) -> Open:
        """Execute rounds; the sentence says whether the condition holds meanwhile, or ends them."""
        holds_meanwhile = said.name == "control.while_" and said["still"]
        is_over = self._carry_out_rounds(said["condition"], not holds_meanwhile, said, line)
        holds = is_over is not holds_meanwhile
        return Open(sentence_meanings()[said.name].goes_on, lambda start: start["still"] is holds)

    def reach(self, said: Said, line: Line) -> None:
        """Execute rounds until something is seen; if it is not, the task fails."""
        self._told("rules.unmet", line)
        if "rules.unmet" not in self.further:
            raise Defect("no rule says what happens if it is not reached", line.text)
        words = self.view.text(said["goal"])
        sees = Said("conditions.sees", (("text", said["goal"]),))
        if not self._carry_out_rounds(sees, True, said, line):
            raise self.failed(f"not so or not found: {words}")

    def _carry_out_rounds(self, condition: Said, end: bool, said: Said, line: Line) -> bool:
        """Execute rounds with a check after each, and before the first unless it says otherwise.

        Whether the condition was `end` after at most the number of rounds that a sentence allows.
        """
        if not line.children:
            raise Defect("a group without lines", line.text)
        checks_first, delay = said.name != "control.repeat", said["delay"]

        def is_over() -> bool:
            return evaluate_condition(condition, self.view, self.recorder, ends=end) is end

        if checks_first and is_over():
            return True
        for number in range(1, self.number(said["limit"], line) + 1):
            if not checks_first:
                self.waits(number, delay, line)
            self.carry_out_round(number, line)
            if checks_first:
                self.waits(number + 1, delay, line)
            if is_over():
                return True
        return False

    def each(self, said: Said, line: Line) -> None:
        """Execute lines for each entry that a list has when they begin, or for each number."""
        if not line.children:
            raise Defect("a list is gone through with nothing to do", line.text)
        _, name = said["mark"]
        numbers = said.name == "control.each_number"
        entries = range(said["last"] + 1) if numbers else self.entries(said["items"], line)
        for entry in entries:
            self.view.entries[name] = entry
            self.body(line.children)
        self.view.entries.pop(name, None)

    def entries(self, items: tuple[str, Any], line: Line) -> list[Any]:
        """Return the current entries of a list; a value that is not a list has none."""
        found = self.view.built(items)
        return list(found) if isinstance(found, list) else []

    def own(self, said: Said, line: Line) -> Open | None:
        match said.name:
            case "control.ask_else_do" if not line.children:
                raise Defect("nothing is said to do where it is not so", line.text)
            case "control.ask" | "control.ask_else" | "control.ask_else_do" | "control.ask_decide":
                self.looks(said, line)
            case "data.store":
                values = [(name, self.view.built(value)) for name, value in said["values"]]
                for name, value in values:
                    self.saved(name, value)
            case "data.store_entries":
                entries = self.entries(said["value"], line)
                self.saved(said["key"], [{BOX: entry} for entry in entries])
            case "data.append":
                self.append(said, [self.view.built(said["value"])], line)
            case "data.append_every":
                self.append(said, self.entries(said["value"], line), line)
            case "data.append_numbered":
                self.append_numbered(said, self.view.built(said["value"]), line)
            case "data.append_every_numbered":
                for entry in self.entries(said["value"], line):
                    self.append_numbered(said, entry, line)
            case "data.store_count":
                number = len(self.entries(said["value"], line))
                self.saved(said["key"], number, boxed=said["boxed"])
            case "data.store_reason":
                self.saved(said["key"], self.last(line), boxed=said["boxed"])
            case "data.copy_empty":
                self.copy_empty(said)
            case "data.given":
                self.view.handed |= {name: self.handed(name, line) for name in said["values"]}
            case "control.note_failure":
                self._noted = said["variable"], said["boxed"]
                self._notes_whole = said["whole"]
            case "control.nothing":
                return None
            case "control.report_failure":
                self._reports = True
            case _:
                raise self.meaningless_defect(line)
        return None

    def looks(self, said: Said, line: Line) -> None:
        """Ask for something, and execute the stated consequence if it is not so."""
        ask: Said = said["ask"]
        self.check_sentence_belongs(ask, line)
        self._told("rules.unmet", line)
        words = self._find_unmet_words(ask, line)
        if said.name == "control.ask_decide":
            self.memory.reasons[said["variable"], said["unmet"]] = unmark_variables(ask)
            answer = said["met"] if words is None else said["unmet"]
            self.memory.save_value(said["variable"], answer)
        elif words is None:
            return
        elif said.name == "control.ask" and ask.name in _WITHOUT_WORDS:
            raise self.meaningless_defect(line)
        elif said.name == "control.ask":
            raise self.failed(f"not so or not found: {words}")
        elif said.name == "control.ask_else_do":
            self.body(line.children)
        elif said["consequence"].name != "data.save_missing":
            self.consequence(said["consequence"], line)
        elif ask.name in ("data.read", "data.copy_save", "tools.run_read"):
            self.check_sentence_belongs(said["consequence"], line)
            self.saved(ask["key"], EMPTY, boxed=ask["boxed"])
        else:
            raise self.meaningless_defect(line)

    def _find_unmet_words(self, ask: Said, line: Line) -> str | None:
        """Return the words asked about the screen, if the answer is no; None if it is yes."""
        match ask.name:
            case "screen.choose":
                target = self.view.text(ask["target"])
                question = Question(CHOOSE, target, model=self.model)
                found = bool(self.recorder.ask(question))
                if found:
                    self.act(trace.OPEN, target)
            case "screen.wait_until":
                words = self.view.text(ask["condition"])
                question = Question(WAIT, words, milliseconds=ask["time"])
                found = bool(self.recorder.wait(question))
            case "screen.wait_condition":
                self.act(trace.AWAIT, str(ask["time"]))
                met = evaluate_condition(ask["condition"], self.view, self.recorder, ends=True)
                return None if met else ""
            case "screen.expect":
                question = Question(EXPECT, self.view.text(ask["condition"]))
                found = bool(self.recorder.ask(question))
            case "data.read":
                if ask["listed"] and not isinstance(ask["type"], ListShape):
                    raise Defect("an empty list is told of what is no list", line.text)
                source = self.view.text(ask["source"])
                question = Question(READ, source, shape=ask["type"], model=self.model)
                found = self.keep(ask, question)
            case "data.copy_check" | "data.copy_save":
                question, found = self._check_copied_text(ask, line)
            case "tools.run_read":
                question, found = self._read_printed_output(ask)
            case _:
                raise self.meaningless_defect(line)
        return None if found else question.text

    def _read_printed_output(self, ask: Said) -> tuple[Question, bool]:
        """Ask whether the last command succeeded, if the bullet says so, and what it printed."""
        if ask["checked"]:
            worked = Question(COMMAND, self._command)
            if not self.recorder.ask(worked):
                return worked, False
        question = Question(OUTPUT, self._command, shape=ask["type"])
        found = self.keep(ask, question)
        return question, found

    def keep(self, said: Said, question: Question) -> bool:
        """Save the answer of the world; return whether there is one."""
        key: str = said["key"]
        self.recorder.hint(key=key)
        found = self.recorder.ask(question)
        if found in (None, "", EMPTY):
            return False
        value = convert_to_saved(found, question.shape)
        value = take_braces_apart(value) if "rules.apart" in self.rules else value
        self.saved(key, value, boxed=said["boxed"])
        return True

    def _check_copied_text(self, ask: Said, line: Line) -> tuple[Question, bool]:
        """Check that a copied text is there, and on the screen; it may be saved as a value.

        Only the text in the instruction is known.
        """
        text = self._resolve_copied_text(ask)
        question = Question(COPY, self.view.text(ask["source"]))
        self.recorder.hint(key=str(ask["text"][-1]))
        found = self.recorder.ask(question)
        if found not in (None, "", EMPTY) and text not in (spell_platform_value(found), EMPTY):
            raise Defect("another text is checked than was copied", line.text)
        if text == EMPTY or ask.name == "data.copy_check":
            return question, text != EMPTY
        if ask["text"][-1] != ask["key"]:
            raise Defect("another text is saved than was copied", line.text)
        value = read_as(text, ask["type"])
        if value is None:
            return question, False
        self.saved(ask["key"], value, boxed=ask["boxed"])
        return question, True

    def _resolve_copied_text(self, said: Said) -> str:
        """Return a copied text as the instruction has it; `__EMPTY__` if there is none."""
        path: PathParts = said["text"]
        own = path[0] == SAVED
        text = spell_platform_value(
            self.view.value(path) if own else self.view.fill_in_variable(path)
        )
        spells = re.search(r"\{[{$]", text) is not None
        return EMPTY if text == "" or (said["apart"] and spells) else text

    def copy_empty(self, said: Said) -> None:
        if self._resolve_copied_text(said) == EMPTY:
            self.saved(said["key"], EMPTY)

    def append_numbered(self, said: Said, entry: Any, line: Line) -> None:
        """Save an entry under the next number after those that this agent knows."""
        key: str = said["key"]
        count = f"{key}_count"
        if count not in self.view.saved | self.view.handed.keys():
            raise Defect("nobody told how many entries a list has", line.text)
        before = spell_platform_value(self.view.known(count))
        if not re.fullmatch(r"[0-9]+", before):
            raise Defect(f"`{before}` entries are no number", line.text)
        number = int(before) + 1
        self.saved(count, number)
        self.memory.save_value(f"{key}_{number}", entry)

    def append(self, said: Said, added: list[Any], line: Line) -> None:
        """Save a list with more entries, the only ones if there is no list yet."""
        key: str = said["key"]
        _, *path = said["mark"]
        if path != [key]:
            raise Defect("a list grows under the name of another", line.text)
        before = self.view.value(said["mark"])
        entries = [] if before in ("", EMPTY) else before
        if not isinstance(entries, list):
            raise Defect("an entry is added to what is no list", line.text)
        self.saved(key, [*entries, *added])

    def handed(self, name: str, line: Line) -> Any:
        """Return a value saved by another call, which must be JSON so that its end is clear."""
        found = self.view.fill_in_variable((name,))
        known = name in self.memory.values
        if known and isinstance(found, str) and found not in ("", EMPTY):
            raise Defect(f"a text is handed over bare as `{name}`", line.text)
        return from_json(spell_platform_value(found)) if known else found
