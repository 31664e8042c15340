"""The texts of a run: its questions about the screen, its actions and its final messages."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.source.gaps import fill_gaps_from
from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.statements import STATEMENTS, single_look
from flowdsl.syntax.texts.paragraphs import on_one_line
from flowdsl.syntax.visit import walk

from ..calls.call_graph import find_reached_bodies
from ..model import ENVIRONMENT, LOOP, RUNTIME, SECRET
from ..program import Program
from ..types import ANY, UNKNOWN, Enum, ListOf, Primitive, strip_optional
from ..values.spelling import spell_constant
from .stated import StatedWords

ACTS = ("capture", "choose", "clear", "copy", "do", "export", "press", "run", "type", "wait")
"""The keywords of the statements that a test can look for."""

SEES = "sees"
EXPECT = "expect"
CHOOSE = "choose"
WAIT = "wait"
RUN = "run"
"""Questions, by the keywords of the statements that ask them."""


class TextPattern(Record):
    """A text with values that only a run knows; these are None in `pieces`.

    `written` is the text as the source spells it. If the text `is_open`, a value in it may have
    words that appear in no source, such as those of `env`; a secret appears as its name.
    """

    written: str
    pieces: tuple[str | None, ...]
    is_open: bool = False

    def holds(self, part: str) -> bool:
        """Whether the text contains `part`, whatever its values are."""
        return any(piece is not None and part in piece for piece in self._joined())

    def may_hold(self, part: str, words: StatedWords) -> bool:
        """Whether the text may contain `part`, if values consist of stated words."""
        return any(self._are_stated(part, gaps, words) for gaps in self._find_alignments(part))

    def _are_stated(
        self, text: str, gaps: list[tuple[int, int]] | None, words: StatedWords
    ) -> bool:
        if gaps is None:
            return False
        return self.is_open or all(words.have(text[start:end]) for start, end in gaps)

    def _find_alignments(self, part: str) -> Iterator[list[tuple[int, int]] | None]:
        """Yield the gaps in `part` that values fill, for each alignment of `part` with the text."""
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
        """Return the pieces, with adjacent known ones joined."""
        joined: list[str | None] = []
        for piece in self.pieces:
            if piece is not None and joined and joined[-1] is not None:
                joined[-1] += piece
            else:
                joined.append(piece)
        return joined

    def matches(self, text: str, words: StatedWords | None = None) -> bool:
        """Whether a run can produce `text`; surrounding white space is ignored.

        With `words`, a text that consists only of values can have only those words.
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
"""The number of initial characters by which patterns are grouped for comparison."""

_COMPARED = 200
"""The maximum number of patterns that a text is compared with; if more begin alike, a match is
assumed."""


