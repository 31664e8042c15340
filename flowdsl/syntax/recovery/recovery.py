"""Reading on behind syntax errors.

The idea: a mistake costs as little of the file as can be proven. There are three means, the
cheapest first:

1. *Repair.* One missing, doubled or misspelt token is put right when the parser then reads on
   (`repair`, `quotes`). The declaration is kept unless the repair is a guess.
2. *Resynchronisation in the body.* Otherwise the broken statement is left out, and reading goes on
   at a later statement of the same body. The declaration is left out of the tree, for it would mean
   something else without the statement; its name stays known.
3. *Resynchronisation at the next declaration.* No mistake in one declaration costs another.

An example, with four mistakes and four diagnostics:

    workflow a { steps { do "x" ) } }  `)` is left out, which is certain: `a` is kept
    task b(): do "x" }                 `{` is read for `:`, which is a guess: `b` is left out
    task c() {
      do ]                             no repair reads on: reported, and the statement left out
      do "y"                           reading goes on here ...
      press F2                         ... so that this mistake is reported as well
    }                                  `c` is left out
    task d() { call c() }              untouched; the name `c` is known, so `call c` is no error

What is proven: the parser reads `PROOF` tokens, or up to the next line, from where it goes on.
Without proof a place is no restart, so that one mistake is not reported as many.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from .. import ast, errors
from ..build import AST_RULES, AstBuilder
from ..driver import MAX_DEPTH, Stack, fits, nesting, run, shift, symbols, terminal
from ..edition import FIRST, fresh_stack
from ..lexer import END, Lexemes, breaks_line
from .quotes import close_text
from .repair import close_declaration, repair
from .resynchronisation import (
    breaks_off,
    declared_names,
    finished,
    follows_mistake,
    is_orphan,
    next_declaration,
    resume,
    swallowed,
)
from .unexpected import report_unexpected, report_unfinished, report_unfinished_line

MAX_ERRORS = 100
"""The number of syntax errors after which the rest of a file is left alone."""
MAX_REPAIRS = 40
MAX_READ_AGAIN = 3
"""The most times that the text behind an unclosed block is read once more."""


class Recovery:
    """Reads a file with mistakes, declaration after declaration."""

    def __init__(
        self,
        source: SourceFile,
        tokens: Lexemes,
        builder: AstBuilder,
        sink: Sink,
        edition: int,
    ) -> None:
        self.source = source
        self.tokens = tokens
        self.builder = builder
        self.sink = sink
        self.nodes: list[Any] = []
        self.unread: list[ast.Unread] = []
        self.broken: list[int] = []
        """Offsets in declarations that were read on behind a mistake, to be left out once they are
        whole."""
        self.mistake: int | None = None if edition else 0
        """Where the last mistake was found. A file without an edition may be no FlowDSL at all."""
        self.repairs_left = MAX_REPAIRS
        self.readings_left = MAX_READ_AGAIN

    def read(self, stack: Stack, index: int) -> None:
        """Read the file to its end, and fill `nodes` and `unread`.

        The parser has stopped at token `index`, and the stack holds what it has read.
        """
        errors_left = MAX_ERRORS
        while errors_left and index >= 0:
            errors_left -= 1
            stack, index = self._recover(stack, index)
            index = run(self.tokens, stack, index, AST_RULES, self.builder)
        if index >= 0:
            self._leave_out(stack, index, len(self.tokens.words) - 1)
        self._keep(stack)
        self._leave_broken_out()

    def _recover(self, stack: Stack, index: int) -> tuple[Stack, int]:
        """Report the mistake at token `index`; returns the stack and the token to read on with."""
        source, tokens, sink = self.source, self.tokens, self.sink
        previous, self.mistake = self.mistake, tokens.starts[index]
        if nesting(stack.states) >= MAX_DEPTH:
            span = Span(source, tokens.starts[index], tokens.ends[index])
            sink.report(errors.NESTING_TOO_DEEP, span, what="brackets", limit=MAX_DEPTH)
            return self._next_restart(stack, index)
        done = finished(stack)
        # Behind a whole declaration, no mistake is one of that declaration.
        whole = fits(stack.states, END) or done >= len(stack.starts)
        after = swallowed(tokens, source.text, stack, index)
        if after is not None and not (whole and after == index):
            return self._end_declaration(stack, index, after)
        if whole and previous is not None and follows_mistake(tokens, index, previous):
            return self._next_restart(stack, index)
        declaration = [] if whole else stack.starts[done : done + 1]
        if close_text(source, tokens, stack, index, sink, again=self.readings_left > 0):
            self.readings_left -= 1
            self.broken += declaration
            return stack, index
        if self.repairs_left:
            certain = repair(source, tokens, stack, index, sink)
            if certain is not None:
                self.repairs_left -= 1
                self.broken += [] if certain else declaration
                return stack, index
        if whole:
            report_unexpected(source, tokens, stack, index, sink)
            # It belongs to the declaration in front, which has ended too early.
            if is_orphan(tokens, index) or not breaks_line(tokens.blanks[index]):
                self.broken.append(tokens.ends[index - 1])
            return self._next_restart(stack, index)
        return self._next_statement(stack, index)

    def _end_declaration(self, stack: Stack, index: int, after: int) -> tuple[Stack, int]:
        """End a declaration that runs into the next one, which begins at token `after`."""
        tokens = self.tokens
        start = stack.starts[finished(stack)]
        if after == index:
            quiet = bool(self.broken) and self.broken[-1] >= start
            if close_declaration(self.source, tokens, stack, index, self.sink, quiet=quiet):
                self.broken.append(start)
                return stack, index
        self._keep(stack)
        first = bisect_left(tokens.starts, start, FIRST, index)
        # The parser may have taken the first words of the next declaration for names.
        states = fresh_stack(tokens).states
        for at in range(first, after):
            term = terminal(tokens, at, states[-1])
            if term is None or not shift(states, term):
                break
        report_unfinished(self.source, tokens, states, after, self.sink)
        self._note_unread(first, after)
        return fresh_stack(self.tokens), after

    def _next_statement(self, stack: Stack, index: int) -> tuple[Stack, int]:
        """Report the token that fits nowhere; returns where to read on.

        That is in the same declaration, or else at the next one.
        """
        source, tokens = self.source, self.tokens
        offset = stack.starts[finished(stack)]
        states = list(stack.states)
        if breaks_off(tokens, stack, index):
            report_unfinished_line(source, tokens, states, index, self.sink)
            self.broken.append(offset)
            return stack, index
        report_unexpected(source, tokens, stack, index, self.sink)
        start = bisect_left(tokens.starts, offset, FIRST, index)
        restart = next_declaration(tokens, source.text, start, index)
        at = resume(tokens, stack, index, restart)
        if at is None:
            return self._next_restart(stack, index)
        self.broken.append(offset)
        return stack, at

    def _next_restart(self, stack: Stack, index: int) -> tuple[Stack, int]:
        """A fresh stack, and the token that begins the next declaration.

        Keeps what the stack holds finished, and notes what is skipped.
        """
        tokens = self.tokens
        start = index
        if not fits(stack.states, END):
            done = finished(stack)
            if done < len(stack.starts):
                start = bisect_left(tokens.starts, stack.starts[done], FIRST, index)
        restart = next_declaration(tokens, self.source.text, start, max(index, start + 1))
        self._leave_out(stack, index, restart)
        return fresh_stack(self.tokens), restart

    def _leave_out(self, stack: Stack, index: int, end: int) -> None:
        """Keep what a stack holds finished at token `index`.

        The rest up to token `end` is noted as unread.
        """
        tokens = self.tokens
        start = index
        if fits(stack.states, END):
            # The error is behind a whole declaration, not in it.
            tokens.insert(index, "")
            run(tokens, stack, index, AST_RULES, self.builder)
            tokens.remove(index)
            self._keep(stack)
        else:
            kept = self._keep(stack)
            if kept < len(stack.starts):
                start = bisect_left(tokens.starts, stack.starts[kept], FIRST, index)
        self._note_unread(start, end)

    def _note_unread(self, start: int, end: int) -> None:
        """Note that the tokens of a range are missing from the tree."""
        tokens = self.tokens
        if start < end:
            names = declared_names(tokens, self.source.text, start, end)
            self.unread.append(ast.Unread(tokens.starts[start], tokens.ends[end - 1], names))

    def _keep(self, stack: Stack) -> int:
        """Keep the imports and declarations that a stack holds finished.

        Returns the number of its symbols that these and the edition are.
        """
        count = finished(stack)
        read = zip(symbols(stack.states[: count + 1]), stack.values, strict=False)
        for symbol, value in read:
            if isinstance(value, list):
                self.nodes += value
            elif symbol in ("import_", "item"):
                self.nodes.append(value)
        return count

    def _leave_broken_out(self) -> None:
        """Take out of the tree the declarations that were read on behind a mistake.

        Their names stay known.
        """
        for offset in self.broken:
            for number, node in enumerate(self.nodes):
                if node.start <= offset <= node.end:
                    del self.nodes[number]
                    names = _names_of(node)
                    self.unread.append(ast.Unread(node.start, node.end, names))
                    break


def _names_of(node: Any) -> tuple[str, ...]:
    """The names that an import or a declaration brings into its file."""
    if isinstance(node, ast.ImportNames):
        return tuple((each.alias or each.name).text for each in node.names)
    if isinstance(node, ast.TestDecl):
        return ()
    return (node.name.text,)
