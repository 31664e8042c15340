"""The grammar, the tables made from it, and the tree classes agree."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

from lark import Lark
from lark.lexer import PatternStr

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast, build, reference
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.parser import tables
from flowdsl.syntax.parser.operations import NODE
from flowdsl.syntax.visit import annotations_of, walk
from tests.support.effort import rows
from tests.support.flows.expectations import CORPUS, find_cases
from tests.support.flows.generated.programs import lark
from tools.parser_tables import parse_table_of, render_tables

ROOT = Path(__file__).parents[3]
BUILDERS = {
    name.removeprefix("build_"): function
    for name, function in vars(build.AstBuilder).items()
    if name.startswith("build_")
}


def node_rules() -> set[str]:
    """The rules and aliases that make a node; the others are folded away by the tree shaping."""
    return {name for _, operation, _, _, name in tables.RULES if operation == NODE}


def test_the_grammar_has_no_conflicts_and_no_colliding_terminals() -> None:
    reference.reference_parser(strict=True)


def find_reserved_words(parser: Lark) -> frozenset[str]:
    """Return the keywords that cannot be names: the lexer prefers them to names."""
    keywords = {
        terminal.name: terminal.pattern.value
        for terminal in parser.terminals
        if isinstance(terminal.pattern, PatternStr) and terminal.pattern.value.isalpha()
    }
    reserved: set[str] = set()
    for row in parse_table_of(parser).states.values():
        if "NAME" in row and row["NAME"][0].name == "Shift":
            reserved |= {keywords[name] for name in row if name in keywords}
    return frozenset(reserved)


def test_only_five_words_are_reserved() -> None:
    assert find_reserved_words(lark()) == {"true", "false", "null", "not", "sees"}


def test_the_tables_are_fresh() -> None:
    fresh = render_tables(lark()) == Path(tables.__file__).read_text("utf-8")
    assert fresh, "run `python -m tools.parser_tables --write`"


def test_the_tables_do_not_depend_on_the_order_of_sets() -> None:
    command = [sys.executable, "-m", "tools.parser_tables", "--check"]
    for seed in rows(("1", "2"), 0):
        done = subprocess.run(command, env={"PYTHONHASHSEED": seed}, cwd=ROOT)
        assert done.returncode == 0


def test_every_rule_has_one_builder_and_every_builder_a_rule() -> None:
    acts = {f"act_{verb}" for verb in build.ACTS}
    flags = {"background", "if_present"}
    tables = (build.POSITIONAL, build.TUPLES, build.ROWS, BUILDERS)
    sources = [*map(set, tables), acts, flags]
    assert node_rules() == set().union(*sources)
    assert sum(map(len, sources)) == len(set().union(*sources))


FITS = {
    build.NAME: {"Name"},
    build.STRING: {"StringLit"},
    build.PATTERN: {"StringLit"},
    build.WORD: {"str"},
    build.INT: {"IntLit"},
    build.DURATION: {"Duration"},
    build.RAW: {"Text"},
    build.THERE: {"bool"},
    build.ADDS: {"bool"},
    build.REPLACES: {"bool"},
    build.RELATION: {"str"},
    build.KEY: {"Name", "StringLit"},
}
"""The type of the field that each reading of a token fits."""


def test_a_row_reads_what_the_fields_of_its_class_hold() -> None:
    for name, (class_, *row) in build.ROWS.items():
        if not isinstance(class_, type):
            continue
        types = [each for name, each in annotations_of(class_).items() if name in class_._fields]
        assert len(types) == len(row) + 2, name
        for written, field in zip(types[2:], row, strict=True):
            wanted = FITS.get(field)
            assert wanted is None or set(written.split(" | ")) & wanted, name
            assert isinstance(field, build.AllOf) <= written.startswith("tuple["), name
            assert (field is build.DOC) <= (written == "str | None"), name


def test_every_tree_class_is_built_from_some_program() -> None:
    classes = {
        value
        for value in vars(ast).values()
        if inspect.isclass(value) and issubclass(value, ast.Node) and value is not ast.Node
    }
    built: set[type] = set()
    for case in (*find_cases(CORPUS / "valid"), *find_cases(CORPUS / "invalid")):
        for path in case.entries:
            content = case.files[path]
            text = content if isinstance(content, str) else content.decode(errors="replace")
            built |= {type(node) for node in walk(parse_module(SourceFile(path, text), Sink()))}
    left_of_mistakes = {ast.Unread, ast.Hole}
    assert built - left_of_mistakes == classes - left_of_mistakes


def test_a_word_never_has_two_readings_in_one_state() -> None:
    """What the driver decides for `=` and words needs at most one reading of a sign in a state."""
    both = [
        row
        for row in tables.ROWS
        if {tables.TERMINALS.index("EQUAL"), tables.TERMINALS.index("EMIT_OP")} <= row.keys()
    ]
    assert not both


def test_parsing_imports_neither_lark_nor_slow_modules() -> None:
    code = (
        "import sys; before = set(sys.modules); import flowdsl.syntax.parse;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "flowdsl.syntax.parser.driver" in loaded
    assert not loaded & {"lark", "dataclasses", "pathlib", "pydantic", "argparse", "inspect"}


def test_the_grammar_is_found_in_a_checkout() -> None:
    checkout = Path(reference.__file__).parents[2] / "grammars" / "flowdsl.lark"
    assert reference.grammar_text() == checkout.read_text(encoding="utf-8")
