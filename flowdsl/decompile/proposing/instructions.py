"""Builds statements from the instructions of a prompt that mean what statements mean.

`clauses` and `decisions` parse a line; here it is decided which sentences belong together. What is
not understood stays prose, with all of its line that may depend on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import negate_condition
from flowdsl.prompt.likeness import like_a_sentence
from flowdsl.source.record import replace

from ..model import NOWHERE, PromptHints
from . import clauses, decisions
from .builders import Builders
from .clauses import Clause
from .statements import make_choose, make_decision, make_loop
from .wording import (
    LONGEST,
    as_sentence,
    has_condition_words,
    mask,
    starts_with_act,
    strip_condition_that,
    strip_markdown,
)

_FOCUSED = nodes.Extract | nodes.Expect | nodes.If
"""Statements of agents that see nothing of what is done after them."""

_WITHOUT_METHOD = ("prose", "store")
"""Kinds of clauses that no method of `Builders` makes statements of."""

_PRONOUN = re.compile(
    r"(?i)(?:(?!\b(?:the|a|an|this|that|\w+['’]s) )[^.])*?\b(?:it|its|them|they|that one)\b"
)
"""The beginning of a text with a pronoun, and no noun before it that it could mean."""
_BACK_AT_THE_TOP = re.compile(r"(?i)(?:now|finally|in the end|lastly|at last|zum schluss)\b")
"""How a sentence begins that belongs to no condition before it."""


class Instructions(Builders):
    """Parses instructions one after another, and records which variables they set.

    Lines in `refused` are left as prose.
    """

    def plain(self) -> Instructions:
        """Return a parser that makes every line a `do`."""
        reader = Instructions(PromptHints((), (), (), {}))
        reader._plain = True
        reader._inputs, reader._outputs = self._inputs, self._outputs
        reader._variable = self._variable
        return reader

    def read(self, line: str, *, entry: bool = False) -> list[nodes.Statement]:
        """Return the statements for a line; one `do` if nothing in it is more than prose.

        `entry` says that it is one of a list.
        """
        prose: list[nodes.Statement] = [self.prose(line)]
        if self._plain or "\n" in line or len(line) > LONGEST:
            return prose
        before = self._state()
        self._line, self._in_list = strip_markdown(line), entry
        self._has_acted = self._has_acted or starts_with_act(self._line)
        end = "." if line.rstrip().endswith(".") else ""
        statements = self._read_sentences(clauses.cut_sentences(self._line + end))
        if (
            all(isinstance(each, nodes.Do) for each in statements)
            or _loses_sight(statements)
            or not self.accept(line)
        ):
            self._restore(before)
            return prose
        return statements

    def read_row(self, label: str, written: str) -> list[nodes.Statement]:
        """Return the statement for a row of a table of fields: `| Place | {place} |`."""
        value = self.text(written.strip())
        typed = self._make_typing(value, self.text(label)) if len(value) == 1 else []
        return typed or [self.prose(f"{label}: {written}")]

    def decides_last(self, line: str) -> bool:
        """Whether an `Otherwise` behind a line could belong to its last sentence."""
        last = clauses.cut_sentences(strip_markdown(line))[-1:]
        return any(decisions.parse_decision(each) is not None for each in last)

    def accept(self, line: str) -> bool:
        """Note a line that was recognised, and return whether it may become statements."""
        if self._plain:
            return False
        self.recognized.append(line)
        return line not in self._refused

    def read_rules(self, lines: Sequence[str]) -> bool:
        """Take remarks as rules for the whole task, unless one holds a value of the run."""
        rules = [self.text(re.sub(r"^> ?", "", line)) for line in lines]
        kinds = {
            piece.sigil for rule in rules for piece in rule if isinstance(piece, nodes.Variable)
        }
        if not lines or not kinds <= {"input"} or not self.accept("\n".join(lines)):
            return False
        self.rules += rules
        return True

    def prose(self, text: str) -> nodes.Statement:
        """Return a `do` with a text; a line in the very words of a statement asks politely."""
        lines = [
            f"Please {line[:1].lower()}{line[1:]}" if like_a_sentence(line) else line
            for line in text.split("\n")
        ]
        return nodes.Do(origin=NOWHERE, text=self.text("\n".join(lines)))

    def _read_sentences(self, sentences: list[str]) -> list[nodes.Statement]:
        """Return the statements of the sentences of a line; neighbours that are prose are one `do`.

        From a condition that is not understood on, the rest may depend on it and is prose.
        """
        statements: list[nodes.Statement] = []
        prose: list[str] = []
        at = 0
        while at < len(sentences):
            before = self._state()
            read, taken = self._read_next(sentences[at:])
            if not read:
                self._restore(before)
                governs = has_condition_words(sentences[at]) and not decisions.is_event(
                    sentences[at]
                )
                taken = self._count_governed(sentences[at:]) if governs else 1
                prose += sentences[at : at + taken]
            else:
                if prose:
                    statements.append(self.prose(" ".join(prose)))
                    prose = []
                statements += read
            at += taken
        if prose:
            statements.append(self.prose(" ".join(prose)))
        return statements

    def _count_governed(self, sentences: Sequence[str]) -> int:
        """Return how many sentences may depend on the condition in the first one.

        A condition of its own ends them, as it does behind a decision that is understood.
        """
        ends = (at for at in range(1, len(sentences)) if decisions.begins_decision(sentences[at]))
        return next(ends, len(sentences))

    def _read_next(self, sentences: list[str]) -> tuple[list[nodes.Statement], int]:
        """Return the statements of the first sentences, and how many they are; empty for prose."""
        first, following = sentences[0], sentences[1:]
        repeated = self._read_repetition(first, following)
        if repeated is not None:
            return [repeated], len(sentences)
        for read in (self._read_named, self._read_check, self._read_decision):
            statements, taken = read(first, following)
            if statements:
                return statements, taken
        if decisions.parse_decision(first) is not None or decisions.depends_on_before(first):
            return [], 1
        if " -> " in mask(first) and not starts_with_act(first):
            return [], 1  # a case that is not understood, or a way through menus
        return self._read_clauses(first, following), 1

    def _read_named(
        self, sentence: str, following: Sequence[str]
    ) -> tuple[list[nodes.Statement], int]:
        """Read `Read the fee and the tax. Save them as fee, tax, and press Enter.`"""
        behind = clauses.parse_clauses(following[0]) if following else []
        if not behind or behind[0].kind != "store" or has_condition_words(sentence):
            return [], 1
        statements = self._read_into(sentence, behind[0].parts["names"] or "")
        if not statements:
            return [], 1
        return [*statements, *self._build_clauses(behind[1:])], 2

    def _read_check(
        self, sentence: str, following: Sequence[str]
    ) -> tuple[list[nodes.Statement], int]:
        """Read `Check that X. If it isn't, do Y`: to fail is an `expect`, else it is an `if`."""
        if not following or has_condition_words(sentence):
            return [], 1
        parsed = clauses.parse_clauses(sentence)
        missing = decisions.parse_unless_found(following[0])
        if missing is not None and parsed[-1].kind == "choose":
            target = self._readable(parsed[-1].parts["target"])
            ends = self._read_consequence(missing, None) or []
            if not target or len(ends) != 1 or not isinstance(ends[0], nodes.Leave):
                return [], 1
            choice = replace(make_choose(target), otherwise=tuple(ends))
            return [*self._build_clauses(parsed[:-1]), choice], 2
        act = decisions.parse_negation(following[0])
        if parsed[-1].kind != "expect" or act is None or not self._may_follow(following[1:], act):
            return [], 1
        condition = self._readable(strip_condition_that(parsed[-1].parts["condition"] or ""))
        acts = self._read_consequence(act, None)
        if not condition or not acts:
            return [], 1
        before = self._build_clauses(parsed[:-1])
        if len(acts) == 1 and isinstance(acts[0], nodes.Leave) and acts[0].reason:
            check: nodes.Statement = nodes.Expect(
                origin=NOWHERE, condition=condition, otherwise=tuple(acts)
            )
        else:
            decision = make_decision(negate_condition(nodes.Sees(text=condition)), acts, ())
            if decision is None:
                return [], 1
            check = decision
        return [*before, check], 2

    def _read_decision(
        self, sentence: str, following: Sequence[str]
    ) -> tuple[list[nodes.Statement], int]:
        """Read a sentence with `if`, and the `Otherwise` behind it."""
        found = decisions.parse_decision(sentence)
        if found is None:
            return [], 1
        otherwise, taken = found.otherwise, 1
        if otherwise is None and following:
            otherwise = decisions.parse_otherwise(following[0])
            taken = 1 if otherwise is None else 2
            otherwise = otherwise and otherwise.rstrip(".!")
        if otherwise is not None and has_condition_words(otherwise):
            return [], 1
        condition = self.condition(found.condition)
        alone = found.behind or self._may_follow(following[taken - 1 :], found.then)
        if condition is None or not alone:
            return [], 1
        then = self._read_consequence(found.then, found.condition)
        other = [] if otherwise is None else self._read_consequence(otherwise, None)
        if then is None or other is None:
            return [], 1
        decision = make_decision(condition, then, other)
        return ([], 1) if decision is None else ([decision], taken)

    def _may_follow(self, following: Sequence[str], act: str) -> bool:
        """Whether the sentences behind a decision do not belong to it.

        It ends the run, they begin a new decision, or they say that they are about the whole.
        """
        ends = [each.kind in ("abort", "finish") for each in clauses.parse_clauses(act)]
        return (
            not following
            or any(ends[-1:])
            or decisions.begins_decision(following[0])
            or _BACK_AT_THE_TOP.match(following[0]) is not None
        )

    def _read_consequence(self, act: str, condition: str | None) -> list[nodes.Statement] | None:
        """Return the statements of a consequence, empty for going on; None if it is no act."""
        if decisions.means_going_on(act):
            return []
        self._reason = condition
        try:
            statements = self._read_clauses(act, ())
        finally:
            self._reason = None
        if not statements and has_condition_words(act):
            return None
        statements = statements or [self.prose(as_sentence(act))]
        return None if any(map(_needs_main_agent, statements)) else statements

    def read_cases(self, question: str, cases: Sequence[str]) -> nodes.Statement | None:
        """Return the `if` of a question with its cases; None unless all are understood."""
        branches = []
        for case in map(strip_markdown, cases):
            found = decisions.parse_case(case)
            if found is None:
                return None
            condition, act = found
            text = self._readable(f"{question}: {condition}")
            self._line = act
            going_on = decisions.means_going_on(act)
            body = [] if going_on else self._read_sentences(clauses.cut_sentences(act))
            vague = any(
                _needs_main_agent(each) or decisions.needs_other_steps(_words_of(each))
                for each in body
            )
            if not text or vague or any(has_condition_words(_words_of(each)) for each in body):
                return None
            seen = nodes.Sees(text=text)
            branches.append(nodes.Branch(origin=NOWHERE, condition=seen, body=tuple(body)))
        return nodes.If(origin=NOWHERE, branches=tuple(branches), otherwise=())

    def _read_clauses(self, sentence: str, following: Sequence[str]) -> list[nodes.Statement]:
        """Return the statements of a sentence without a decision; empty if all of it is prose."""
        parsed = clauses.parse_clauses(sentence)
        depends = bool(following) and decisions.depends_on_before(following[0])
        if depends and any(each.kind in ("expect", "choose", "must") for each in parsed):
            return []
        if any(each.kind == "prose" and has_condition_words(each.text) for each in parsed):
            return []
        statements = self._build_clauses(parsed)
        if all(isinstance(each, nodes.Do) for each in statements) or _loses_sight(statements):
            return []
        return statements

    def _build_clauses(self, parsed: Sequence[Clause]) -> list[nodes.Statement]:
        """Return the statements of clauses, with a `do` for each that is prose."""
        statements: list[nodes.Statement] = []
        for at, clause in enumerate(parsed):
            described = parsed[at - 1] if at else None
            if clause.kind == "store" and described is not None and described.kind == "prose":
                read = self._read_into(described.text, clause.parts["names"] or "")
                if read:
                    statements[-1:] = read
                    continue
            built = (
                [] if clause.kind in _WITHOUT_METHOD else getattr(self, clause.kind)(clause.parts)
            )
            statements += built or [self.prose(as_sentence(clause.text))]
        # "Stop here and save x" ends after it has saved.
        leaving = [each for each in statements if _is_finish(each)]
        return [*(each for each in statements if not _is_finish(each)), *leaving]

    def _read_repetition(self, plain: str, following: Sequence[str]) -> nodes.Statement | None:
        """Read `For each row in {rows}, do X.` with the rest of its line, which is about rows."""
        found = decisions.parse_repetition(plain)
        if found is None or not found.then or has_condition_words(found.then):
            return None
        entry = "{" + found.noun.lower().replace(" ", "_")
        if following and entry not in following[-1]:
            return None
        with self.inside_loop(found):
            body = self._read_sentences([as_sentence(found.then), *following])
        return self.make_loop(found, body)

    def make_loop(
        self, found: decisions.Repeating, body: Sequence[nodes.Statement]
    ) -> nodes.Statement | None:
        """Return the loop over an input list; None if it is another value."""
        return make_loop(found.noun, self._inputs.get(found.items), self._taken(), body)


def _words_of(statement: nodes.Statement) -> str:
    """The words of a `do`; empty for another statement."""
    pieces = statement.text if isinstance(statement, nodes.Do) else ()
    return "".join(each.value if isinstance(each, nodes.TextPiece) else "x" for each in pieces)


def _needs_main_agent(statement: nodes.Statement) -> bool:
    """Whether a `do` names a tool, which the agent of an `if` does not have."""
    return (
        re.search(r"(?i)\b[a-z]+_[a-z]+_[a-z_]+\b|\bfocused_action\b", _words_of(statement))
        is not None
    )


def _is_finish(statement: nodes.Statement) -> bool:
    return isinstance(statement, nodes.Leave) and statement.action == "finish"


def _loses_sight(statements: Sequence[nodes.Statement]) -> bool:
    """Whether a `do` says `it` of what only the agent of the statement before it has seen."""
    return any(
        isinstance(before, _FOCUSED)
        and isinstance(each, nodes.Do)
        and any(
            isinstance(piece, nodes.TextPiece) and _PRONOUN.match(piece.value)
            for piece in each.text[:1]
        )
        for before, each in pairwise(statements)
    )