class TextPatterns:
    """The texts that a run can produce, indexed for lookup.

    `written` are their spellings in the source. A text without values is looked up. Any other is
    compared only with texts that begin like it: comparing a thousand answers of a test with a
    thousand questions would take a million comparisons.
    """

    def __init__(self) -> None:
        self.written: set[str] = set()
        self._every: list[TextPattern] = []
        self._known: set[str] = set()
        self._by_start: dict[str, list[TextPattern]] = {}
        self._lengths: set[int] = set()

    def append(self, pattern: TextPattern) -> None:
        """Add one text."""
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
        """Whether a run can produce `text`; surrounding white space is ignored.

        With `words`, a text that consists only of values can have only those words.
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
        """Whether a run can produce a text with `part` in it, if values consist of stated words."""
        return any(each.may_hold(part, words) for each in self._every)

    def find_texts_holding(self, part: str) -> tuple[set[str], bool]:
        """Return the spellings of the texts that surely contain `part`, and whether others may."""
        certain = {each.written for each in self._every if each.holds(part)}
        may = any(None in each.pieces and each.written not in certain for each in self._every)
        return certain, may


_ANYTHING = TextPattern("", (None,), is_open=True)


class RunTexts:
    """The texts of a run.

    `questions` maps the word that an answer has in a test to the questions; `aborts` and `finishes`
    hold the possible reasons for ending. `acts` maps the keywords of statements to what they do;
    for a `type` that is the target, for a `wait` its duration. `types_nothing` is set if there is a
    `type ""`: a missing value is not typed. `displays` are the formats of `type ... as`, `steps`
    the titles of the steps. `is_whole` is False if a called task could not be found.
    """

    def __init__(self) -> None:
        self.is_whole = True
        self.questions = {kind: TextPatterns() for kind in (SEES, EXPECT, CHOOSE, WAIT, RUN)}
        self.acts = {verb: TextPatterns() for verb in ACTS}
        self.types_nothing = False
        self.displays = TextPatterns()
        self.steps = TextPatterns()
        self.loops: list[ast.ForStmt] = []
        self.passes: set[str] = set()
        self.aborts = TextPatterns()
        self.finishes = TextPatterns()


def texts_of_run(program: Program, *bodies: ast.Block) -> RunTexts:
    """Collect the texts of some bodies, which run in sequence, and of every task they call."""
    found = RunTexts()
    for body, _, _ in find_reached_bodies(program, *bodies):
        for statement in program.statements(body):
            _collect_statement_texts(program, statement, found)
            if isinstance(statement, ast.CallStmt) and statement not in program.calls:
                found.is_whole = False
    return found


def _collect_statement_texts(program: Program, statement: ast.Stmt, found: RunTexts) -> None:
    """Add the texts of one statement."""
    if isinstance(statement, ast.AnnotatedStmt):
        return  # the statement in it is visited separately
    _collect_act(program, statement, found)
    match statement:
        case ast.StepStmt(title=title):
            found.steps.append(_make_text_pattern(program, title))
        case ast.IfStmt(branches=branches):
            for branch in branches:
                kinds = (SEES, EXPECT) if statement.expected else (SEES,)
                _collect_sees(program, branch.condition, found, *kinds)
        case (
            ast.WhileStmt(condition=condition, otherwise=otherwise)
            | ast.RepeatStmt(condition=condition, otherwise=otherwise)
        ):
            found.passes.add("round")
            _collect_sees(program, condition, found, SEES)
            look = single_look(condition)
            _collect_end(program, otherwise, None if look is None else look[0], found)
        case ast.TypeStmt() if statement in program.typed_days:
            found.questions[EXPECT].append(_ANYTHING)  # whether the field shows the day
            found.aborts.append(_ANYTHING)
        case ast.ExpectStmt(condition=text, otherwise=otherwise):
            found.questions[EXPECT].append(_make_text_pattern(program, text))
            _collect_end(program, otherwise, text, found)
        case ast.WaitUntilStmt(condition=ast.Text() as text, otherwise=otherwise):
            found.questions[WAIT].append(_make_text_pattern(program, text))
            _collect_end(program, otherwise, text, found)
        case ast.WaitUntilStmt(otherwise=otherwise):
            _collect_sees(program, statement.condition, found, SEES, WAIT)
            _collect_end(program, otherwise, None, found)
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
                # A list read from the screen may have more entries than its bound, and any
                # list more than an input allows.
                found.aborts.append(_ANYTHING)
        case ast.RetryStmt():
            found.passes.add("attempt")
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
            return  # it is a question, not an act
        case (
            ast.WaitStmt(duration=pause)
            | ast.WhileStmt(delay=ast.Duration() as pause)
            | ast.RepeatStmt(delay=ast.Duration() as pause)
            | ast.RetryStmt(delay=ast.Duration() as pause)
        ):
            found.acts["wait"].append(_make_known_pattern(pause.text, str(pause.milliseconds)))
        case ast.TypeStmt(display=display, over=over, target=target):
            if display is not None:
                found.displays.append(_make_known_pattern(display.value))
            if over:
                found.acts["clear"].append(_make_text_pattern(program, target))
        case _:
            pass
    if row.keyword in found.acts and row.texts:
        text = getattr(statement, row.texts[-1][0])
        if isinstance(text, ast.Text):
            found.acts[row.keyword].append(_make_text_pattern(program, text))


def _make_known_pattern(text: str, meaning: str | None = None) -> TextPattern:
    """Return the pattern of a text without values, which is compared by its meaning."""
    return TextPattern(text, (text if meaning is None else meaning,))


def normalize_chords(keys: str) -> str:
    """Normalize keys to the form in events: separated by one blank, in lower case."""
    return " ".join(keys.lower().split())


def _collect_sees(program: Program, condition: ast.Node, found: RunTexts, *kinds: str) -> None:
    """Add what a condition asks the screen, by each of the words that an answer may have."""
    for node in walk(condition):
        if isinstance(node, ast.SeesExpr):
            for kind in kinds:
                found.questions[kind].append(_make_text_pattern(program, node.text))


def _collect_end(
    program: Program, otherwise: ast.Otherwise | None, own: ast.Text | None, found: RunTexts
) -> None:
    """Collect how a failing statement ends a run.

    That is by its `else`; without one, with its text `own` after some words, or with any text if
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
    """Return the pattern of a text, on one line, as in all texts of a run except commands.

    A text with an undeclared name matches any text.
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
    """Replace the line ends in a piece of a text; the blanks at its ends are kept."""
    return on_one_line(f"x{piece}x")[1:-1]
