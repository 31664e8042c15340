"""The analysis of paths against an interpreter that takes every path there is."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.capabilities import TOOLS, Capabilities
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import MemoryFiles
from tests.support.effort import examples

VARIABLES = ("a", "b", "c")
names = st.sampled_from(VARIABLES)

# A statement is a tuple: its kind, then its parts; a block is a list of statements.
Statement = tuple[Any, ...]
Block = list[Statement]
Done = frozenset[str]


def blocks(*, loops: bool, depth: int) -> st.SearchStrategy[Block]:
    leaves = st.one_of(
        st.tuples(st.just("set"), names),
        st.tuples(st.just("read"), names),
        st.tuples(st.just("emit")),
        st.sampled_from([("abort",), ("fail",), ("finish",)]),
    )
    if depth == 0:
        return st.lists(leaves, max_size=3)
    inner = blocks(loops=loops, depth=depth - 1)
    flat = blocks(loops=False, depth=depth - 1)
    failing = st.tuples(names, inner).map(lambda pair: [("set", pair[0]), *pair[1]])
    nested = [
        st.tuples(st.just("set_or"), names, inner),
        st.tuples(st.just("if"), inner, st.none() | inner),
        st.tuples(st.just("repeat"), inner),
        st.tuples(st.just("retry"), failing, st.none() | inner),
    ]
    if loops:
        nested.append(st.tuples(st.just("for"), st.booleans(), flat))
    return st.lists(st.one_of(leaves, *nested), max_size=4)


class Writer:
    """Writes a program; the reads are `do` statements whose line identifies them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.read_at: dict[int, int] = {}

    def block(self, block: Block) -> None:
        for statement in block:
            self.statement(statement)

    def statement(self, statement: Statement) -> None:
        match statement:
            case ("set", name):
                self.lines.append(f'extract {name}: string from "somewhere"')
            case ("read", name):
                self.lines.append(f'do "Use {{{name}}}."')
                self.read_at[id(statement)] = len(self.lines)
            case ("emit",):
                self.lines.append('emit out = "x"')
            case ("abort" | "fail" | "finish" as word,):
                self.lines.append(f'{word} "no"')
                self.read_at[id(statement)] = len(self.lines)
            case ("set_or", name, other):
                self.lines.append(f'extract {name}: string from "somewhere" else {{')
                self.closed(other)
            case ("if", then, other):
                self.lines.append('if sees "it" {')
                self.closed(then)
                if other is not None:
                    self.lines.append("else {")
                    self.closed(other)
            case ("repeat", body):
                self.lines.append('while not sees "it" max 3 {')
                self.closed(body)
            case ("retry", body, other):
                self.lines.append("retry 3 {")
                self.closed(body)
                if other is not None:
                    self.lines.append("else {")
                    self.closed(other)
            case ("for", runs, body):
                self.lines.append(f"for v in {'some' if runs else 'rows'} max 3 {{")
                self.closed(body)

    def closed(self, block: Block) -> None:
        self.block(block)
        self.lines.append("}")


