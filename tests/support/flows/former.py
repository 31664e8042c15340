"""Programs in the former spellings, which `flowdsl check --fix` turns into the present ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowdsl.cli.commands.check.fixes import Fixed, fix_findings
from flowdsl.cli.commands.check.view import Shown
from flowdsl.cli.runtime.target import CommandTarget
from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.diagnostics.diagnostic import ERROR
from flowdsl.diagnostics.findings import Findings
from flowdsl.semantics.model import RUNTIME, TaskSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.source.files import MemoryFiles, library_of
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

Files = Mapping[str, str | bytes]
Edit = tuple[int, int, str]


def carry_over(files: Files, options: CompileOptions, *, unsafe: bool) -> tuple[Fixed, Files]:
    """What `check --fix` makes of a project: its report, and all files as they are then.

    Nothing is fixed but errors.
    """

    def select(findings: Findings) -> Shown:
        found = tuple(
            each
            for each in findings.diagnostics
            if each.severity == ERROR or each.name == "emitted-apart"
        )
        return Shown(found, findings.paths)

    entries = tuple(flows_in(files))
    target = CommandTarget("/", MemoryFiles(dict(files)), entries, options.project, whole=True)
    fixed = fix_findings(target, options, select, unsafe=unsafe)
    return fixed, {**files, **{path: text.decode() for path, text in fixed.contents.items()}}


def flows_in(files: Files) -> list[str]:
    """The flows of a project, without those of libraries, which nothing carries over from there."""
    return sorted(path for path in files if path.endswith(".flow") and library_of(path) is None)


def find_called_outputs(model: SemanticModel) -> set[str]:
    """The outputs that the result of a call sets, of which no former spelling is known.

    There a result was a variable of its own, and `--fix` gives it another name only when asked.
    """
    owners = [*model.workflows, *model.tasks]
    return {
        statement.result.text
        for owner in owners
        for statement in walk(owner.declaration)
        if isinstance(statement, ast.CallStmt)
        and statement.result is not None
        and statement.result.text in _outputs_of(owner)
    }


def _outputs_of(owner: WorkflowSymbol | TaskSymbol) -> set[str]:
    if isinstance(owner, WorkflowSymbol):
        return {field.name for field in owner.outputs}
    return {field.name for field in getattr(owner.result, "fields", ())}


def spell_formerly(files: Files, options: CompileOptions) -> dict[str, str | bytes]:
    """The files of a project, whose flows have the spellings of before.

    Values of the run have two braces, a `while` is a `repeat until`, a `cleanup` an `on failure`.
    """
    flows = flows_in(files)
    model = analyze(MemoryFiles(dict(files)), flows, options).model
    found = dict(files)
    for module in model.modules:
        if module.source.path not in flows:
            continue
        text = module.source.text
        edits: list[Edit] = []
        for node in walk(module):
            if isinstance(node, ast.Ref):
                symbol = model.values.get(node)
                counted = text.startswith("{count", node.start)  # nobody could count before
                if symbol is not None and symbol.kind == RUNTIME and not counted:
                    edits.append(_with_two_braces(text, node))
            elif isinstance(node, ast.WhileStmt):
                edits += _as_repeat(text, node)
            elif isinstance(node, ast.CleanupCheck):
                edits.append((node.start, node.start + len("cleanup"), "on failure"))
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]
        found[module.source.path] = text
    return found


def _with_two_braces(text: str, ref: ast.Ref) -> Edit:
    inside = text[ref.start : ref.end].strip("{} \t")
    return ref.start, ref.end, f"{{{{{inside}}}}}"


def _as_repeat(text: str, statement: ast.WhileStmt) -> Iterator[Edit]:
    behind = statement.limit or statement.delay
    end = statement.body.start
    if behind is not None:
        word = "max" if statement.limit is not None else "wait"
        end = text.rindex(word, statement.start, behind.start)
    start = statement.start + len("while")
    if isinstance(statement.condition, ast.NotExpr) and text[start:end].split()[0] == "not":
        at = text.index("not", start)
        yield at, at + len("not"), ""
    else:
        yield start, start, " not ("
        yield end, end, ") "
    yield statement.start, start, "repeat until"
