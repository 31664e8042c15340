"""The post-run checks of a workflow, evaluated on the files and outputs of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.source.patterns import may_match
from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line

from ..shapes import EMPTY
from ..trace import CAPTURE, CHECK_FAILED, EXPORT, INFRA_ERROR, SUCCESS, Verdict
from ..world import CHECK, Question
from .expressions import (
    evaluate_expression,
    is_known,
    render_exact_text,
    render_laid_out_text,
    resolve_reference,
)
from .frames import Frame
from .stored_checks import read_base_name, resolve_stored_checks

FILES = "files"
IMAGES = "images"
SCHEMA = "schema"
OUTPUTS = "outputs"


class PostRunCheck(Record):
    """A check with the values of a run.

    - `kind`: FILES, IMAGES, SCHEMA or OUTPUTS.
    - `names`: the files that must exist; None if a `pattern` selects them.
    - `count`: how many must match the pattern; None if one is enough.
    - `if_present`: whether there may be no files.
    - `statements`: the statements that a model judges.
    """

    node: ast.Node
    kind: str
    names: tuple[str, ...] | None = None
    pattern: str = ""
    count: int | None = None
    if_present: bool = False
    statements: tuple[str, ...] = ()


def evaluate_checks(frame: Frame, workflow: WorkflowSymbol) -> tuple[Verdict, ...]:
    """Return the verdict of each check, in source order; the world answers for the model."""
    events = frame.run.recorder.events
    files = [read_base_name(event.texts[0]) for event in events if event.verb in (CAPTURE, EXPORT)]
    return tuple(
        _carry_out_check(frame, workflow, check, files)
        for check in _collect_checks(frame, workflow)
    )


def _collect_checks(frame: Frame, workflow: WorkflowSymbol) -> Iterator[PostRunCheck]:
    for section in workflow.declaration.items:
        if isinstance(section, ast.ChecksSection):
            for check in section.checks:
                if not isinstance(check.body, ast.CleanupCheck):
                    yield from _of_source(frame, check, check.body)
        elif isinstance(section, ast.ChecksFrom) and workflow.checks_from is not None:
            text = frame.run.model.texts[workflow.checks_from]
            for fields in resolve_stored_checks(text, frame.run.inputs, frame.names):
                yield PostRunCheck(section, **fields)


def _carry_out_check(
    frame: Frame, workflow: WorkflowSymbol, check: PostRunCheck, files: Sequence[str]
) -> Verdict:
    match check.kind:
        case "schema":
            if workflow.outputs or workflow.outputs_from is not None:
                return Verdict(SUCCESS)
            return Verdict(INFRA_ERROR, "the workflow has no outputs")
        case "outputs":
            return _judge_statements(frame, check)
        case _:
            found, is_there = _of_files(check, files)
            if check.kind == IMAGES and found.status == SUCCESS and is_there:
                return _judge_statements(frame, check)
            return found


def _judge_statements(frame: Frame, check: PostRunCheck) -> Verdict:
    for statement in check.statements:
        frame.asks(check.node)
        if not frame.holds(Question(CHECK, statement)):
            return Verdict(CHECK_FAILED, f"it is not so that {statement}")
    return Verdict(SUCCESS)


def _of_files(check: PostRunCheck, files: Sequence[str]) -> tuple[Verdict, bool]:
    """Return whether the files of a check exist, and whether any of them does."""
    if check.names is None:
        return _of_pattern(check, files)
    missing = [name for name in check.names if name not in files]
    if missing and not check.if_present:
        return Verdict(
            CHECK_FAILED, f"no file is named `{missing[0]}`: {_describe_kept_files(files)}"
        ), False
    return Verdict(SUCCESS), len(missing) < len(check.names)


def _of_pattern(check: PostRunCheck, files: Sequence[str]) -> tuple[Verdict, bool]:
    found = [name for name in files if may_match(check.pattern, name)]
    if not found and check.if_present:
        return Verdict(SUCCESS), False
    if check.count is not None and len(found) != check.count:
        number = "1 file matches" if len(found) == 1 else f"{len(found)} files match"
        message = (
            f'{number} r"{check.pattern}", and not {check.count}: {_describe_kept_files(files)}'
        )
        return Verdict(CHECK_FAILED, message), bool(found)
    if check.count is None and not found:
        return Verdict(
            CHECK_FAILED, f'no file matches r"{check.pattern}": {_describe_kept_files(files)}'
        ), False
    return Verdict(SUCCESS), bool(found)


def _describe_kept_files(files: Sequence[str]) -> str:
    return f"the run keeps {', '.join(f'`{name}`' for name in files)}" if files else "it keeps none"


# Checks in the source


def _of_source(frame: Frame, check: ast.Check, body: ast.CheckBody) -> Iterator[PostRunCheck]:
    """Yield the checks that one check of the source expands to.

    That is one, except for a list that is known before any run: no check if it has no entries, and
    one for each different statement about pictures.
    """
    match body:
        case ast.FileCheck(target=target, if_present=if_present):
            files = _resolve_target(frame, target, counts=True)
            if files.get("names") != () or not _has_known_entries(frame, target):
                yield PostRunCheck(check, FILES, if_present=if_present, **files)
        case ast.ImageCheck(target=target, if_present=if_present, shows=shows):
            files = _resolve_target(frame, target, counts=False)
            seen = tuple(_render_line(frame, shows) for _ in _bind_each_entry(frame, target))
            if not _has_known_entries(frame, target):
                yield PostRunCheck(check, IMAGES, if_present=if_present, statements=seen, **files)
                return
            named: dict[str, list[str]] = {}
            for statement, name in zip(seen, files["names"], strict=True):
                named.setdefault(statement, []).append(name)
            for statement, names in named.items():
                files = {"names": tuple(names), "statements": (statement,)}
                yield PostRunCheck(check, IMAGES, if_present=if_present, **files)
        case ast.SchemaCheck():
            yield PostRunCheck(check, SCHEMA)
        case ast.OutputCheck(statement=statement):
            yield PostRunCheck(check, OUTPUTS, statements=(_render_line(frame, statement),))
        case _:
            raise AssertionError("what is done on failure is no check")


def _has_known_entries(frame: Frame, target: ast.FileTarget) -> bool:
    return isinstance(target, ast.EachTarget) and is_known(frame, target.iterable)


def _resolve_target(frame: Frame, target: ast.FileTarget, *, counts: bool) -> dict[str, Any]:
    """Return the files of a target; the number of matches is ignored for pictures."""
    match target:
        case ast.RegexTarget(pattern=pattern, count=count):
            wanted = _resolve_count(frame, count) if counts else None
            return {"pattern": render_exact_text(frame, pattern), "count": wanted}
        case ast.ExactTarget(names=names):
            return {"names": tuple(read_base_name(_render_text(frame, name)) for name in names)}
        case ast.EachTarget(template=template):
            every = (_render_text(frame, template) for _ in _bind_each_entry(frame, target))
            return {"names": tuple(map(read_base_name, every))}


def _resolve_count(frame: Frame, count: ast.IntLit | ast.Ref | None) -> int | None:
    """Return the required number of files; None if one is enough, also for a missing value."""
    if not isinstance(count, ast.Ref):
        return None if count is None else count.value
    wanted = resolve_reference(frame, count).data
    if isinstance(wanted, list):
        return len(wanted)
    return wanted if isinstance(wanted, int) else None


def _bind_each_entry(frame: Frame, target: ast.FileTarget) -> Iterator[None]:
    """Bind the variable of a target to each list entry in turn; yield once without one."""
    if not isinstance(target, ast.EachTarget):
        yield
        return
    name, found = target.variable.text, evaluate_expression(frame, target.iterable, types.ANY)
    data = found.data
    for number in range(len(data) if isinstance(data, list) else 0):
        frame.names[name] = found.at(number)
        yield
    frame.names.pop(name, None)


def _render_text(frame: Frame, text: ast.Text) -> str:
    return render_laid_out_text(frame, text, str, missing=EMPTY)


def _render_line(frame: Frame, text: ast.Text) -> str:
    return render_laid_out_text(frame, text, on_one_line, missing=EMPTY)
