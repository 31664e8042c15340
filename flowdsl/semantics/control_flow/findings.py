"""Messages about variables that are not set, or outputs not emitted, on every path.

`dataflow` finds that something is missing; this module adds on how many paths, and why.
"""

from __future__ import annotations

from collections.abc import Callable

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span

from .. import errors
from ..program import Program
from ..traversal import output_set_by, own_variable_set_by
from ..types import FieldType
from .path_counts import CountedEvent, Flow, Paths, count_paths

_UNCOUNTED = 100
"""From this number of paths on, a message no longer counts them."""

_WAY_OUT_OF_COPY = (
    "copying nothing leaves no value, so emit one there: in the `else` of the `copy`, or in the "
    "`on failure` around it"
)


class FlowFindings:
    """Reports findings about one body.

    `flow` says which lists are not empty, and which calls return. The places where each variable is
    set and each output emitted are collected once.
    """

    def __init__(self, program: Program, source: SourceFile, body: ast.Block, flow: Flow) -> None:
        self.program = program
        self.source = source
        self.body = body
        self.flow = flow
        self._set: dict[str, list[Span]] = {}
        self._emitted: dict[str, list[Span]] = {}
        for each in program.statements(body):
            output = output_set_by(each, program.set_outputs)
            if output is not None:
                self._emitted.setdefault(output.text, []).append(output.span(source))
            variable = own_variable_set_by(each, program.set_outputs)
            if variable is not None:
                self._set.setdefault(variable.text, []).append(variable.span(source))

    def report_unset(
        self, at: ast.Ref | ast.Name, name: str, emptied: frozenset[str], is_output: bool = False
    ) -> None:
        """Report the read of a runtime variable, or output, that not every path sets.

        A `+=` reads the variable that it appends to. `emptied` are the variables that are emptied
        at the start of each pass of the enclosing loop.
        """
        span, way = at.span(self.source), None
        places = (self._emitted if is_output else self._set).get(name, [])
        before = [each for each in places if each.start < span.start]
        after = [each for each in places if each.start > span.start]
        if name in emptied and not is_output:
            why = "is emptied when a pass of the loop starts, and read before it is set again"
            labels = _label_spans(after, "set here, for the passes before")
        elif before:
            why, labels = self._unset_paths(at, name, before, after, is_output)
            way = self._way_out_of_else(name, labels, is_output)
        else:
            why = "is read before it is set"
            labels = _label_spans(after, "set here, later")
        self.program.sink.report(
            errors.UNSET_RUNTIME_VARIABLE, span, name=name, why=why, labels=labels, help=way
        )

    def _way_out_of_else(self, name: str, labels: tuple[Label, ...], is_output: bool) -> str | None:
        """Suggest a fix if only the `else` of the reading that sets a variable leaves it unset.

        `labels` are the places that set it, and those at which paths diverge without setting it.
        """
        readings = (
            each
            for each in self.program.statements(self.body)
            if isinstance(each, ast.ExtractStmt | ast.CopyStmt) and each.name.text == name
        )
        elses = {each.otherwise.start for each in readings if each.otherwise is not None}
        word = "emit" if is_output else "keep"
        match labels:
            case (_, apart) if apart.span.start in elses:
                return (
                    f"set it in the `else` with `{word} {name} = ...`, or end the `else` with "
                    "`fail`, `abort` or `finish`"
                )
            case _:
                return None

    def _unset_paths(
        self,
        at: ast.Ref | ast.Name,
        name: str,
        before: list[Span],
        after: list[Span],
        is_output: bool,
    ) -> tuple[str, tuple[Label, ...]]:
        set_by = output_set_by if is_output else own_variable_set_by

        def sets(statement: ast.Stmt) -> bool:
            variable = set_by(statement, self.program.set_outputs)
            return variable is not None and variable.text == name

        paths = self._paths(sets, before[0].start, "set", at.start, is_output)
        if paths is None or not paths.undone:
            again = _label_spans(after, "emptied and set again in a loop, before the next pass")
            return "is not set on every path to here", (*_label_spans(before, "set here"), *again)
        if not paths.done:
            elsewhere = _label_spans(before, "set here, and no path from it leads to the read")
            return "is not set on any path to here", (*elsewhere, *paths.reasons)
        share = _describe_share(paths)
        why = f"is set on {share} to here" if share else "is not set on every path to here"
        return why, (*_label_spans(before, "set here"), *paths.reasons)

    def _paths(
        self,
        does: Callable[[ast.Stmt], bool],
        first: int,
        word: str,
        place: int | None,
        is_output: bool,
    ) -> Paths | None:
        """Count the paths to the read at `place`, or to the end of the body if `place` is None."""
        subject = CountedEvent(does, first, word, is_output)
        return count_paths(self.source, self.body, subject, self.flow, place)

    def report_missing_output(self, field: FieldType, place: Span, noun: str) -> None:
        """Report, at `place`, a field that has no value on every path to the end."""
        name, way = field.name, None
        emitted = self._emitted.get(name, [])
        if field.default is None:
            how, labels = self._missing_paths(name, emitted)
        else:
            how, way = "loses its default where nothing is copied", _WAY_OUT_OF_COPY
            labels = _label_spans(emitted, "set here")
        self.program.sink.report(
            errors.MISSING_EMIT, place, name=name, noun=noun, how=how, labels=labels, help=way
        )

    def is_emitted(self, name: str) -> bool:
        """Whether any statement of the body emits the output `name`."""
        return name in self._emitted

    def report_missing_at_finish(
        self, statement: ast.FinishStmt | ast.CallStmt, field: FieldType, declared: Span
    ) -> None:
        """Report an output that has no value on some path to a `finish`.

        `statement` is that `finish`, or a call of a task with one.
        """
        emitted = _label_spans(self._emitted.get(field.name, []), "emitted here")
        what, way = "this `finish`", "the `finish`"
        if isinstance(statement, ast.CallStmt):
            what, way = "the `finish` in this task", "the call"
        how, why = f"is not emitted on every path to {what}", "required here"
        if field.default is not None:
            how, why = f"loses its default on a path to {what}", "has its default from here"
        self.program.sink.report(
            errors.MISSING_EMIT,
            keyword_span(statement, self.source),
            name=field.name,
            noun="output",
            how=how,
            labels=(Label(declared, why), *emitted),
            help=_WAY_OUT_OF_COPY
            if field.default is not None
            else f"emit it in front of {way}, or make it optional with `?`",
        )

    def _missing_paths(self, name: str, emitted: list[Span]) -> tuple[str, tuple[Label, ...]]:
        if not emitted:
            return "is never emitted", ()

        def emits(statement: ast.Stmt) -> bool:
            output = output_set_by(statement, self.program.set_outputs)
            return output is not None and output.text == name

        paths = self._paths(emits, emitted[0].start, "emitted", None, is_output=True)
        labels = _label_spans(emitted, "emitted here")
        if paths is None or not paths.undone:
            return "is not emitted on every path", labels
        if not paths.done:
            elsewhere = _label_spans(emitted, "emitted here, and no path from it reaches the end")
            return "is emitted on no path to the end", (*elsewhere, *paths.reasons)
        share = _describe_share(paths)
        how = f"is emitted on {share}" if share else "is not emitted on every path"
        return how, (*labels, *paths.reasons)


def _label_spans(spans: list[Span], text: str) -> tuple[Label, ...]:
    return tuple(Label(span, text) for span in spans)


def _describe_share(paths: Paths) -> str | None:
    """Describe the share of the paths that do it; None if there are too many to count."""
    total = paths.done + paths.undone
    return f"{paths.done} of {total} paths" if total < _UNCOUNTED else None
