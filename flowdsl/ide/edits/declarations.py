"""New declarations that an editor offers to write: a task of some statements, a missing test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowdsl.diagnostics.diagnostic import ERROR, Edit
from flowdsl.semantics.model import INPUT, LOOP, PARAMETER, RUNTIME, SECRET
from flowdsl.semantics.types import describe_type
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from ..names.hover import find_type
from ..occurrences import DECLARES, OUTPUT, SETS, Occurrence
from ..preview import find_bundle
from ..session import Session, Snapshot
from ..trial import try_edits

_GIVEN = (INPUT, PARAMETER, LOOP, RUNTIME, SECRET, OUTPUT)
NEW_TASK = "extracted"


def extract_task(session: Session, path: str, start: int, end: int) -> tuple[Edit, ...] | None:
    """Return the edits that make a task of the statements in a range, and call it there.

    None if the range is no whole statements of one block, if they set what is used elsewhere, or
    if a check of the result finds an error.
    """
    snapshot = session.analyze_file(path)
    module = snapshot.module(path)
    around = None if module is None else _declaration_around(module, start, end)
    if module is None or around is None:
        return None
    statements = _find_statements(around, module.source.text, start, end)
    if not statements:
        return None
    first, last = statements[0].start, statements[-1].end
    arguments = _find_arguments(snapshot, path, first, last)
    if arguments is None:
        return None
    names = snapshot.model.scopes[module].names
    name = next(each for each in _propose_names() if each not in names)
    source = module.source
    call = ", ".join(
        f"{each}: {'$' if kind == SECRET else ''}{each}" for each, kind, _ in arguments
    )
    params = ", ".join(
        f"{'secret ' if kind == SECRET else ''}{each}: {type_}" for each, kind, type_ in arguments
    )
    body = _indent_body(source, first, last)
    task = f"\n\ntask {name}({params}) {{\n{body}\n}}"
    edits = (
        Edit(Span(source, first, last), f"call {name}({call})"),
        Edit(Span(source, around.end, around.end), task),
    )
    _, new = try_edits(session, snapshot, edits)
    return None if any(each.severity == ERROR for each in new) else edits


def _propose_names() -> Iterator[str]:
    yield NEW_TASK
    for number in range(2, 1000):
        yield f"{NEW_TASK}_{number}"


def _declaration_around(
    module: ast.Module, start: int, end: int
) -> ast.TaskDecl | ast.WorkflowDecl | None:
    for declaration in module.declarations:
        if declaration.start <= start and end <= declaration.end:
            return declaration if isinstance(declaration, ast.TaskDecl | ast.WorkflowDecl) else None
    return None


def _find_statements(declaration: ast.Decl, text: str, start: int, end: int) -> Sequence[ast.Stmt]:
    """Return the statements of one block that a range consists of, blanks aside."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    for block in walk(declaration):
        if isinstance(block, ast.Block):
            inside = [each for each in block.statements if start <= each.start and each.end <= end]
            if inside and (inside[0].start, inside[-1].end) == (start, end):
                return inside
    return ()


def _find_arguments(
    snapshot: Snapshot, path: str, start: int, end: int
) -> list[tuple[str, str, str]] | None:
    """Return name, kind and type of the values that a range uses and does not declare.

    None if it sets a value that something outside of it uses.
    """
    occurrences = snapshot.occurrences(path)
    inside = [each for each in occurrences if start <= each.start and each.end <= end]
    own = {each.target.key for each in inside if each.role == DECLARES}
    changed = {each.target.key for each in inside if each.role in (DECLARES, SETS)}
    for each in occurrences:
        if each not in inside and each.target.key in changed:
            return None
    arguments: dict[object, tuple[str, str, str]] = {}
    for each in inside:
        target = each.target
        if target.kind in _GIVEN and target.key not in own and _is_value(each, snapshot, path):
            type_ = find_type(snapshot, target)
            shown = "string" if type_ is None else describe_type(type_, None)
            kind = SECRET if target.kind == SECRET else PARAMETER
            arguments.setdefault(target.key, (target.name, kind, shown))
    return list(arguments.values())


def _is_value(occurrence: Occurrence, snapshot: Snapshot, path: str) -> bool:
    """Whether a name is a value of this body, and not the name of a parameter in a call."""
    target = occurrence.target
    module = snapshot.module(path)
    if module is None or target.span is None or target.span.path != path:
        return False
    declaration = next(
        (each for each in module.declarations if each.start <= occurrence.start < each.end), None
    )
    return declaration is not None and declaration.start <= target.span.start < declaration.end


def _indent_body(source: SourceFile, start: int, end: int) -> str:
    """Return the lines of a range as the body of a declaration."""
    line = source.line(source.position(start).line)
    indent = line[: len(line) - len(line.lstrip())]
    lines = source.text[start:end].splitlines()
    rest = [each.removeprefix(indent) for each in lines[1:]]
    return "\n".join(f"  {each}" if each.strip() else each for each in (lines[0], *rest))


def write_missing_test(session: Session, path: str, offset: int) -> tuple[str, Edit] | None:
    """Return the name of the workflow at an offset and a test of its usual path, if it has none."""
    snapshot = session.analyze_file(path)
    module = snapshot.module(path)
    model = snapshot.model
    workflow = next(
        (
            each
            for each in model.workflows
            if each.module is module
            and each.declaration.name.start <= offset <= each.declaration.name.end
        ),
        None,
    )
    if workflow is None or module is None or workflow in model.tested.values():
        return None
    bundle = find_bundle(session, snapshot)
    if bundle is None:
        return None
    from flowdsl.simulate.interpreter.errors import NotAProgram
    from flowdsl.testing.explore.findings import find_paths
    from flowdsl.testing.explore.samples import NoSample
    from flowdsl.testing.suite import Suite

    environment = session.options.environment
    suite = Suite(model, bundle, {} if environment is None else environment.vars)
    try:
        found = find_paths(suite, workflow, None, [], 1)
    except (NotAProgram, NoSample):
        return None
    test = next((each.test for each in found.paths if each.test), None)
    if test is None:
        return None
    end = len(module.source.text)
    start = "\n" if module.source.text.endswith("\n") else "\n\n"
    return workflow.name, Edit(Span(module.source, end, end), f"{start}{test.rstrip()}\n")
