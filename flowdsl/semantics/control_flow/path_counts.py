"""Counts the paths to a place that set a variable or emit an output, and those that do not.

`dataflow` finds that a variable is not set, or an output not emitted, on every path; this module
explains the finding, and runs only for the variable or output of a finding. It walks the body again
with two numbers: the paths that have done it, and those that have not, with the branches that the
latter took. Paths diverge only at statements of which one side does it; all other branches count as
one path, so that the numbers stay small and meaningful.

An example, for the output `total`, with (done, undone) after each line:

    press "F3"                    (0, 1)
    if sees "an invoice" {
      emit total = "1"            (1, 0)
    } else if sees "a menu" {     (0, 1)  "not emitted here", at this `else`
      press "Escape"              (0, 1)
    } else { abort "Neither" }            no path goes on
    if sees "a" { press "F1" }    (1, 1)  does not matter to `total`: no paths part here

So `total` is emitted on 1 of 2 paths, and the label is at the `else` of the second branch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span

from ..traversal import inner_blocks, statements

_MOST_REASONS = 3


class Paths(Record):
    """The numbers of paths that have done what the `CountedEvent` is about, and that have not.

    `reasons` are branches of the latter.
    """

    done: int
    undone: int
    reasons: tuple[Label, ...] = ()

    def all_done(self) -> Paths:
        """Return these paths after a statement that does it."""
        return Paths(self.done + self.undone, 0)

    def because(self, span: Span, text: str) -> Paths:
        """Return these paths with one more reason: at `span`, some have not done it."""
        if not self.undone:
            return self
        return Paths(self.done, self.undone, (*self.reasons, Label(span, text)))

    def join(self, other: Paths | None) -> Paths:
        """Return the union of these paths and those of `other`."""
        if other is None:
            return self
        reasons = {reason.span.start: reason for reason in (*self.reasons, *other.reasons)}
        return Paths(
            self.done + other.done,
            self.undone + other.undone,
            tuple(reasons[start] for start in sorted(reasons)[:_MOST_REASONS]),
        )


Reached: TypeAlias = Paths | None
"""The paths after a statement; None if no path continues."""


class _Arrived(Exception):
    """Raised when the walk has reached the requested place."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths


class CountedEvent(Record):
    """What is counted: the setting of one variable, or the emitting of one output.

    `does` says whether a statement does it, `first` is the offset of the first one that does, and
    `word` is its participle in a message (`set`, `emitted`). Each pass of a `for` and round of a
    `repeat` begins without a variable; an output is kept by passes, and taken back where an attempt
    fails.
    """

    does: Callable[[ast.Stmt], bool]
    first: int
    word: str
    is_output: bool


class Flow(Record):
    """Facts from `dataflow`.

    `runs` says whether a list is surely not empty, `returns` whether a call may return. `complete`
    are the exhaustive choices without an `else`, `typed_days` the `type`s of a day,
    which fail if the field does not show it.
    """

    runs: Callable[[ast.Ref | ast.IntLit | ast.ListExpr], bool]
    returns: Callable[[ast.CallStmt], bool]
    complete: Collection[ast.Stmt]
    typed_days: Collection[ast.Stmt]


def count_paths(
    source: SourceFile, body: ast.Block, subject: CountedEvent, flow: Flow, place: int | None
) -> Paths | None:
    """Count the paths through `body` to the offset `place`, or to its end if `place` is None.

    Returns None if no path leads there.
    """
    try:
        counter = _Counter(source, subject, flow, place)
        # Statements before the first one that does it make no difference.
        parting = [each for each in body.statements if each.end > subject.first]
        end = counter.statements(parting, Paths(0, 1))
    except _Arrived as arrived:
        return arrived.paths
    return end if place is None else None


