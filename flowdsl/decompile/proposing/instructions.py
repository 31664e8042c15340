"""Builds statements from the instructions of a prompt that mean what statements mean.

`clauses` and `decisions` parse a line; here it is decided which sentences belong together. What is
not understood stays prose, with all of its line that may depend on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby, pairwise
from typing import Literal

from flowdsl.ir import nodes
from flowdsl.ir.lowering.statements import rounds_reason
from flowdsl.ir.lowering.values import negate_condition
from flowdsl.ir.walk import walk
from flowdsl.prompt.likeness import like_a_sentence
from flowdsl.source.record import Record, replace

from ..model import NOWHERE, PromptHints
from ..writing.type_names import source_name
from ..writing.value_types import unwrap_optional
from . import clauses
from .builders import Builders, find_paths
from .clauses import Clause
from .sentences import decisions, repetitions, rules
from .statements import (
    MOST_ENTRIES,
    chain_statements,
    find_plain_choice,
    is_leap,
    make_abort,
    make_decision,
    make_extract,
    make_leap,
    make_loop,
    make_wait_until,
)
from .wording import (
    LONGEST,
    NUMBERS,
    as_sentence,
    has_condition_words,
    mask,
    points_back,
    starts_with_act,
    strip_condition_that,
    strip_markdown,
)

_FOCUSED = nodes.Extract | nodes.Expect | nodes.If
"""Statements of agents that see nothing of what is done after them."""

_TOOL = re.compile(
    r"(?i) \((?:use )?focused_action\)|,? (?:with|using|mit) (?:the |a )?focused_action"
    r"|(?:use|let|have|ask) (?:the |a )?focused_action,?(?: to)? |mit focused_action "
    r"| \((?:start_loop|save_screenshot_as_run_attachment)\)"
)
_OF_COMMAND = (
    r"(?i)(?:the |its |das |der |die )?(?:command|script|terminal|befehl|skript|exit code|output)\b"
)
"""How a condition begins that is about what a command prints."""
_RETRIES = re.compile(
    r"(?i)\b(?:again|once more|retry|nochmals?|erneut|times? out|time-?out|too long|errors?|fehler|"
    r"nothing happens)\b|n['’]t\b"
)
"""What a sentence says that tells what to do where something has not come."""
_DENIAL = (
    r"(?i)(?:not|no|nicht|nein|(?:it|this|that|they|one|he|she)(?: is| are| was| does| do| has|"
    r"['’]s)?(?:n['’]t| not)(?: so)?)"
)
_ASSENT = r"(?i)(?:yes|so|ja|(?:it|this|that|they) (?:is|are|does|do|has|have))"
_KEY_PRESSED = r"(?i)(?:please )?(?:press|hit|drücke?)\b"
_OF_A_THING = r"(?i)(?:it|they|es|er|sie)\b"
"""How a condition begins that is about a thing, which no sentence about a key names."""
_PROHIBITION = r"(?i)(?:please )?(?:do not|don['’]t|never|niemals|nicht|kein)\b"
_WAITS = r"(?i)(?:please )?(?:wait|give it|wart\w*)\b|.{1,20} warten\W*$"
_LOOKING = (
    r"(?i)(?:check|look|see|read|compare|verify|click refresh|wait|find|count|filter|search|"
    r"vergleich\w*|prüf\w*|such\w*|warte\w*|lies)\b"
)
_CHECKING = r"(?i)^(?:please )?(?:check|verify|make sure|ensure|confirm)(?: that| if| whether)? "


_RUNS = r"(?i)(?:(?:then )?(?:run|execute) (?:\"|\S+-\w)|(?:use )?execute_terminal)"

_SAVES = re.compile(
    r"(?i)\b(?:saved?|file name|path|print|download|export|ends up|speicher\w*|ablage|ablegen|"
    r"druck\w*|herunter\w*|landet)\b"
)
"""A word of a line that names where a file is saved."""

_MAIN_AGENT = nodes.Capture | nodes.Export | nodes.Copy | nodes.Run

_ENDS = ("abort", "finish", "give_up")
"""Kinds of clauses that end the run."""

_WITHOUT_METHOD = ("prose", "store")
"""Kinds of clauses that no method of `Builders` makes statements of."""

_PRONOUN = re.compile(
    r"(?i)(?:(?!\b(?:the|a|an|this|that|\w+['’]s) )[^.])*?\b(?:it|its|them|they|that one)\b"
)
"""The beginning of a text with a pronoun, and no noun before it that it could mean."""
_OF_MAIN_AGENT_ALONE = nodes.Loop | nodes.Repeat | nodes.Retry | nodes.Run | nodes.Step
_SKIPS = re.compile(
    r"(?i)\bskip|überspring|\b(?:not|don['’]t) (?:continue|proceed|go on)\b|nicht weiter"
)
_OF_MAIN_AGENT = re.compile(
    r"(?i)\b(?:screenshots?|bildschirmfotos?|attach|export|clipboard|zwischenablage|tool|"
    r"stop|halt|abort|cancel|terminate|quit|exit|break|give up|fail|failed|finish|"
    r"end (?:the|this|here)|the (?:task|run|loop|workflow)|brich|abbrechen|beenden?|"
    r"skip|jump|repeat|retry|again|go on|go back|return to|continue|proceed|start (?:over|from)|"
    r"next (?:one|entry|item)|otherwise|else|instead|above|earlier|before|previous|same|other|"
    r"sonst|andernfalls|überspringe\w*|wiederhole\w*|oben|vorher)\b"
)
"""Words of an act that ends the run, has a tool, or is about what is said elsewhere."""
_SEVERAL_TRIES = re.compile(
    r"(?i)\b(?:again|once more|nochmals?|erneut)\b[^.;]*\b(?:twice|zweimal|dreimal|"
    rf"(?:\d+|{NUMBERS}) ?(?:times|mal|attempts|tries|versuche))\b"
)
"""An act that is done again only so often, which a branch does not count."""
_BACK_AT_THE_TOP = re.compile(r"(?i)(?:now|finally|in the end|lastly|at last|zum schluss)\b")
"""How a sentence begins that belongs to no condition before it."""


class _Part(Record):
    """Sentences of a line with their statements, none for prose, and the state before them."""

    sentences: tuple[str, ...]
    statements: tuple[nodes.Statement, ...]
    before: tuple[dict[str, str], set[str], int]

    @property
    def decides(self) -> bool:
        """Whether an `Otherwise` may be the other case of it."""
        if not self.statements:
            return has_condition_words(self.sentences[0])
        return any(isinstance(each, nodes.If | nodes.Expect) for each in self.statements)


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
        told = _TOOL.sub("", line) if self._inside else line
        prose: list[nodes.Statement] = [self.prose(told)]
        if self._plain or "\n" in line or len(line) > LONGEST:
            return prose
        before = self._state()
        self._line, self._in_list = clauses.soften(strip_markdown(told)), entry
        self._before = ""
        self._may_leap = entry and line not in self.without_leaps
        self._has_acted = self._has_acted or starts_with_act(self._line)
        if _SAVES.search(self._line) is not None:
            self._saved_path = next(reversed(find_paths(self._line)), self._saved_path)
        end = "." if line.rstrip().endswith(".") else ""
        self._pending = []
        statements = self._read_sentences(_cut(self._line + end))
        if (
            (all(isinstance(each, nodes.Do) for each in statements) and not self._pending)
            or line in self.as_prose
            or not self.accept(line)
        ):
            self._restore(before)
            return prose
        self.rules += self._pending
        return statements

    @contextmanager
    def judged(self, *behind: str) -> Iterator[None]:
        """Read a line whose last check is judged by the lines `behind`, so that it ends no run."""
        outer = self._is_judged, self._is_retried
        opening = [sentence for each in behind for sentence in _cut(strip_markdown(each))[:1]]
        self._is_retried = any(map(tells_of_failure, opening))
        self._is_judged = any(
            decisions.judges_before(each) or decisions.parse_case(each, any_label=True) is not None
            for each in map(strip_markdown, behind)
            if not decisions.is_for_none_found(each)
        )
        try:
            yield
        finally:
            self._is_judged, self._is_retried = outer

    @property
    def said(self) -> str:
        """The sentence that a condition behind it may be about."""
        return self._said

    def read_row(self, label: str, written: str) -> list[nodes.Statement]:
        """Return the statement for a row of a table of fields: `| Place | {place} |`."""
        value = self.text(written.strip())
        typed = self._make_typing(value, self.text(label)) if len(value) == 1 else []
        return typed or [self.prose(f"{label}: {written}")]

    def read_pair(self, source: str, name: str) -> list[nodes.Statement]:
        """Return the reading of an entry `meter number -> meter`."""
        return self._read_sources(source, None, name, None)

    def decides_last(self, line: str) -> bool:
        """Whether an `Otherwise` behind a line could belong to its last sentence."""
        last = _cut(strip_markdown(line))[-1:]
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

        A sentence that a later one depends on, where that is not understood, is prose with it.
        """
        parts: list[_Part] = []
        at = 0
        while at < len(sentences):
            sentence = sentences[at]
            if self._take_ban(sentence):
                at += 1
                continue
            before, said, decided = self._state(), self._said, self._decided
            read, taken = self._read_next(sentences[at:])
            if read is None:
                self._restore(before)
                governs = decisions.governs_behind(sentence)
                taken = self._count_governed(sentences[at:]) if governs else 1
                follows = decided and decisions.points_at_decision(sentence)
                if follows or decisions.is_other_case(sentence):
                    self._take_back_decided(parts)
                self._decided = False
                if governs or re.match(_PROHIBITION, sentence) is None:
                    self._said = "" if governs else sentence
            else:
                self._decided = any(isinstance(each, nodes.If) for each in read)
                if not self._decided:
                    self._said = sentences[at + taken - 1]
                elif decisions.names_its_subject(sentence):
                    self._said = ""  # what "it" is behind it may be what it is about
                else:
                    self._said = said
            last = parts[-1].statements if parts else ()
            behind = sentences[at + taken : at + taken + 1]
            waits = read is not None and isinstance(read[-1], nodes.WaitUntil)
            if waits and (tells_of_failure(behind[0]) if behind else self._is_retried):
                self._restore(before)  # the wait would end the run first
                read = None
            opening = read[0] if read else self.prose(sentence)
            unmet = (  # a choice fails before it is asked whether there was one
                find_plain_choice(last) is not None
                and decisions.is_for_none_found(sentence)
                and chain_statements(last, opening) is None
            )
            if unmet or _loses_sight([*last[-1:], opening]):
                self._take_back(parts, len(parts) - 1)
                read = None
            parts.append(_Part(tuple(sentences[at : at + taken]), tuple(read or ()), before))
            at += taken
            self._before = " ".join((self._before, *parts[-1].sentences)).strip()
            acts = starts_with_act(sentence) and not decisions.is_again(sentence)
            if acts and not self._inside and re.match(_WAITS, sentence) is None:
                self._acted = sentence
        return self._join_parts(parts)

    def _take_back_decided(self, parts: list[_Part]) -> None:
        """Make prose of the decisions or the check that nobody can tell the other case from.

        What stands in front of them is independent of them.
        """
        first = len(parts) - 1
        deciding = [at for at, each in enumerate(parts) if each.decides]
        if deciding:
            first = deciding[-1]
            while first - 1 in deciding:
                first -= 1
        if parts:
            self._take_back(parts, first)

    def _take_back(self, parts: list[_Part], first: int) -> None:
        """Make prose of the parts of a line from one on."""
        self._restore(parts[first].before)
        parts[first:] = [replace(each, statements=()) for each in parts[first:]]

    def _join_parts(self, parts: Sequence[_Part]) -> list[nodes.Statement]:
        """Return the statements of the parts of a line, decisions about one thing as a chain."""
        statements: list[nodes.Statement] = []
        for is_prose, group in groupby(parts, key=lambda each: not each.statements):
            if is_prose:
                told = [sentence for each in group for sentence in each.sentences]
                statements.append(self.prose(_join(told)))
                continue
            for each in group:
                alone = statements and len(each.statements) == 1
                chained = chain_statements(statements, each.statements[0]) if alone else None
                statements = [*(chained or (*statements, *each.statements))]
        return statements

    def _take_ban(self, sentence: str) -> bool:
        """Take `Never press Esc in the meantime` as a rule, unless it is about a case."""
        if self._inside or not rules.is_ban(sentence):
            return False
        rule = self.text(as_sentence(sentence))
        given = all(each.sigil == "input" for each in rule if isinstance(each, nodes.Variable))
        if given:
            self._pending.append(rule)
        return given

    def _count_governed(self, sentences: Sequence[str]) -> int:
        """Return how many sentences may depend on the condition in the first one.

        A condition of its own ends them, as it does behind a decision that is understood.
        """
        if decisions.repeats(sentences[0]):
            return len(sentences)
        decision = decisions.parse_decision(sentences[0])
        opens = decision is not None and decision.opens
        if not opens and (decision is not None or decisions.tells_what_to_do(sentences[0])):
            then = sentences[0] if decision is None else decision.then
            for taken, each in enumerate(sentences[1:], start=1):
                if not (
                    points_back(each)
                    or decisions.is_other_case(each)
                    or self._may_belong(each, then)
                ):
                    return taken  # a full stop ends what it governs
            return len(sentences)
        ends = (
            at
            for at in range(1, len(sentences))
            if decisions.begins_decision(sentences[at]) or (at > 1 and _ends(sentences[at - 1]))
        )
        return next(ends, len(sentences))

    def _read_next(self, sentences: list[str]) -> tuple[list[nodes.Statement] | None, int]:
        """Return the statements of the first sentences, and how many they are; None for prose."""
        first, following = sentences[0], sentences[1:]
        repeated = self._read_repetition(first, following)
        if repeated:
            return repeated, len(sentences)
        for read in (self._read_named, self._read_check):
            statements, taken = read(first, following)
            if statements:
                return statements, taken
        moment = self._read_moment(first)
        if moment:
            return moment, 1
        rounds = self._read_rounds(first)
        if rounds:
            return rounds, 1
        decided = self._read_question(first, following) or self._read_decision(first, following)
        if decided is not None:
            return decided
        if decisions.parse_decision(first) is not None or decisions.depends_on_before(first):
            return None, 1
        arrow = mask(first).find(" -> ")
        if any(each.kind == "read_arrow" for each in clauses.parse_clauses(first)):
            arrow = 0
        if arrow > 0 and (" " not in first[:arrow] or not starts_with_act(first)):
            return None, 1  # a case that is not understood, or a way through menus
        return self._read_clauses(first, following) or None, 1

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
        act = decisions.parse_negation(following[0])
        if parsed[-1].kind not in ("expect", "must") or act is None:
            return [], 1
        must = self.must(parsed[-1].parts) if parsed[-1].kind == "must" else []
        if must and isinstance(must[0], nodes.Expect):
            condition: nodes.Text | None = must[0].condition
        else:
            words = parsed[-1].parts.get("condition") or ""
            condition = self._readable(strip_condition_that(words))
        acts = self._read_body([act.rstrip(".!")], None)
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

    def _read_moment(self, sentence: str) -> list[nodes.Statement]:
        """Read `When the logo is displayed, press F3`: it waits for the screen, then acts."""
        completed = None if self._inside else decisions.parse_completion(sentence)
        if completed is not None:
            acts = self._read_sentences([as_sentence(completed.then)])
            is_prose = all(isinstance(each, nodes.Do) for each in acts)
            return [] if is_prose else [self.prose(f"{completed.condition}:"), *acts]
        found = decisions.parse_moment(sentence)
        condition = None if found is None else self._readable(found.condition)
        if found is None or not condition or self._inside:
            return []
        acts = self._read_sentences([as_sentence(found.then)])
        return [make_wait_until(condition, None), *acts]

    def _read_rounds(self, sentence: str) -> list[nodes.Statement]:
        """Read `While there are rows, press Delete`; empty for another sentence."""
        found = repetitions.parse_rounds(sentence)
        if found is None:
            return []
        attempts = repetitions.parse_attempts(found.act)
        condition = self.condition(found.condition) if found.holds else None
        if attempts is not None and condition is not None:
            return self._make_attempts(condition, attempts) or []
        with self.inside_rounds():
            body = self._read_body([found.act], None)
        return self.make_rounds(found, body or [])

    def make_rounds(
        self, found: repetitions.Rounds, body: Sequence[nodes.Statement]
    ) -> list[nodes.Statement]:
        """Return the rounds of a body, with the bound that loops have; empty for no body."""
        condition = self.condition(found.condition)
        if condition is None or not body or any(map(is_leap, body)):
            return []
        until = negate_condition(condition) if found.holds else condition
        reason = rounds_reason(MOST_ENTRIES, until, looks_first=True)
        return [
            nodes.Repeat(
                origin=NOWHERE,
                until=until,
                looks_first=True,
                limit=MOST_ENTRIES,
                delay_milliseconds=found.pause_milliseconds,
                body=tuple(body),
                otherwise=make_abort(reason),
            )
        ]

    def _read_question(
        self, sentence: str, following: Sequence[str]
    ) -> tuple[list[nodes.Statement], int] | None:
        """Read `Is there an address? Then choose E-mail, otherwise Print.`"""
        if not sentence.rstrip().endswith("?") or not following:
            return None
        if re.match(r"(?i)\w+(?:n['’]t| (?:it|they|this|that|er|sie|es)) ", sentence):
            return None  # "Isn't there one?" expects its answer, and "it" is in no agent's words
        fact = decisions.state_question(sentence)
        behind = re.match(r"(?i)(?:then|dann),? |(?:if )?(?:yes|so|ja)[,:]? ", following[0])
        if re.match(r"(?i)(?:save|store|note|record|write|set)\b", following[0]):
            return None  # the answer is saved
        if behind is None and (" yes" in fact or not starts_with_act(following[0])):
            return None
        act = following[0][behind.end() if behind is not None else 0 :].rstrip(".!")
        found = decisions.parse_decision(f"If {fact}, then {act}")
        if found is None:
            return None
        if following[0].endswith(";") and len(following) > 1:  # all of its sentence is the answer
            whole = f"{found.then}; {following[1]}".rstrip(".!")
            return self._decide(fact, whole, found.otherwise, following[2:], 3)
        return self._decide(fact, found.then, found.otherwise, following[1:], 2)

    def _read_decision(
        self, sentence: str, following: Sequence[str]
    ) -> tuple[list[nodes.Statement], int] | None:
        """Read a sentence that decides, with what behind it belongs to it."""
        found = decisions.parse_decision(sentence)
        if found is None:
            return None
        condition = found.condition
        points = decisions.points_at_before(condition) and not decisions.shows_text(condition)
        if found.behind and points:
            return None  # "it" is in the act, not in the sentence before
        return self._decide(
            condition,
            found.then,
            found.otherwise,
            following,
            1,
            opens=found.opens and not self._before,
            unless=found.unless,
        )

    def _decide(
        self,
        words: str,
        then: str,
        otherwise: str | None,
        following: Sequence[str],
        taken: int,
        *,
        opens: bool = False,
        unless: bool = False,
    ) -> tuple[list[nodes.Statement], int] | None:
        """Return the `if` of a condition, and how many sentences it took; None if it is none.

        A full stop ends what a condition governs, but for a sentence that points at it or that is
        the act of which the condition only told why.
        """
        condition = self._condition_of(words)
        if condition is None:
            return None
        rest = list(following)
        attempts = repetitions.parse_attempts(then)
        if attempts is None and otherwise is None and rest:
            behind = repetitions.parse_attempts(rest[0])
            if behind is not None and not behind.act:
                attempts = replace(behind, act=then)
                taken += 1
        if attempts is not None and otherwise is None and not unless:
            made = self._make_attempts(condition, attempts)
            return None if made is None else (made, taken)
        belonging: list[str] = []
        while otherwise is None and rest and self._belongs(rest, then, belonging, opens):
            belonging.append(rest.pop(0))
        others = [otherwise] if otherwise is not None else []
        if otherwise is None and rest:
            otherwise = decisions.parse_negation(rest[0]) or decisions.parse_otherwise(rest[0])
            if otherwise is not None:
                others = [otherwise]
                rest.pop(0)
                decides = decisions.parse_decision(otherwise) is not None
                while decides and rest and decisions.parse_otherwise(rest[0]) is not None:
                    others.append(rest.pop(0))  # "Else if B, y. Else z": z is for neither
        taken += len(following) - len(rest)
        if rest and self._may_belong(rest[0], then):
            return None
        denied = re.fullmatch(_DENIAL, words) is not None
        said = re.sub(_CHECKING, "", self._said.rstrip(".,;:! "))
        reason = f"not so: {said}" if denied else words
        body = self._read_body([then, *belonging], None if unless else reason)
        told = [each.rstrip(".!") for each in others]
        other = self._read_body(told, reason if unless else None) if told else []
        if body is None or other is None or self.freezes(condition, [*body, *other]):
            return None
        if unless:
            body, other = other, body
        branch = nodes.Branch(origin=NOWHERE, condition=condition, body=tuple(body))
        decision = nodes.If(origin=NOWHERE, branches=(branch,), otherwise=tuple(other))
        if not body and other:
            turned = make_decision(condition, body, other)
            return None if turned is None else ([turned], taken)
        return ([decision], taken) if body else None

    def _make_attempts(
        self, condition: nodes.Condition, found: repetitions.Attempts
    ) -> list[nodes.Statement] | None:
        """Return the rounds of `press F5 again, at most 3 times`, as long as a condition holds."""
        with self.inside_rounds():
            body = self._read_body([found.act], None) if found.act else None
        other = self._read_body([found.otherwise], None) if found.otherwise else []
        if not body or other is None or self.freezes(condition, [*body, *other]):
            return None
        until = negate_condition(condition)
        reason = rounds_reason(found.most, until, looks_first=True)
        return [
            nodes.Repeat(
                origin=NOWHERE,
                until=until,
                looks_first=True,
                limit=found.most,
                delay_milliseconds=found.pause_milliseconds,
                body=tuple(body),
                otherwise=tuple(other) or make_abort(reason),
            )
        ]

    def _belongs(
        self, rest: Sequence[str], then: str, belonging: Sequence[str], opens: bool
    ) -> bool:
        """Whether the first sentence behind a decision is part of its consequence."""
        sentence = rest[0]
        checked = clauses.parse_clauses(belonging[-1])[-1].kind if belonging else ""
        if opens and checked in ("must", "expect") and decisions.parse_otherwise(sentence):
            return True
        if decisions.begins_decision(sentence) or decisions.parse_otherwise(sentence) is not None:
            return False
        if re.match(
            r"(?i)(?:(?:.* )?in (?:that|this) case|in diesem fall|this|that|these|it is not|"
            r"then it)\b",
            sentence,
        ):
            return True
        if opens and not _ends(then):
            return True
        leaves = re.search(r"(?i)\b(?:next|nächste\w*)\b", then) is not None
        told = not decisions.is_consequence(then) and not belonging and not leaves
        return told and starts_with_act(re.sub(r"(?i)^(?:then|dann),? ", "", sentence))

    def _may_belong(self, sentence: str, then: str) -> bool:
        """Whether nobody can tell if a sentence behind a decision is part of its consequence."""
        if decisions.begins_decision(sentence) or _BACK_AT_THE_TOP.match(sentence) is not None:
            return False
        if _ends(then):
            return False
        opens = re.search(r"(?i)\b(?:new|add|neu\w*|anlegen)\b", then) is not None
        opens = opens or re.match(_PROHIBITION, then) is not None  # and what to do in place of it
        return re.match(r"(?i)(?:then|dann)\b", sentence) is not None or (
            opens and starts_with_act(sentence)
        )

    def _condition_of(self, words: str) -> nodes.Condition | None:
        """Return a condition, with the sentence before it if it is about that."""
        words = words.strip(" ,")
        said = self._said.strip().rstrip(".!:?,;").rstrip()
        if re.search(r"(?i)\bder (?:e-?)?mail\b", self._before):
            return None  # what a mail in the prompt says is not on the screen
        if re.fullmatch(r"(?i)there (?:is|are)|(?:neither|none|both)(?: of them)?", words):
            return None
        if re.match(_OF_COMMAND, words):
            return None  # what a command prints is on no screen
        question = decisions.parse_question(self._said)
        said = question or _TOOL.sub("", said)
        points = points_back(said) or re.search(r"(?i)\b(?:both|them|these|those)$", said)
        tool = re.search(
            r"\b[a-z]+_[a-z]+_[a-z_]+\b|focused_action|(?i:^(?:then )?(?:run|execute) \")",
            mask(said),
        )
        keyed = re.match(_KEY_PRESSED, said) is not None and re.match(_OF_A_THING, words)
        moment = re.match(r"(?i)as soon as ", said) is not None
        decides = question is None and (moment or has_condition_words(said))
        several = re.search(r": | -> | = ", mask(said))  # says more than what "it" is
        usable = bool(said) and len(said) <= 240
        usable = usable and not (points or tool or keyed or decides or several)
        if re.fullmatch(_ASSENT, words):
            usable = usable and not self._decided
            return self.condition(said) if usable else None
        if re.fullmatch(_DENIAL, words):
            tells = question is not None or re.match(_CHECKING, said) or re.match(_LOOKING, said)
            usable = usable and not self._decided and bool(tells or not starts_with_act(said))
            fact = self.condition(re.sub(_CHECKING, "", said)) if usable else None
            return None if fact is None else negate_condition(fact)
        if decisions.needs_sentence_before(words):
            acts = starts_with_act(said) and re.match(_LOOKING, said) is None
            if decisions.is_fragment(words) and question is None and acts:
                alone = len(words.split()) < 2 or re.match(_OF_A_THING, words)
                still = decisions.points_at_before(words)
                return None if alone or still else self.condition(words)
            told = self.condition(f"{said}: {words}") if usable else None
            if told is not None:
                return told
            if decisions.points_at_before(words):
                return None
        return self.condition(words)

    def _read_body(
        self, acts: Sequence[str], condition: str | None
    ) -> list[nodes.Statement] | None:
        """Return the statements of a consequence, empty for going on; None if it is none.

        Its last act may leap over what is behind it.
        """
        first = _TOOL.sub("", acts[0]).strip()
        leap = decisions.find_leap(first)
        words = "" if leap is None else leap[2]  # "skip it" may be any of several things
        skips = re.match(r"(?i)skip", words) is not None or (
            bool(words and self._nouns) and re.search(r"(?i)\bnext step\b", words) is None
        )
        if len(acts) == 1 and decisions.means_going_on(first) and not skips:
            return []
        if _SEVERAL_TRIES.search(mask(" ".join(acts))) is not None:
            return None
        text = ". ".join(_TOOL.sub("", each).rstrip(".!").rstrip() for each in acts)
        last = _cut(as_sentence(text))[-1:]
        nested = any(decisions.parse_decision(each) is not None for each in last)
        leap = None if nested else decisions.find_leap(text)
        if leap is not None and not (self._may_leap and self._can_leap(leap, condition or "")):
            return None
        text = leap[0] if leap is not None else text
        outer, said, reason, inside = self._line, self._said, self._reason, self._inside
        before = self._before
        self._reason, self._inside = condition, True
        statements: list[nodes.Statement] = []
        try:
            if text and not decisions.means_going_on(text):
                statements = self._read_sentences(_cut(as_sentence(text)))
        finally:
            self._line, self._said, self._reason, self._inside = outer, said, reason, inside
            self._before = before
        statements = [self._name_again(each) for each in statements]
        if any(map(is_beyond_agent, statements)):
            return None
        ends = [at for at, each in enumerate(statements) if isinstance(each, nodes.Leave)]
        if ends:  # what is said behind an end holds before it, and "stop!" is another end's word
            aborts = [at for at in ends if not _is_finish(statements[at])]
            end = statements[(aborts or ends)[-1]]
            statements = [each for each in statements if not isinstance(each, nodes.Leave)]
            statements.append(end)
        elif leap is not None:
            statements.append(make_leap(self.text(as_sentence(leap[2])), leap[1]))
        return statements

    def _can_leap(self, leap: tuple[str, str | None, str], condition: str) -> bool:
        """Whether a leap goes to an entry of its list, or leaves the entry of its loop."""
        if leap[1] is not None:
            return leap[1] not in self._headings
        return self.leaves_entry(leap[2], condition)

    def leaves_entry(self, words: str, condition: str) -> bool:
        """Whether the words of a leap leave the entry of the innermost loop."""
        return bool(self._nouns) and decisions.leaves_entry(words, self._nouns[-1], condition)

    def may_place(self, decision: nodes.If, between: Sequence[nodes.Statement]) -> bool:
        """Whether the agent of a decision can do what a leap leaves out."""
        inner = [each for statement in between for each in walk(statement)]
        return not any(isinstance(each, _OF_MAIN_AGENT_ALONE) for each in inner) and not (
            any(
                is_beyond_agent(each)
                or _OF_MAIN_AGENT.search(mask(_words_of(each)))
                or _PRONOUN.match(_words_of(each))
                for each in inner
                if isinstance(each, nodes.Do)
            )
            or any(self.freezes(each.condition, between) for each in decision.branches)
        )

    def freezes(self, condition: nodes.Condition, body: Sequence[nodes.Statement]) -> bool:
        """Whether a replay would take the branch of its recording, which the checker refuses.

        It would where the main agent has to act, in a loop or for a value that decides.
        """
        seen = any(isinstance(each, nodes.Sees) for each in walk(condition))
        acts = any(isinstance(inner, _MAIN_AGENT) for each in body for inner in walk(each))
        ends = any(_is_finish(inner) for each in body for inner in walk(each))
        return (acts or ends) and (bool(self._entries) or not seen)

    def _name_again(self, statement: nodes.Statement) -> nodes.Statement:
        """Return a `do` that does something again with what that is."""
        words = _words_of(statement)
        if not isinstance(statement, nodes.Do) or not decisions.is_again(words):
            return statement
        told = self._before or self._said
        if all(re.match(_WAITS, each) is not None for each in _cut(told)):
            told = self._acted
        verb = re.match(r"(?i)(?:(?:please|then|and|just|simply) )*(\w+)", words)
        same = verb is not None and (
            re.search(r"(?i)\b(?:try|repeat|retry|redo|do|wiederhol\w*|versuch\w*)\b", words)
            or re.search(rf"(?i)\b{verb[1]}\b", told)
        )
        before = self.text(f" ({told.rstrip('.')}).") if starts_with_act(told) and same else ()
        if not before or len(told) > 300:
            return replace(statement, text=(nodes.TextPiece(value="step 0"),))  # refused
        text = statement.text
        last = text[-1]
        if isinstance(last, nodes.TextPiece):
            text = (*text[:-1], nodes.TextPiece(value=last.value.rstrip(".")))
        return replace(statement, text=(*text, *before))

    def read_cases(
        self, question: str | None, cases: Sequence[str], *, may_leap: bool
    ) -> list[nodes.Statement] | None:
        """Return the `if` of a question with its cases; None unless all are understood."""
        self._may_leap = may_leap
        told = self._before
        branches: list[nodes.Branch] = []
        other: list[nodes.Statement] = []
        for case in map(strip_markdown, cases):
            otherwise = decisions.parse_otherwise(case)
            found = decisions.parse_case(case, any_label=True)
            if otherwise is not None and branches and not other:
                body = self._read_body([otherwise], None)
                if body is None:
                    return None
                other = body
                continue
            if found is None or other or is_label_of_act(found.condition):
                return None
            if branches and re.match(
                r"(?i)(?:still|again|immer noch)\b|.* again$", found.condition
            ):
                return None  # behind the act of the case before
            rest = found.then if found.otherwise is None else case[len(found.condition) :]
            rest = re.sub(r"^(?:: | -> | = )", "", rest)
            label = found.condition
            if not question and decisions.needs_sentence_before(label):
                return None
            words = f"{question}: {label}" if question else label
            condition = self.condition(words)
            self._said, self._before = words, question or told
            body = self._read_body(_cut(rest), words)
            if (
                condition is None
                or body is None
                or has_inner_leap(body)
                or self.freezes(condition, body)
            ):
                return None
            branches.append(nodes.Branch(origin=NOWHERE, condition=condition, body=tuple(body)))
        if not branches:
            return None
        return [nodes.If(origin=NOWHERE, branches=tuple(branches), otherwise=tuple(other))]

    def _read_clauses(self, sentence: str, following: Sequence[str]) -> list[nodes.Statement]:
        """Return the statements of a sentence without a decision; empty if all of it is prose."""
        parsed = clauses.parse_clauses(sentence)
        if parsed[0].kind == "prose" and re.match(r"(?i)bei\b", sentence):
            return []  # "bei Abweichung Esc drücken" is about a case
        if decisions.begins_with_verb(sentence) or decisions.tells_case_before_dann(sentence):
            return []
        judging = [each for each in following if not decisions.is_for_none_found(each)]
        depends = self._is_judged or any(map(decisions.judges_before, judging))
        if depends and any(each.kind in ("expect", "choose", "must") for each in parsed):
            return []
        if any(each.kind == "prose" and has_condition_words(each.text) for each in parsed):
            return []
        if not self._inside and any(each.kind in _ENDS for each in parsed):
            return []  # "Try three times, then fail" is not the end of every run
        statements = self._build_clauses(parsed)
        if all(isinstance(each, nodes.Do) for each in statements) or _loses_sight(statements):
            return []
        return statements

    def _build_clauses(self, parsed: Sequence[Clause]) -> list[nodes.Statement]:
        """Return the statements of clauses, with a `do` for each that is prose."""
        statements: list[nodes.Statement] = []
        for at, clause in enumerate(parsed):
            described = parsed[at - 1] if at else None
            told = self._said if described is None else described.text
            if clause.kind in ("expect", "must") and re.match(_RUNS, told):
                statements.append(self.prose(as_sentence(clause.text)))
                continue  # what a command prints is on no screen
            if clause.kind == "store" and described is not None and described.kind == "prose":
                read = self._read_into(described.text, clause.parts["names"] or "")
                if read:
                    statements[-1:] = read
                    continue
            built = (
                [] if clause.kind in _WITHOUT_METHOD else getattr(self, clause.kind)(clause.parts)
            )
            signs_in = described is not None and described.kind in ("type_unnamed", "type_pairs")
            if clause.kind == "press" and signs_in and isinstance(statements[-1], nodes.Do):
                del statements[-1]  # the key is what signs in
            statements += built or [self.prose(as_sentence(clause.text))]
        # "Stop here and save x" ends after it has saved.
        leaving = [each for each in statements if _is_finish(each)]
        return [*(each for each in statements if not _is_finish(each)), *leaving]

    def _read_repetition(self, plain: str, following: Sequence[str]) -> list[nodes.Statement]:
        """Read `For each row in {rows}, do X.` with the rest of its line, which is about rows."""
        found = repetitions.parse_repetition(plain)
        whole = found is not None and re.search(r"(?i)\bdo (?:the following|this)|^jede\w* ", plain)
        if found is None or (not found.then and not (whole and following)):
            return []
        entry = "{" + found.noun.lower().replace(" ", "_")
        colon = re.match(r"[^:]*\}\}?:", plain)
        if following and not (whole or colon or any(entry in each for each in following)):
            return []
        acts = [as_sentence(found.then)] if found.then else []
        with self.inside_loop(found):
            body = self._read_sentences([*acts, *following])
        return self.make_loop(found, body)

    def make_loop(
        self, found: repetitions.Repeating, body: Sequence[nodes.Statement]
    ) -> list[nodes.Statement]:
        """Return the loop over a list, which is read first if it is on the screen; empty for none.

        A loop in a loop is none.

        What has to be read stands in front of the loop.
        """
        if self._nouns:
            return []  # source has no loop in a loop
        found = self.name_items(found)
        read: list[nodes.Statement] = []
        field = self._inputs.get(found.items)
        sigil: Literal["input", "runtime"] = "input"
        if field is None and not found.where:
            field, sigil = self._outputs.get(found.items), "runtime"
            if found.items not in self._set | self._named:
                return []
        inner = None if field is None else unwrap_optional(field.type)
        saved = sigil == "runtime" and not isinstance(inner, nodes.ListType)
        if found.where or saved:
            german = re.match(r"(?i)(?:in|auf|aus) de[rm] ", found.where) is not None
            plural = f"{found.noun.lower()}_liste" if german else f"{found.noun}s"
            name = source_name(plural, self._taken() | {found.items})
            texts = nodes.ListType(element=nodes.ScalarType(name="string"))
            where = found.where or f"in {{{{{found.items}}}}}"
            words = self._readable(f"each {found.noun} {where}")
            if not words:
                return []
            field, sigil = nodes.FieldSpec(name=name, type=texts), "runtime"
            self._set.add(name)
            read = [make_extract(name, texts, words)]
        loop = make_loop(found.noun, field, self._taken(), body, sigil)
        return [] if loop is None else [*read, loop]


