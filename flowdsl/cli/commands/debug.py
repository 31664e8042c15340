"""`flowdsl debug`: look inside the compiler."""

from __future__ import annotations

import argparse

from ..runtime.command_line.arguments import add_subcommand, add_subcommands
from ..runtime.console import Console
from ..runtime.exit_codes import FINDINGS, SUCCESS
from ..runtime.target import CommandTarget, open_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.syntax.ast import Node
    from flowdsl.syntax.reference import Branch, Leaf


def configure(parser: argparse.ArgumentParser) -> None:
    subjects = add_subcommands(parser)
    add_subcommand(
        subjects,
        "parse",
        "print the syntax tree of a file, and what each name means",
        """
        path=FILE  a file, or `-` for standard input
        --reference  the tree of the grammar as Lark reads it, not the compiler's own
        """,
    )
    add_subcommand(subjects, "tables", "print the size of the parse tables")
    add_subcommand(subjects, "config-schema", "print the JSON Schema of flowdsl.toml")
    add_subcommand(subjects, "plan-schema", "print the JSON Schema of a saved plan")


def run(arguments: argparse.Namespace, console: Console) -> int:
    if arguments.subject == "parse":
        return _print_syntax_tree(open_target([arguments.path]), arguments.reference, console)
    if arguments.subject == "tables":
        return _print_tables(console)
    console.out(_schema_text(arguments.subject))
    return SUCCESS


def _schema_text(subject: str) -> str:
    import json

    if subject == "plan-schema":
        from flowdsl.deploy.plan_file.format import plan_schema

        return json.dumps(plan_schema(), indent=2)
    from flowdsl.config.schema import project_file_schema

    return json.dumps(project_file_schema(), indent=2)


def _print_syntax_tree(target: CommandTarget, reference: bool, console: Console) -> int:
    from flowdsl.diagnostics.sink import Sink
    from flowdsl.diagnostics.suggest import prefix_article
    from flowdsl.source.files import UnreadableFile
    from flowdsl.source.text import SourceFile
    from flowdsl.syntax.parse import parse_module
    from flowdsl.syntax.visit import dump

    from ..runtime.console import CommandError, UsageError

    target.require_sound(console)
    if target.taken_in or len(target.entries) != 1:
        raise UsageError("name one flow, or `-`; a tree is that of one file")
    (path,) = target.entries
    try:
        source = SourceFile(path, target.files.read_text(path))
    except UnreadableFile as error:
        raise CommandError(str(error), FINDINGS) from None
    sink = Sink()
    module = parse_module(source, sink)
    if sink.has_errors:
        target.show(sink.findings_in_order(), 1, console)
        if reference:
            return FINDINGS
    if reference:
        from flowdsl.syntax.reference import generic_tree, reference_parser

        tree = generic_tree(reference_parser().parse(source.text))
        console.out(_grammar_tree(tree, source.text))
    else:
        from flowdsl.compiler.pipeline import CompileOptions, analyze

        model = analyze(target.files, [path], CompileOptions(target.project)).model
        module = next(each for each in model.modules if each.source.path == path)
        meanings: dict[Node, str] = {
            name: prefix_article(symbol.title) for name, symbol in model.values.items()
        }
        console.out(dump(module, meanings=meanings).rstrip("\n"))
    return FINDINGS if sink.has_errors else SUCCESS


def _grammar_tree(branch: Branch, text: str) -> str:
    """The lines of a tree of grammar rules and terminals, each terminal with its text.

    The tree is one of `syntax.reference`.
    """
    from flowdsl.syntax.reference import Leaf

    lines: list[str] = []
    pending: list[tuple[Branch | Leaf | None, int]] = [(branch, 0)]
    while pending:
        node, depth = pending.pop()
        indent = "  " * depth
        if node is None:
            lines.append(f"{indent}-")
        elif isinstance(node, Leaf):
            lines.append(f"{indent}{node.terminal} {text[node.start : node.end]!r}")
        else:
            lines.append(f"{indent}{node.rule} {node.start}..{node.end}")
            pending += [(child, depth + 1) for child in reversed(node.children)]
    return "\n".join(lines)


def _print_tables(console: Console) -> int:
    from flowdsl.syntax.parser import tables

    console.out(
        f"{len(tables.TERMINALS)} terminals, {len(tables.RULES)} rules, "
        f"{len(tables.STATE_ROWS)} states"
    )
    return SUCCESS