class _Counter:
    """Counts the paths through one body.

    `failed` collects paths that continue at the `else` of the innermost `retry` or the `on failure`
    of the innermost `for`, each with the keyword of the failing statement.
    """

    def __init__(
        self, source: SourceFile, subject: CountedEvent, flow: Flow, place: int | None
    ) -> None:
        self.source = source
        self.subject = subject
        self.flow = flow
        self.place = place
        self.failed: list[tuple[Paths, Span]] = []

    def block(self, block: ast.Block, at: Paths) -> Reached:
        return self.statements(block.statements, at)

    def statements(self, statements: Iterable[ast.Stmt], at: Paths) -> Reached:
        """Count the paths after a sequence of statements."""
        reached: Reached = at
        for statement in statements:
            if reached is None:
                return None
            reached = self._count_statement(statement, reached)
        return reached

    def _count_statement(self, statement: ast.Stmt, at: Paths) -> Reached:
        """Count the paths after one statement; raises `_Arrived` at the requested place."""
        if isinstance(statement, ast.AnnotatedStmt):
            return self._count_statement(statement.statement, at)
        if self._holds_place(statement) and not isinstance(statement, ast.RepeatStmt):
            raise _Arrived(at)
        after = at.all_done() if self.subject.does(statement) else at
        match statement:
            case ast.StepStmt():
                return self.block(statement.body, at)
            case (
                ast.ChooseStmt()
                | ast.WaitUntilStmt()
                | ast.ExpectStmt()
                | ast.ExtractStmt()
                | ast.CopyStmt()
                | ast.RunStmt()
            ):
                return self._count_else(statement, statement.otherwise, at, after)
            case ast.TypeStmt() if statement in self.flow.typed_days:
                return self._count_else(statement, None, at, after)
            case ast.IfStmt() | ast.MatchStmt():
                return self._count_branches(statement, at)
            case ast.ForStmt():
                return self._count_for(statement, at)
            case ast.WhileStmt():
                return self._count_while(statement, at)
            case ast.RepeatStmt():
                return self._count_repeat(statement, at)
            case ast.RetryStmt():
                return self._count_retry(statement, at)
            case ast.CallStmt():
                self._fail(at, statement)
                return after if self.flow.returns(statement) else None
            case ast.FailStmt():
                self._fail(at, statement)
                return None
            case ast.AbortStmt() | ast.FinishStmt():
                return None
            case _:
                return after

    def _holds_place(self, statement: ast.Stmt) -> bool:
        """Whether the requested place is in the statement, but in none of its blocks."""
        if self.place is None or not statement.start <= self.place < statement.end:
            return False
        blocks = (inner.block for inner in inner_blocks(statement))
        return not any(block.start <= self.place < block.end for block in blocks)

    def _does(self, block: ast.Block) -> bool:
        return any(map(self.subject.does, statements(block)))

    def _fail(self, at: Paths, statement: ast.Stmt) -> None:
        self.failed.append((at, keyword_span(statement, self.source)))

    def _else_before(self, start: int) -> Span:
        at = self.source.text.rfind("else", 0, start)
        return Span(self.source, at, at + len("else"))

    def _count_else(
        self, statement: ast.Stmt, otherwise: ast.Otherwise | None, before: Paths, after: Paths
    ) -> Paths:
        if otherwise is None:
            self._fail(before, statement)
            return after
        action = otherwise.action
        if not isinstance(action, ast.Block):
            self._count_statement(action, before)
            return after
        end = self.block(action, before)
        does = self._does(action)
        if end is None or (before is after and not does):
            return after
        if not does:
            end = end.because(self._else_before(action.start), f"not {self.subject.word} here")
        elif before is after:
            after = self._count_success(statement, after)
        return after.join(end)

    def _count_success(self, statement: ast.Stmt, after: Paths) -> Paths:
        """Count the paths on which a statement succeeds, if its `else` is what does it."""
        text = f"not {self.subject.word} when this succeeds"
        return after.because(keyword_span(statement, self.source), text)

    def _count_branches(self, statement: ast.IfStmt | ast.MatchStmt, at: Paths) -> Reached:
        blocks = [branch.body for branch in statement.branches]
        if isinstance(statement, ast.MatchStmt):
            words = [
                Span(self.source, branch.start, branch.values[-1].end)
                for branch in statement.branches
            ]
        else:
            words = [keyword_span(statement, self.source)]
            words.extend(self._else_before(branch.start) for branch in statement.branches[1:])
        if statement.otherwise is not None:
            blocks.append(statement.otherwise)
            words.append(self._else_before(statement.otherwise.start))
        ends = [self.block(block, at) for block in blocks]
        does = [self._does(block) for block in blocks]
        if not any(does):
            skipped = statement.otherwise is None and statement not in self.flow.complete
            return at if skipped or any(end is not None for end in ends) else None
        result: Reached = None
        for end, word, has in zip(ends, words, does, strict=True):
            if end is not None:
                explained = end if has else end.because(word, f"not {self.subject.word} here")
                result = explained.join(result)
        if statement.otherwise is None and statement not in self.flow.complete:
            none = at.because(
                keyword_span(statement, self.source),
                f"not {self.subject.word} when no branch is taken",
            )
            result = none.join(result)
        return result

    def _count_for(self, statement: ast.ForStmt, at: Paths) -> Reached:
        blocks = [inner.block for inner in inner_blocks(statement)]
        does = any(map(self._does, blocks))
        emptied = does and not self.subject.is_output
        end = self._count_entry(statement, Paths(0, at.done + at.undone) if emptied else at)
        runs = self.flow.runs(statement.iterable)
        if not does:
            return None if end is None and runs else at
        return end if runs else self._count_skipping_paths(statement, at).join(end)

    def _count_entry(self, statement: ast.ForStmt, at: Paths) -> Reached:
        """Count the paths after an entry of a `for`: after its body, or after `on failure`."""
        if statement.failure is None:
            return self.block(statement.body, at)
        outer, self.failed = self.failed, []
        end = self.block(statement.body, at)
        failed, self.failed = self.failed, outer
        does = self._does(statement.body)
        other = self.block(statement.failure, self._failing(failed, at, does=does))
        return end if other is None else other.join(end)

    def _count_skipping_paths(self, statement: ast.Stmt, at: Paths) -> Paths:
        return at.because(keyword_span(statement, self.source), "this loop may run zero times")

    def _count_repeat(self, statement: ast.RepeatStmt, at: Paths) -> Reached:
        """Count the paths after the last round; its condition and `else` are evaluated there."""
        emptied = not self.subject.is_output and self._does(statement.body)
        end = self.block(statement.body, Paths(0, at.done + at.undone) if emptied else at)
        if end is None:
            return None
        if self._holds_place(statement):
            raise _Arrived(end)
        return self._count_else(statement, statement.otherwise, end, end)

    def _count_while(self, statement: ast.WhileStmt, at: Paths) -> Reached:
        end = self.block(statement.body, at)
        start = at
        if self._does(statement.body):
            start = self._count_skipping_paths(statement, at).join(end)
        return self._count_else(statement, statement.otherwise, start, start)

    def _count_retry(self, statement: ast.RetryStmt, at: Paths) -> Reached:
        outer, self.failed = self.failed, []
        end = self.block(statement.body, at)
        failed, self.failed = self.failed, outer
        if statement.otherwise is None:
            self.failed.extend(failed)
            return end
        does = self._does(statement.body)
        failing = self._failing(failed, at, does=does)
        if does and self.subject.is_output:
            word = failed[0][1] if failed else keyword_span(statement, self.source)
            failing = at.because(word, "what an attempt that fails has set is taken back")
        other = self.block(statement.otherwise, failing)
        if not does and not self._does(statement.otherwise):
            return at if end is not None or other is not None else None
        if end is None:
            return other
        return (end if does else self._count_success(statement, end)).join(other)

    def _failing(self, failed: list[tuple[Paths, Span]], at: Paths, *, does: bool) -> Paths:
        """Count the paths into the `else` of a `retry` or the `on failure` of a `for`.

        All that have done it count as one, and all that have not as another: an attempt has too
        many places to fail for a useful count. They are `at` if nothing is known to fail. `does`
        says whether the body does it.
        """
        if not failed:
            return at
        undone = [(paths, word) for paths, word in failed if paths.undone]
        done = any(paths.done for paths, _ in failed)
        if not undone:
            return Paths(1, 0)
        paths, word = undone[0]
        early = Paths(int(done), 1, paths.reasons)
        if not does:
            return early
        return early.because(word, f"an attempt may fail here, before it is {self.subject.word}")
