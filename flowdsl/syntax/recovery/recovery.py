"""Recovery from syntax errors.

The idea: a mistake costs as little of the file as can be proven. There are three means, the
cheapest first:

1. *Repair.* One missing, doubled or misspelt token is corrected if the parser can then continue
   (`repair`, `quotes`).
2. *Resynchronisation at the next statement.* Otherwise the statement is left out of the tree, and
   parsing resumes at the next one of the same body, even if that has a mistake of its own. Braces
   after a head that cannot be parsed hold statements like any others. Parts that are left out, or
   repaired on a guess, are recorded as holes: later phases check the code around them, and
   `semantics.certainty` drops the findings that a hole may explain.
3. *Resynchronisation at the next declaration.* If braces do not balance, the body of a statement is
   unknown, and a declaration without one of its fields means something else. Such a declaration is
   left out of the tree; its name remains known. No mistake in one declaration affects another.

An example, with seven mistakes and seven diagnostics:

    workflow a { steps { do "x" ) } }  `)` is left out, which is certain: `a` has no hole
    task b(): do "x" }                 `{` is read for `:`, which is a guess: `b` is left out
    task c() {
      click "x"                        no repair reads on: reported, and a hole up to the next line,
      do y                             which has a mistake of its own: reported, a hole
      loop sees "z" {                  the head is a hole, the body is read like that of a `step`
        press F2                       reported, a hole
        press "F3"                     read, and checked
      }
      clear soon                       reported, a hole
    }                                  `c` is kept, with what could be read
    task d() { call c() }              untouched

What is proven: the parser reads `PROOF` tokens, or up to the next line, from where it continues.
Without proof a place is no restart, so that one mistake is not reported as many. A new line needs
no proof when it is indented like the statement in front and can begin one.

No step goes back: each recovery repairs a token (`MAX_REPAIRS` times at most), or leaves out one
token at least; after `MAX_ERRORS` the rest is left alone.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from .. import ast, errors
from ..build import AST_RULES, AstBuilder
from ..edition import FIRST, fresh_stack
from ..parser.driver import (
    MAX_DEPTH,
    Stack,
    is_terminal_allowed,
    nesting_depth,
    resolve_terminal,
    run,
    shift_terminal,
    symbols_of_states,
)
from ..parser.lexer import END, TERMINAL, breaks_line
from .broken_file import BrokenFile
from .next_statement import (
    breaks_off,
    goes_on_behind_hole,
    line_indent,
    resume_body,
    statement_place,
)
from .quotes import close_text
from .repair import GUESSED, UNBALANCED, close_declaration, repair_tokens
from .resynchronisation import (
    at_margin,
    count_finished_symbols,
    find_declared_names,
    find_swallowed_declaration,
    follows_mistake,
    is_orphan,
    next_declaration,
)
from .unexpected import report_broken_off, report_unexpected

MAX_ERRORS = 100
"""The number of syntax errors after which the rest of a file is left alone."""
MAX_REPAIRS = 40
_BRANCHES = frozenset(("else", "elif", "except", "catch", "finally"))
_VALUES = (ast.ConstDecl, ast.AliasDecl, ast.ImportNames, ast.ImportModule)
_ANY = ast.Node
MAX_READ_AGAIN = 3
"""How often the text after an unclosed block is lexed again, at most."""


class Recovery:
    """Parses a file with mistakes, one declaration after the other."""

    def __init__(self, file: BrokenFile, builder: AstBuilder, edition: int) -> None:
        self.file = file
        self.source, self.tokens, self.sink = file
        self.builder = builder
        self.nodes: list[Any] = []
        self.unread: list[ast.Unread] = []
        self.holes: list[ast.Hole] = []
        self.colon_indents: set[str] = set()
        """Indents of lines that end in `:` and could not be parsed: Python or YAML bodies."""
        self.broken: list[int] = []
        """Offsets in declarations that continue after a mistake, to be left out once complete."""
        self.mistake: int | None = None if edition else 0
        """Offset of the last mistake. A file without an edition may be no FlowDSL at all."""
        self.kept_ends: dict[int, int] = {}
        """By the last token of each hole: where the last token before the hole ends."""
        self.next_declarations: dict[int, int] = {}
        """The offsets of the declarations after those with mistakes, by the offsets of these."""
        self.repairs_left = MAX_REPAIRS
        self.readings_left = MAX_READ_AGAIN

    def read(self, stack: Stack, index: int) -> None:
        """Parse the file to its end, and fill `nodes` and `unread`.

        The parser has stopped at token `index`, with its state in `stack`.
        """
        errors_left = MAX_ERRORS
        while errors_left and index >= 0:
            errors_left -= 1
            stack, index = self._recover_at(stack, index)
            index = self._read_on(stack, index)
        if index >= 0:
            self._leave_out(stack, index, len(self.tokens.words) - 1)
        self._keep_finished_nodes(stack)
        self._leave_broken_out()

    def _read_on(self, stack: Stack, index: int) -> int:
        """Continue parsing at token `index`; returns where the parser stops, or -1 at the end.

        Nodes that are complete before a hole end there, and not at the last token of the hole.
        """
        tokens, last = self.tokens, index - 1
        end = tokens.ends[last]
        tokens.ends[last] = self.kept_ends.get(last, end)
        stopped = run(tokens, stack, index, AST_RULES, self.builder)
        tokens.ends[last] = end
        return stopped

    def _recover_at(self, stack: Stack, index: int) -> tuple[Stack, int]:
        """Report the mistake at token `index`; returns the stack and the token to continue with."""
        source, tokens, file = self.source, self.tokens, self.file
        previous, self.mistake = self.mistake, tokens.starts[index]
        if nesting_depth(stack.states) >= MAX_DEPTH:
            span = self.file.span(index)
            self.sink.report(errors.NESTING_TOO_DEEP, span, what="brackets", limit=MAX_DEPTH)
            return self._next_restart(stack, index)
        done = count_finished_symbols(stack)
        # A mistake after a complete declaration does not belong to it.
        whole = is_terminal_allowed(stack.states, END) or done >= len(stack.starts)
        after = find_swallowed_declaration(tokens, source.text, stack, index)
        if after is not None and not (whole and after == index):
            return self._end_declaration(stack, index, after)
        if whole and previous is not None and follows_mistake(tokens, index, previous):
            return self._next_restart(stack, index)
        if self._goes_on(stack, index):
            return self._next_part(stack, index)
        declaration = [] if whole else stack.starts[done : done + 1]
        # The whole declaration may depend on what a section, field or parameter lacks.
        left_out = declaration if statement_place(stack) is None else []
        closed = close_text(file, stack, index, again=self.readings_left > 0)
        if closed is not None:
            self.readings_left -= tokens.kinds[closed] == TERMINAL["BLOCK"]
            self.broken += left_out
            self._note_hole(tokens.starts[closed], tokens.ends[closed])
            return stack, index
        if self.repairs_left:
            repaired = repair_tokens(file, stack, index)
            if repaired is not None:
                self.repairs_left -= 1
                if repaired.trust == UNBALANCED:
                    self.broken += declaration
                elif repaired.trust == GUESSED:
                    self.broken += left_out
                    self._note_hole(repaired.place.start, repaired.place.end)
                return stack, repaired.at
        if whole:
            report_unexpected(file, stack, index)
            # It belongs to the previous declaration, which has ended too early.
            if is_orphan(tokens, index) or not breaks_line(tokens.blanks[index]):
                self.broken.append(tokens.ends[index - 1])
            return self._next_restart(stack, index)
        return self._next_statement(stack, index)

    def _end_declaration(self, stack: Stack, index: int, after: int) -> tuple[Stack, int]:
        """End a declaration that runs into the next one, which begins at token `after`."""
        tokens = self.tokens
        start = stack.starts[count_finished_symbols(stack)]
        if after == index:
            quiet = bool(self.broken) and self.broken[-1] >= start
            if close_declaration(self.file, stack, index, quiet=quiet):
                self.broken.append(start)
                return stack, index
        self._keep_finished_nodes(stack)
        first = bisect_left(tokens.starts, start, FIRST, index)
        # The parser may have taken the first words of the next declaration for names.
        states = fresh_stack(tokens).states
        for at in range(first, after):
            term = resolve_terminal(tokens, at, states[-1])
            if term is None or not shift_terminal(states, term):
                break
        report_broken_off(self.file, states, after, errors.UNFINISHED_DECLARATION)
        self._note_unread(first, after)
        return fresh_stack(self.tokens), after

    def _next_statement(self, stack: Stack, index: int) -> tuple[Stack, int]:
        """Report an unexpected token; returns where to continue.

        That is in the same declaration if possible, or else at the next one.
        """
        tokens = self.tokens
        states = list(stack.states)
        in_statement = statement_place(stack) is not None
        start = breaks_off(tokens, stack, index)
        if start is not None:
            report_broken_off(self.file, states, index, errors.UNFINISHED_LINE)
            if not in_statement:
                self.broken.append(start)
            self._skip_to_token(start, index)
            return stack, index
        report_unexpected(self.file, stack, index)
        return self._next_part(stack, index)

    def _next_part(self, stack: Stack, index: int) -> tuple[Stack, int]:
        """Skip the statement, section or field that token `index` does not continue.

        Returns where to continue.
        """
        tokens = self.tokens
        offset = stack.starts[count_finished_symbols(stack)]
        restart = self._next_declaration(offset, index)
        resumed = resume_body(tokens, stack, index, restart)
        if resumed is None:
            return self._next_restart(stack, index)
        start, at, same_body = resumed
        if not same_body:
            self.broken.append(offset)
        if tokens.words[at - 1] == ":" and breaks_line(tokens.blanks[at]):
            self.colon_indents.add(line_indent(tokens, at - 1))
        self._skip_to_token(start, at)
        return stack, at

    def _next_declaration(self, offset: int, index: int) -> int:
        """Return the token after `index` that begins the declaration following the one at `offset`.

        The result is cached, so a body with many mistakes is searched once.
        """
        tokens, text = self.tokens, self.source.text
        known = self.next_declarations.get(offset)
        if known is not None and known > tokens.starts[index]:
            return bisect_left(tokens.starts, known, index)
        first = bisect_left(tokens.starts, offset, FIRST, index)
        restart = next_declaration(tokens, text, first, index)
        if at_margin(tokens, text, first):
            self.next_declarations[offset] = tokens.starts[restart]
        return restart

    def _goes_on(self, stack: Stack, index: int) -> bool:
        """Whether token `index` belongs to a statement whose head has already been reported."""
        tokens = self.tokens
        if goes_on_behind_hole(tokens, stack, index):
            return True
        return (
            tokens.words[index] in _BRANCHES
            and breaks_line(tokens.blanks[index])
            and line_indent(tokens, index) in self.colon_indents
        )

    def _skip_to_token(self, start: int, at: int) -> None:
        """Record a hole from an offset to token `at`, where parsing resumes."""
        tokens = self.tokens
        self._note_hole(start, max(start, tokens.ends[at - 1]))
        first = bisect_left(tokens.starts, start, FIRST, at)
        self.kept_ends[at - 1] = self.kept_ends.get(first - 1, tokens.ends[first - 1])

    def _note_hole(self, start: int, end: int) -> None:
        """Record a range inside a declaration that is missing from the tree."""
        self.holes.append(ast.Hole(start, end))

    def _next_restart(self, stack: Stack, index: int) -> tuple[Stack, int]:
        """Return a fresh stack, and the token that begins the next declaration.

        Complete nodes on the stack are kept, and the skipped range is recorded.
        """
        tokens = self.tokens
        start = index
        if not is_terminal_allowed(stack.states, END):
            done = count_finished_symbols(stack)
            if done < len(stack.starts):
                start = bisect_left(tokens.starts, stack.starts[done], FIRST, index)
        restart = next_declaration(tokens, self.source.text, start, max(index, start + 1))
        self._leave_out(stack, index, restart)
        return fresh_stack(self.tokens), restart

    def _leave_out(self, stack: Stack, index: int, end: int) -> None:
        """Keep the complete nodes of a stack at token `index`.

        The rest up to token `end` is recorded as unread.
        """
        tokens = self.tokens
        start = index
        if is_terminal_allowed(stack.states, END):
            # The error is after a complete declaration, not in it.
            tokens.insert(index, "")
            run(tokens, stack, index, AST_RULES, self.builder)
            tokens.remove(index)
            self._keep_finished_nodes(stack)
        else:
            kept = self._keep_finished_nodes(stack)
            if kept < len(stack.starts):
                start = bisect_left(tokens.starts, stack.starts[kept], FIRST, index)
        self._note_unread(start, end)

    def _note_unread(self, start: int, end: int) -> None:
        """Record that the tokens of a range are missing from the tree."""
        tokens = self.tokens
        if start < end:
            names = find_declared_names(tokens, self.source.text, start, end)
            self.unread.append(ast.Unread(tokens.starts[start], tokens.ends[end - 1], names))

    def _keep_finished_nodes(self, stack: Stack) -> int:
        """Keep the complete imports and declarations of a stack.

        Returns the number of symbols that these and the edition take.
        """
        count = count_finished_symbols(stack)
        read = zip(symbols_of_states(stack.states[: count + 1]), stack.values, strict=False)
        for symbol, value in read:
            if isinstance(value, list):
                self.nodes += value
            elif symbol in ("import_", "item"):
                self.nodes.append(value)
        return count

    def _leave_broken_out(self) -> None:
        """Remove the declarations from the tree whose meaning is uncertain.

        These have unbalanced braces, or are values with a hole. Their names remain known.
        """
        holes = (hole.start for hole in self.holes)
        offsets = [(at, _ANY) for at in self.broken] + [(at, _VALUES) for at in holes]
        for offset, kinds in offsets:
            for number, node in enumerate(self.nodes):
                if node.start <= offset <= node.end and isinstance(node, kinds):
                    del self.nodes[number]
                    names = _names_of(node)
                    self.unread.append(ast.Unread(node.start, node.end, names))
                    break


def _names_of(node: Any) -> tuple[str, ...]:
    """Return the names that an import or a declaration defines in its file."""
    if isinstance(node, ast.ImportNames):
        return tuple((each.alias or each.name).text for each in node.names)
    if isinstance(node, ast.TestDecl):
        return ()
    return (node.name.text,)
