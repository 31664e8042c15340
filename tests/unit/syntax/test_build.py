"""From text to tree: what lands where."""

from __future__ import annotations

from textwrap import dedent

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.visit import dump, walk


def module(text: str) -> ast.Module:
    sink = Sink()
    tree = parse_module(SourceFile("x.flow", dedent(text)), sink)
    assert not sink.findings_in_order(), sink.findings_in_order()[0].message
    return tree


def statements(body: str) -> str:
    """The dump of the statements of a workflow, without offsets."""
    tree = module("flow 1 workflow w { steps {\n" + body + "\n} }")
    lines = dump(tree, offsets=False).splitlines()
    at = lines.index("      Block")
    return "\n".join(line[8:] for line in lines[at + 1 :])


def test_doc_comments_reach_declarations_fields_steps_and_checks() -> None:
    tree = module(
        """\
        flow 1
        ## A record.
        @owner("x")
        type T {
          ## A field.
          a: string
        }
        workflow w {
          steps {
            ## A step.
            step "s" { }
          }
          checks {
            ## A check.
            output matches schema
          }
        }
        """
    )
    docs = {type(node).__name__: node.doc for node in walk(tree) if getattr(node, "doc", None)}
    assert docs == {
        "RecordDecl": "A record.",
        "Field": "A field.",
        "StepStmt": "A step.",
        "Check": "A check.",
    }


def test_a_declaration_begins_at_its_first_annotation() -> None:
    text = 'flow 1\n@owner("a") @b\nconst c = 1'
    (const,) = module(text).declarations
    assert text[const.start : const.end] == '@owner("a") @b\nconst c = 1'
    assert [annotation.name.text for annotation in const.annotations] == ["owner", "b"]


def test_type_suffixes_nest_from_the_inside() -> None:
    (alias,) = module('flow 1\ntype T = "a" | "b"[]?').declarations
    assert dump(alias, offsets=False) == dedent(
        """\
        AliasDecl doc=None
          Name text='T'
          OptionalType
            ListType
              EnumType open=False
                StringLit value='a'
                StringLit value='b'
        """
    )


def test_optional_parts_of_statements() -> None:
    assert statements('wait until "x" timeout 90s else abort "y"') == dedent(
        """\
        WaitUntilStmt
          Text form='string'
            TextLiteral value='x'
          Duration text='90s' milliseconds=90000
          Otherwise
            AbortStmt
              Text form='string'
                TextLiteral value='y'"""
    )
    assert statements('press "Tab" 3 times\npress "A"') == dedent(
        """\
        PressStmt
          StringLit value='Tab'
          IntLit value=3
        PressStmt times=None
          StringLit value='A'"""
    )


def test_else_if_is_a_list_of_branches() -> None:
    dumped = statements("if a { } else if not b { } else { }")
    assert [line for line in dumped.splitlines() if "Branch" in line or "Block" in line] == [
        "  IfBranch",
        "    Block",
        "  IfBranch",
        "    Block",
        "  Block",
    ]


def test_emit_tells_appending_from_setting() -> None:
    dumped = statements("emit a = x.y\nemit b += [1, $s]")
    assert "EmitStmt append=False" in dumped
    assert "EmitStmt append=True" in dumped
    assert "Ref secret=False" in dumped
    assert "Ref secret=True" in dumped


def test_present_and_background_are_names_too() -> None:
    dumped = statements('do "x"\nif present { for background in background max 2 { } }')
    assert dumped.count("Name text='background'") == 2
    assert "Name text='present'" in dumped


def test_if_present_and_in_background() -> None:
    tree = module(
        """\
        flow 1
        workflow w {
          steps { emit a = 1 extract b: string from "x" in background using "m" }
          checks { image "a.png" shows "b" if present using "m" as "label" }
        }
        """
    )
    extract = next(node for node in walk(tree) if isinstance(node, ast.ExtractStmt))
    check = next(node for node in walk(tree) if isinstance(node, ast.ImageCheck))
    assert extract.background and extract.model is not None
    assert check.if_present and check.model is not None


def test_reads_take_paths_whose_names_are_keywords() -> None:
    tree = module('flow 1\ntest "t" for w { reads { a = "x" file.output = {} run.step.do = 1 } }')
    reads = [node for node in walk(tree) if isinstance(node, ast.ReadAnswer)]
    assert [".".join(name.text for name in read.path) for read in reads] == [
        "a",
        "file.output",
        "run.step.do",
    ]