class Interpreter:
    """Runs a program on every path. States are the sets of variables that have a value."""

    def __init__(self) -> None:
        self.unset_reads: set[int] = set()
        self.without_output: set[int] = set()

    def block(self, block: Block, states: set[Done]) -> tuple[set[Done], set[Done]]:
        failed: set[Done] = set()
        for statement in block:
            after: set[Done] = set()
            for state in states:
                ends, failures = self.statement(statement, state)
                after |= ends
                failed |= failures
            states = after
        return states, failed

    def statement(self, statement: Statement, state: Done) -> tuple[set[Done], set[Done]]:
        match statement:
            case ("set", name):
                return {state | {name}}, {state}
            case ("read", name):
                if name not in state:
                    self.unset_reads.add(id(statement))
                return {state}, set()
            case ("emit",):
                return {state | {"out"}}, set()
            case ("fail",):
                return set(), {state}
            case ("abort" | "finish" as word,):
                if word == "finish" and "out" not in state:
                    self.without_output.add(id(statement))
                return set(), set()
            case ("set_or", name, other):
                ends, failed = self.block(other, {state})
                return ends | {state | {name}}, failed
            case ("if", then, other):
                ends, failed = self.block(then, {state})
                more, failures = (
                    ({state}, set[Done]()) if other is None else self.block(other, {state})
                )
                return ends | more, failed | failures
            case ("repeat", body):
                own = frozenset(variables_set(body))
                ends, failed = self.passes(body, {state}, own, at_least_once=False)
                return ends, failed | ends  # the bound runs out
            case ("for", runs, body):
                own = frozenset(variables_set(body))
                return self.passes(body, {state}, own, at_least_once=runs)
            case ("retry", body, other):
                ends, failed = self.passes_of_retry(body, state)
                if other is None:
                    return ends, failed
                more, failures = self.block(other, failed)
                return ends | more, failures
        raise AssertionError(statement)

    def passes(
        self, body: Block, states: set[Done], emptied: Done, *, at_least_once: bool
    ) -> tuple[set[Done], set[Done]]:
        ends: set[Done] = set() if at_least_once else set(states)
        failed: set[Done] = set()
        seen: set[Done] = set()
        while states - seen:
            seen |= states
            after, failures = self.block(body, {state - emptied for state in states})
            ends |= after
            failed |= failures
            states = after
        return ends, failed

    def passes_of_retry(self, body: Block, state: Done) -> tuple[set[Done], set[Done]]:
        own = frozenset(variables_set(body))
        ends: set[Done] = set()
        failed: set[Done] = set()
        starts = {state - own}
        while True:
            after, failures = self.block(body, starts)
            ends |= after
            left = {each - own for each in failures}  # a failed attempt keeps no value
            if left <= failed:
                return ends, failed
            failed |= left
            starts = left


def variables_set(block: Block) -> set[str]:
    found: set[str] = set()
    for statement in block:
        if statement[0] in ("set", "set_or"):
            found.add(statement[1])
        for part in statement[1:]:
            if isinstance(part, list):
                found |= variables_set(part)
    return found


def identified(block: Block) -> Block:
    """A copy in which every statement is an object of its own."""
    return [
        tuple(identified(part) if isinstance(part, list) else part for part in statement)
        for statement in block
    ]


HEAD = """flow 1
workflow intake {
inputs { rows: string[] some: string[] @min_items(1) }
outputs { out: string }
steps {
"""
HEAD_LINE_OF_OUT = 4


@settings(max_examples=examples(400), deadline=None)
@given(blocks(loops=True, depth=3))
def test_reads_and_outputs_are_reported_exactly_when_some_path_lacks_them(block: Block) -> None:
    program = identified(
        [("set", "a"), ("if", [("set", name) for name in VARIABLES], None), *block]
    )
    writer = Writer()
    writer.block(program)
    text = HEAD + "\n".join(writer.lines) + "\n}}\n"
    files = MemoryFiles({"intake.flow": text})
    sink = Sink()
    sources = load_sources(files, ["intake.flow"], sink)
    # Agents that can do everything: what a replay decides is not the subject here.
    analyze_program(sources, None, files, sink, capabilities=Capabilities(frozenset(TOOLS)))

    interpreter = Interpreter()
    ends, _ = interpreter.block(program, {frozenset()})
    first = HEAD.count("\n")
    expected = {writer.read_at[read] + first for read in interpreter.unset_reads}
    found = {
        d.span.first.line for d in sink.findings_in_order() if d.name == "unset-runtime-variable"
    }
    assert found == expected
    missing = {d.span.first.line for d in sink.findings_in_order() if d.name == "missing-emit"}
    at_the_end = any("out" not in end for end in ends)
    assert (HEAD_LINE_OF_OUT in missing) == at_the_end
    # What no path emits at all is said once, where there is an end to say it of.
    said_once = at_the_end and 'emit out = "x"' not in writer.lines
    early = {writer.read_at[each] + first for each in interpreter.without_output}
    assert missing - {HEAD_LINE_OF_OUT} == (set() if said_once else early)
    others = {d.name for d in sink.findings_in_order() if d.spec.category == "flow"}
    assert others <= {"unset-runtime-variable", "missing-emit", "unreachable-statement"}
    for diagnostic in sink.findings_in_order():
        share = re.search(r"on (\d+) of (\d+) paths", diagnostic.message)
        if share is not None:
            assert 0 < int(share[1]) < int(share[2])
            assert any("here" in label.text for label in diagnostic.labels)
            assert len(diagnostic.labels) > 1, "nothing says which path lacks it"
