"""Compiles flows with what their tests are for."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.config.project import Environment
from flowdsl.host.disk import Overlay

from ...runtime.exit_codes import SOURCE_ERRORS
from ...runtime.failure import CommandError
from ...runtime.target import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.semantics.model import SemanticModel, TaskSymbol


def compiled_tests(
    target: Target, environment: Environment | None, words: str, *, also: str | None = None
) -> Compilation:
    """The compilation of the target, and of the files that have what its tests are for.

    Tasks that the tests with all the words are for have workflows around them there, and so has a
    task with the name `also`.
    """
    options = target.options(environment)
    compilation = compile_project(target.files, target.entries, options)
    model = compilation.analysis.model
    if compilation.bundle is None or not (model.tested or also):
        return compilation

    from flowdsl.testing.wrapping import files_of, tested_tasks, wrapped_files

    subjects = (*model.tested.values(), *(each for each in model.chains if each.name == also))
    homes = {path for subject in subjects for path in files_of(subject)}
    tasks = list(dict.fromkeys((*tested_tasks(model, words), *_named(model, also))))
    wrapped = wrapped_files(tasks)
    if not wrapped and homes <= set(target.entries):
        return compilation
    files = Overlay(target.files, wrapped)
    whole = compile_project(files, sorted({*target.entries, *homes, *wrapped}), options)
    if whole.bundle is None and wrapped:
        raise CommandError(_untestable(target, tasks, options, whole), SOURCE_ERRORS)
    return whole


def _untestable(
    target: Target, tasks: Sequence[TaskSymbol], options: CompileOptions, whole: Compilation
) -> str:
    """Which tasks cannot be compiled alone, each with its place and why."""
    from flowdsl.testing.wrapping import wrapped_files

    found: list[str] = []
    for task in tasks:
        files = Overlay(target.files, wrapped_files([task]))
        path = task.module.source.path
        alone = compile_project(files, sorted({*target.entries, path}), options)
        if alone.bundle is None:
            why = next(each for each in alone.analysis.diagnostics if options.stops(each))
            line = task.declaration.name.span(task.module.source).first.line
            where = f"{target.show_path(path)}:{line}"
            found.append(f"{where}: task `{task.name}` cannot be tested alone: {why.message}")
    if not found:
        why = next(each for each in whole.analysis.diagnostics if options.stops(each))
        return f"the tasks cannot be tested together: {why.message}"
    return "; ".join(found) + "; test a workflow that calls it"


def _named(model: SemanticModel, name: str | None) -> list[TaskSymbol]:
    """The tasks of a name, unless a workflow or a chain has it."""
    others = {*(each.name for each in model.workflows), *(each.name for each in model.chains)}
    if name in others:
        return []
    return [task for task in model.tasks if task.name == name]
