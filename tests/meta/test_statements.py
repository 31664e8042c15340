"""One table says what a statement is, and whatever else speaks of statements agrees with it.

Add a statement, and mypy names every `match` without a wildcard; this module names the row that is
missing in the table. What else knows some statements derives
them from the table, or has a test of what it is for.
"""

from __future__ import annotations

import ast as python
import re
from pathlib import Path
from typing import get_args

from flowdsl.ir import nodes
from flowdsl.lint.rules.program import optional_read_unguarded
from flowdsl.lint.texts.prose import HAS_PROSE, prose_of
from flowdsl.semantics.capabilities import TOOLS
from flowdsl.semantics.flow_tests.run_texts import ACTS
from flowdsl.semantics.places import OF_ROLE
from flowdsl.semantics.traversal import inner_blocks
from flowdsl.source.record import field_names
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parser.lexer import KEYWORDS
from flowdsl.syntax.parser.tables import RULES
from flowdsl.syntax.statements import (
    BY_KIND,
    EVERY_AGENT,
    HOLDING,
    LEAVES,
    ROLES,
    ROUNDS,
    SETTERS,
    STATEMENTS,
    WITH_ELSE,
    texts_of,
)
from flowdsl.syntax.visit import annotations_of
from tests.support.rows import in_rows

ROOT = Path(__file__).parents[2]
_TEXTS = ("Text", "Text | None", "Text | Condition")


def union(name: str) -> frozenset[str]:
    """The members of a union that `ast.py` declares for the type checker only."""
    tree = python.parse((ROOT / "flowdsl/syntax/ast.py").read_text(encoding="utf-8"))
    unions = {
        getattr(node.target, "id", ""): re.findall(r"\w+", python.unparse(node.value))
        for node in python.walk(tree)
        if isinstance(node, python.AnnAssign) and node.value is not None
    }

    def members(name: str) -> frozenset[str]:
        if name not in unions:
            return frozenset((name,))
        return frozenset().union(*map(members, unions[name]))

    return members(name)


OF_THE_LANGUAGE = union("Stmt")


def test_every_statement_has_a_row() -> None:
    assert {class_.__name__ for class_ in STATEMENTS} == OF_THE_LANGUAGE - {"AnnotatedStmt"}


@in_rows("class_", STATEMENTS, ids=lambda class_: class_.__name__)
def test_a_row_says_what_the_class_says(class_: type[ast.Node]) -> None:
    row = STATEMENTS[class_]
    annotations = annotations_of(class_)
    texts = {name for name, written in annotations.items() if re.search(r"\bText\b", written)}
    assert {name for name, _ in row.texts} == texts
    assert {role for _, role in row.texts} <= set(ROLES)
    assert row.keyword in KEYWORDS
    assert row.tool is None or row.tool in TOOLS
    assert row.sets is None or annotations[row.sets] in ("Name", "Name | None")
    assert (class_ in LEAVES) == (
        "Block" not in str(annotations) and class_ not in WITH_ELSE | HOLDING
    )


def test_what_tests_look_for_is_the_same_in_grammar_program_and_document() -> None:
    rules = {rule[4] for rule in RULES if rule[4].startswith("act_")}
    assert rules == {f"act_{word}" for word in ACTS}
    text = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
    told = text.partition("`never` and `types` look for ")[2].partition(", in the whole run")[0]
    assert set(re.findall(r"`(\w+)", told)) == set(ACTS)


def test_every_agent_has_the_tools_that_capabilities_give_it() -> None:
    assert {tool.name for tool in TOOLS.values() if tool.focused} == EVERY_AGENT


def test_every_role_has_a_place_and_a_name_in_messages() -> None:
    assert OF_ROLE.keys() == set(ROLES)
    assert optional_read_unguarded._PLACES.keys() == set(ROLES)


@in_rows("class_", get_args(nodes.Statement), ids=lambda class_: class_.__name__)
def test_the_ir_calls_texts_as_the_language_does(class_: type[nodes.Node]) -> None:
    sources = BY_KIND[str(vars(class_)["kind"])]
    types = {name: class_.__annotations__.get(name) for name in field_names(class_)}
    texts = {name for name, type_ in types.items() if type_ in _TEXTS}
    if class_ is nodes.TypeDay:
        texts.add("value")  # a day is no text
    for source in sources:
        assert {name for name, _ in STATEMENTS[source].texts} == texts
    bodies = {name for name in types if name in ("body", "branches", "otherwise")}
    assert bool(bodies) == any(source not in LEAVES for source in sources) or (
        class_ is nodes.BackgroundExtract
    )


def test_no_kind_of_the_ir_is_left_over() -> None:
    kinds = {vars(class_)["kind"] for class_ in get_args(nodes.Statement)}
    assert kinds == BY_KIND.keys()


# What derives from the table, on a statement of each class


def sample(class_: type[ast.Node], **given: object) -> ast.Node:
    """A statement whose texts say the names of their fields, and whose blocks are empty."""
    values: dict[str, object] = {}
    for name, written in annotations_of(class_).items():
        if name in ("start", "end"):
            values[name] = 0
        elif re.search(r"\bText\b", written):
            values[name] = ast.Text(0, 0, ast.STRING, (ast.TextLiteral(0, 0, name),))
        elif written.startswith("Block"):
            values[name] = ast.Block(0, 0, ())
        elif written == "Otherwise | None":
            reason = ast.Text(0, 0, ast.STRING, (ast.TextLiteral(0, 0, "else"),))
            values[name] = ast.Otherwise(0, 0, ast.FailStmt(0, 0, reason))
        elif written == "tuple[MatchBranch, ...]":
            values[name] = (ast.MatchBranch(0, 0, (), ast.Block(0, 0, ())),)
        elif name == "branches":
            condition = ast.SeesExpr(0, 0, ast.Text(0, 0, ast.STRING, ()))
            values[name] = (ast.IfBranch(0, 0, condition, ast.Block(0, 0, ())),)
        elif name == "condition" and class_ in ROUNDS:
            values[name] = ast.SeesExpr(0, 0, ast.Text(0, 0, ast.STRING, ()))
        elif written == "Name" or (class_ in SETTERS and name == STATEMENTS[class_].sets):
            values[name] = ast.Name(0, 0, "x")
        else:
            values[name] = None
    return class_(**(values | given))


@in_rows("class_", STATEMENTS, ids=lambda class_: class_.__name__)
def test_texts_blocks_and_prose_of_a_statement(class_: type[ast.Node]) -> None:
    statement = sample(class_)
    annotations = annotations_of(class_)
    found = [text for text, _ in texts_of(statement)]
    expected = sum(1 for written in annotations.values() if re.search(r"\bText\b", written))
    expected += class_ in WITH_ELSE
    expected += class_ in (ast.IfStmt, *ROUNDS)
    assert len(found) == expected
    blocks = [inner.block for inner in inner_blocks(statement)]  # type: ignore[arg-type]
    held = [
        written
        for written in annotations.values()
        if re.search("Block|IfBranch|MatchBranch", written)
    ]
    assert len(blocks) == len(held)
    assert bool(list(prose_of(statement, SourceFile("x.flow", "")))) == (class_ in HAS_PROSE)