def tells_of_failure(sentence: str) -> bool:
    """Whether a sentence tells what to do where something that was waited for has not come."""
    return has_condition_words(sentence) and _RETRIES.search(mask(sentence)) is not None


def _cut(line: str) -> list[str]:
    """Cut a line into sentences, also in front of a decision inside one."""
    return [each for part in clauses.cut_sentences(line) for each in decisions.cut_decisions(part)]


def _join(sentences: Sequence[str]) -> str:
    """Join sentences that stay prose; one whose rest became a statement ends with a full stop."""
    text = " ".join(sentences)
    return f"{text[:-1]}." if text.endswith((",", ";")) else text


def _words_of(statement: nodes.Statement) -> str:
    """The words of a `do`; empty for another statement."""
    pieces = statement.text if isinstance(statement, nodes.Do) else ()
    return "".join(each.value if isinstance(each, nodes.TextPiece) else "x" for each in pieces)


def _needs_main_agent(statement: nodes.Statement) -> bool:
    """Whether a `do` names a tool, which the agent of an `if` does not have."""
    return (
        re.search(
            r"(?i)\b[a-z]+_[a-z]+_[a-z_]+\b|\bfocused_action\b|\bdeclare task failed\b|\b(?:take|"
            r"make|mache?|save) "
            r"(?:(?:an?|the|another|one|einen) )?(?:screenshot|bildschirmfoto)|"
            r"\b(?:screenshot|bildschirmfoto) machen\b|\bmark .{1,60} for export\b",
            _words_of(statement),
        )
        is not None
    )


def is_beyond_agent(statement: nodes.Statement) -> bool:
    """Whether a `do` needs a tool or names a step that its agent has not, or ends more than it."""
    return any(
        _needs_main_agent(each)
        or decisions.needs_other_steps(_words_of(each))
        or decisions.is_beyond_case(_words_of(each))
        or _SKIPS.search(mask(_words_of(each))) is not None
        for each in walk(statement)
        if isinstance(each, nodes.Do)
    )


def has_inner_leap(body: Sequence[nodes.Statement]) -> bool:
    """Whether a leap stands inside a statement of a body, from where no `else` can say it."""
    return any(is_leap(inner) for each in body if not is_leap(each) for inner in walk(each))


def is_label_of_act(label: str) -> bool:
    """Whether what looks like the label of a case is an instruction: `If empty`, `Click Save`."""
    return (
        starts_with_act(label) or re.match(r"(?i)(?:if|when|falls|wenn|note)\b", label) is not None
    )


def _ends(act: str) -> bool:
    """Whether an act ends the run."""
    return any(each.kind in _ENDS for each in clauses.parse_clauses(act)[-1:])


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
