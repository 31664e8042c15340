"""The texts of a run: what it asks of the screen, and the reasons for which it ends."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.source.gaps import fill_gaps_from
from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.statements import STATEMENTS
from flowdsl.syntax.texts.paragraphs import on_one_line
from flowdsl.syntax.visit import walk

from ..model import ENVIRONMENT, LOOP, RUNTIME, SECRET
from ..program import Program
from ..types import ANY, UNKNOWN, Enum, ListOf, Primitive, strip_optional
from ..values.spelling import spell_constant
from .stated import StatedWords

ACTS = ("capture", "choose", "clear", "copy", "do", "export", "press", "run", "type", "wait")
"""The words of the statements that a test can look for."""

SEES = "sees"
EXPECT = "expect"
CHOOSE = "choose"
WAIT = "wait"
RUN = "run"
"""Questions, by the words of the statements that ask them."""


class TextPattern(Record):
    """A text with values that only a run knows, which are None in `pieces`.

    `written` is the text as the source spells it. A value of a text that `is_open` may have words
    that stand nowhere, as `env` does; a secret stands there as its name.
    """

    written: str
    pieces: tuple[str | None, ...]
    is_open: bool = False

    def holds(self, part: str) -> bool:
        """Whether `part` stands in the text, whatever the values in it are."""
        return any(piece is not None and part in piece for piece in self._joined())

    def may_hold(self, part: str, words: StatedWords) -> bool:
        """Whether `part` may stand in the text, with values of words that are stated."""
        return any(self._are_stated(part, gaps, words) for gaps in self._find_alignments(part))

    def _are_stated(
        self, text: str, gaps: list[tuple[int, int]] | None, words: StatedWords
    ) -> bool:
        if gaps is None:
            return False
        return self.is_open or all(words.have(text[start:end]) for start, end in gaps)

    def _find_alignments(self, part: str) -> Iterator[list[tuple[int, int]] | None]:
        """Where in `part` the values stand, for each way in which it may be cut out of the text."""
        pieces = self._joined()
        for first, head in enumerate(pieces):
            heads: list[str | None] = [None]
            if head is not None:
                ends = (head[at:] for at in range(len(head)))
                heads = [end for end in ends if part.startswith(end)]
            for last in range(first, len(pieces)):
                tail = pieces[last]
                if last == first:
                    if tail is None:
                        yield [(0, len(part))]
                    elif part in tail:
                        yield []
                    continue
                tails: list[str | None] = [None]
                if tail is not None:
                    starts = (tail[:to] for to in range(1, len(tail) + 1))
                    tails = [start for start in starts if part.endswith(start)]
                for begin in heads:
                    for end in tails:
                        yield fill_gaps_from([begin, *pieces[first + 1 : last], end], part)

    def _joined(self) -> list[str | None]:
        """The pieces, neighbours that are known joined."""
        joined: list[str | None] = []
        for piece in self.pieces:
            if piece is not None and joined and joined[-1] is not None:
                joined[-1] += piece
            else:
                joined.append(piece)
        return joined

    def matches(self, text: str, words: StatedWords | None = None) -> bool:
        """Whether a run can make the text `text`; white space around it does not count.

        With `words`, a text of nothing but values has only those.
        """
        is_of_values = not any(piece and not piece.isspace() for piece in self.pieces)
        if words is not None and is_of_values and not self.is_open and not words.have(text):
            return False
        pieces = list(self.pieces)
        if pieces and pieces[0] is not None:
            pieces[0], text = pieces[0].lstrip(), text.lstrip()
        if pieces and pieces[-1] is not None:
            pieces[-1], text = pieces[-1].rstrip(), text.rstrip()
        return fill_gaps_from(pieces, text) is not None


_START = 24
"""Characters that patterns have in common at their beginning to be compared with the same texts."""

_COMPARED = 200
"""Patterns that one text is compared with; where more begin alike, one of them is taken to fit."""


class TextPatterns:
    """The texts that a run can come to, to find one in.

    `written` are their spellings in the source.

    A text without values is looked up. Any other is compared with what begins as it
    does: a thousand answers of a test beside a thousand questions would be a million comparisons.
    """

    def __init__(self) -> None:
        self.written: set[str] = set()
        self._every: list[TextPattern] = []
        self._known: set[str] = set()
        self._by_start: dict[str, list[TextPattern]] = {}
        self._lengths: set[int] = set()

    def append(self, pattern: TextPattern) -> None:
        """Take one more text in."""
        self.written.add(pattern.written)
        self._every.append(pattern)
        known = [piece for piece in pattern.pieces if piece is not None]
        if len(known) == len(pattern.pieces):
            self._known.add("".join(known).strip())
            return
        start = (pattern.pieces[0] or "").lstrip()[:_START]
        self._lengths.add(len(start))
        self._by_start.setdefault(start, []).append(pattern)

    def matches(self, text: str, words: StatedWords | None = None) -> bool:
        """Whether a run can come to `text`; white space around it does not count.

        With `words`, a text that consists of values alone has only those.
        """
        text = text.strip()
        if text in self._known:
            return True
        starts = {text[:length] for length in self._lengths}
        alike = [self._by_start[start] for start in starts if start in self._by_start]
        return any(
            len(patterns) > _COMPARED or any(pattern.matches(text, words) for pattern in patterns)
            for patterns in alike
        )

    def may_hold(self, part: str, words: StatedWords) -> bool:
        """Whether a run can come to a text that contains `part`, with words that are stated."""
        return any(each.may_hold(part, words) for each in self._every)

    def find_texts_holding(self, part: str) -> tuple[set[str], bool]:
        """The spellings of the texts that contain `part` for certain, and whether others may."""
        certain = {each.written for each in self._every if each.holds(part)}
        may = any(None in each.pieces and each.written not in certain for each in self._every)
        return certain, may


_ANYTHING = TextPattern("", (None,), is_open=True)


class RunTexts:
    """The texts of a run.

    `questions` has those that it asks, by the word that an answer has in a test; `aborts` and
    `finishes` hold the reasons for which it can end. `acts` has what it does, by the words of the
    statements; of a `type` that is the target, of a `wait` how long it takes. It `types_nothing`
    where a `type ""` stands: a value that is missing is not typed. `displays` are the formats of
    `type ... as`, `steps` the titles of its steps. It is not `is_whole` where a task that is called
    could not be found.
    """

    def __init__(self) -> None:
        self.is_whole = True
        self.questions = {kind: TextPatterns() for kind in (SEES, EXPECT, CHOOSE, WAIT, RUN)}
        self.acts = {verb: TextPatterns() for verb in ACTS}
        self.types_nothing = False
        self.displays = TextPatterns()
        self.steps = TextPatterns()
        self.loops: list[ast.ForStmt] = []
        self.aborts = TextPatterns()
        self.finishes = TextPatterns()


def texts_of_run(program: Program, *bodies: ast.Block) -> RunTexts:
    """The texts of some bodies, which run one after the other, and of every task they call."""
    found = RunTexts()
    pending = [*bodies]
    seen = {*bodies}
    while pending:
        for statement in program.statements(pending.pop()):
            _collect_statement_texts(program, statement, found)
            if isinstance(statement, ast.CallStmt) and statement not in program.calls:
                found.is_whole = False
            elif isinstance(statement, ast.CallStmt):
                called = program.calls[statement].declaration.body
                if called not in seen:
                    seen.add(called)
                    pending.append(called)
    return found


def _collect_statement_texts(program: Program, statement: ast.Stmt, found: RunTexts) -> None:
    """Add the texts of one statement."""
    if isinstance(statement, ast.AnnotatedStmt):
        return  # what it holds comes by itself
    _collect_act(program, statement, found)
    match statement:
        case ast.StepStmt(title=title):
            found.steps.append(_make_text_pattern(program, title))
        case ast.IfStmt(branches=branches):
            for branch in branches:
                _collect_sees(program, branch.condition, found)
        case ast.RepeatStmt(until=until, otherwise=otherwise):
            _collect_sees(program, until, found)
            own = until.text if isinstance(until, ast.SeesExpr) else None
            _collect_end(program, otherwise, own, found)
        case ast.TypeStmt() if statement in program.typed_days:
            found.questions[EXPECT].append(_ANYTHING)  # whether the field shows the day
            found.aborts.append(_ANYTHING)
        case ast.ExpectStmt(condition=text, otherwise=otherwise):
            found.questions[EXPECT].append(_make_text_pattern(program, text))
            _collect_end(program, otherwise, text, found)
        case ast.WaitUntilStmt(condition=text, otherwise=otherwise):
            found.questions[WAIT].append(_make_text_pattern(program, text))
            _collect_end(program, otherwise, text, found)
        case ast.ChooseStmt(target=text, otherwise=otherwise):
            found.questions[CHOOSE].append(_make_text_pattern(program, text))
            _collect_end(program, otherwise, text, found)
        case (
            ast.ExtractStmt(source=text, otherwise=otherwise)
            | ast.CopyStmt(source=text, otherwise=otherwise)
        ):
            _collect_end(program, otherwise, text, found)
        case ast.RunStmt(command=command, otherwise=ast.Otherwise() as otherwise):
            found.questions[RUN].append(_make_text_pattern(program, command, exact=True))
            _collect_end(program, otherwise, None, found)
        case ast.RunStmt(name=ast.Name()):
            found.aborts.append(_ANYTHING)  # the command did not print what was to be read
        case ast.ForStmt(iterable=iterable, limit=limit):
            found.loops.append(statement)
            is_longer = False
            if isinstance(iterable, ast.Ref):
                symbol = program.values.get(iterable)
                is_longer = symbol is None or symbol.kind in (RUNTIME, LOOP)
            if is_longer or (isinstance(limit, ast.ConstRef) and limit not in program.constants):
                # A list that is read on the screen may have more entries than its bound, and any
                # list more than an input allows.
                found.aborts.append(_ANYTHING)
        case ast.FailStmt() | ast.AbortStmt() | ast.FinishStmt():
            _collect_reason(program, statement, found)
        case _:
            pass


def _collect_act(program: Program, statement: ast.Stmt, found: RunTexts) -> None:
    row = STATEMENTS[type(statement)]
    if isinstance(statement, ast.TypeStmt) and program.constants.get(statement.value) == "":
        found.types_nothing = True
    match statement:
        case ast.PressStmt(keys=keys):
            found.acts["press"].append(_make_known_pattern(normalize_chords(keys.value)))
        case ast.WaitUntilStmt():
            return  # it asks, and is answered
        case (
            ast.WaitStmt(duration=pause)
            | ast.RepeatStmt(delay=ast.Duration() as pause)
            | ast.RetryStmt(delay=ast.Duration() as pause)
        ):
            found.acts["wait"].append(_make_known_pattern(pause.text, str(pause.milliseconds)))
        case ast.TypeStmt(display=ast.StringLit() as display):
            found.displays.append(_make_known_pattern(display.value))
        case _:
            pass
    if row.keyword in found.acts and row.texts:
        text = getattr(statement, row.texts[-1][0])
        if isinstance(text, ast.Text):
            found.acts[row.keyword].append(_make_text_pattern(program, text))


def _make_known_pattern(text: str, meaning: str | None = None) -> TextPattern:
    """A text without values, which is compared by what it means."""
    return TextPattern(text, (text if meaning is None else meaning,))


def normalize_chords(keys: str) -> str:
    """Keys as events have them: with one blank between them, in lower case."""
    return " ".join(keys.lower().split())


def _collect_sees(program: Program, condition: ast.Condition, found: RunTexts) -> None:
    for node in walk(condition):
        if isinstance(node, ast.SeesExpr):
            found.questions[SEES].append(_make_text_pattern(program, node.text))


def _collect_end(
    program: Program, otherwise: ast.Otherwise | None, own: ast.Text | None, found: RunTexts
) -> None:
    """Collect how a statement that does not succeed ends a run.

    That is by its `else`; without one, with its text `own` behind some words, or with anything when
    `own` is None.
    """
    if otherwise is None:
        if own is None:
            found.aborts.append(_ANYTHING)
        else:
            pattern = _make_text_pattern(program, own)
            found.aborts.append(TextPattern(f"… {pattern.written}", (None, *pattern.pieces)))
    elif not isinstance(otherwise.action, ast.Block):
        _collect_reason(program, otherwise.action, found)


def _collect_reason(
    program: Program, leaving: ast.FailStmt | ast.AbortStmt | ast.FinishStmt, found: RunTexts
) -> None:
    reasons = found.finishes if isinstance(leaving, ast.FinishStmt) else found.aborts
    reasons.append(_make_text_pattern(program, leaving.reason))


def _make_text_pattern(program: Program, text: ast.Text, *, exact: bool = False) -> TextPattern:
    """The texts that a text becomes, on one line as a run has all of them but commands.

    One with a name that is not declared may become any.
    """
    pieces: list[str | None] = []
    written: list[str] = []
    for part in text.parts:
        if isinstance(part, ast.TextLiteral):
            value = part.value if exact else _without_line_ends(part.value)
            pieces.append(value)
            written.append(value)
        elif isinstance(part, ast.Ref):
            known = part in program.constants
            held = spell_constant(program.constants[part]) if known else None
            if held is not None and not exact:
                held = _without_line_ends(held)
            pieces.append(held)
            written.append(pieces[-1] or f"{{{part.name.text}}}")
    refs = [part for part in text.parts if isinstance(part, ast.Ref)]
    if any(part not in program.values for part in refs):
        return TextPattern("".join(written), (None,), is_open=True)
    is_open = any(_is_open(program, part) for part in refs)
    return TextPattern("".join(written), tuple(pieces), is_open)


def _is_open(program: Program, ref: ast.Ref) -> bool:
    """Whether a value may have words that neither a test nor a workflow states."""
    type_ = strip_optional(program.ref_types.get(ref, UNKNOWN))
    if isinstance(type_, ListOf):
        type_ = strip_optional(type_.element)
    is_plain = isinstance(type_, Enum | Primitive) and type_ != ANY
    kind = program.values[ref].kind
    return kind == ENVIRONMENT or not (is_plain or kind == SECRET)


def _without_line_ends(piece: str) -> str:
    """A piece of a text without line ends; the blanks at its ends stay."""
    return on_one_line(f"x{piece}x")[1:-1]
