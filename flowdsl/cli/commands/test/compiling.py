"""Compiles flows together with the subjects of their tests."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence

from flowdsl.compiler.pipeline import Analysis, Compilation, CompileOptions, compile_project
from flowdsl.config.project import Environment
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.host.disk import Overlay
from flowdsl.semantics.model import TaskSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.source.record import Record, replace

from ...runtime.console import CommandError, Console
from ...runtime.exit_codes import SOURCE_ERRORS
from ...runtime.target import CommandTarget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.testing.cases import Case
    from flowdsl.testing.suite import Suite


class Compiled(Record):
    """The parts of a target that can be tested.

    - `compilation`: of the `entries` without errors, and of the subjects of their tests. Its bundle
      is None if no entry is left.
    - `analysis`: of all entries; `stopping` are its errors.
    - `left_out`: the entries that have errors, or that import or include a file with errors.
    - `untestable`: messages about tasks that cannot be tested alone, with place and reason.
    """

    compilation: Compilation
    entries: tuple[str, ...]
    analysis: Analysis
    stopping: tuple[Diagnostic, ...] = ()
    left_out: tuple[str, ...] = ()
    untestable: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything can be tested."""
        return not (self.stopping or self.untestable)


class TestTarget(Record):
    """What one command tests: the flows that could be compiled, for an environment."""

    arguments: Namespace
    console: Console
    target: CommandTarget
    environment: Environment | None
    compiled: Compiled

    @property
    def model(self) -> SemanticModel:
        """The meaning of the flows without errors."""
        return self.compiled.compilation.analysis.model

    @property
    def variables(self) -> Mapping[str, str]:
        """The `vars` of the environment."""
        return {} if self.environment is None else self.environment.vars

    def suite(self, *snapshots: dict[str, str]) -> Suite:
        """The flows as they are run by tests; `snapshots` are those of `read_kept_snapshots`."""
        from flowdsl.testing.suite import Suite

        bundle = self.compiled.compilation.bundle
        assert bundle is not None, "only flows without errors are run"
        return Suite(self.model, bundle, self.variables, self.target.show_path, *snapshots)


def compile_tests(
    target: CommandTarget, environment: Environment | None, words: str, *, also: str | None = None
) -> Compiled:
    """Compile the target, and the files that contain the subjects of its tests.

    Files with errors are left out, and so are those that depend on them. A wrapper workflow is
    added for each task that is the subject of a test with all the words, and for a task called
    `also`.
    """
    options = target.options(environment)
    compilation = compile_project(target.files, target.entries, options)
    entries, analysis = target.entries, compilation.analysis
    stopping = tuple(filter(options.stops, analysis.diagnostics))
    while compilation.bundle is None:
        rest = _without_errors(target, entries, compilation.analysis, options)
        if not rest or len(rest) == len(entries):
            return Compiled(compilation, (), analysis, stopping, target.entries)
        # Without all flows, it cannot be known which declarations are unused.
        options = replace(options, whole=False)
        entries = rest
        compilation = compile_project(target.files, entries, options)
        found = filter(options.stops, compilation.analysis.diagnostics)
        stopping += tuple(each for each in found if each not in stopping)
    left_out = tuple(each for each in target.entries if each not in entries)
    compilation, untestable = _compile_with_wrappers(
        target, entries, options, compilation, words, also
    )
    return Compiled(compilation, entries, analysis, stopping, left_out, untestable)


def _without_errors(
    target: CommandTarget, entries: Sequence[str], analysis: Analysis, options: CompileOptions
) -> tuple[str, ...]:
    """The entries that have no error and do not depend on a file with one."""
    from ...runtime.takers import find_files_reached_by

    bad = {found.span.path for found in analysis.diagnostics if options.stops(found)}
    reached = find_files_reached_by(target.files, entries, bad)
    return tuple(each for each in entries if each not in reached)


def _compile_with_wrappers(
    target: CommandTarget,
    entries: tuple[str, ...],
    options: CompileOptions,
    compilation: Compilation,
    words: str,
    also: str | None,
) -> tuple[Compilation, tuple[str, ...]]:
    """Compile with wrapper workflows; also returns the tasks that cannot be tested alone."""
    model = compilation.analysis.model
    if not (model.tested or also):
        return compilation, ()

    from flowdsl.testing.wrapping import files_of, render_wrapped_files, select_tested_tasks

    subjects = (*model.tested.values(), *(each for each in model.chains if each.name == also))
    homes = {path for subject in subjects for path in files_of(subject)}
    tasks = list(
        dict.fromkeys((*select_tested_tasks(model, words), *_find_tasks_named(model, also)))
    )
    untestable: dict[TaskSymbol, str] = {}
    while True:
        wrapped = render_wrapped_files(each for each in tasks if each not in untestable)
        if not wrapped and homes <= set(entries):
            return compilation, tuple(untestable.values())
        files = Overlay(target.files, wrapped)
        whole = compile_project(files, sorted({*entries, *homes, *wrapped}), options)
        if whole.bundle is not None or not wrapped:
            return whole, tuple(untestable.values())
        known, untestable = untestable, _find_untestable_tasks(target, entries, tasks, options)
        if untestable.keys() == known.keys():
            why = next(each for each in whole.analysis.diagnostics if options.stops(each))
            message = f"the tasks cannot be tested together: {why.message}"
            raise CommandError(message, SOURCE_ERRORS)


def _find_untestable_tasks(
    target: CommandTarget,
    entries: Sequence[str],
    tasks: Sequence[TaskSymbol],
    options: CompileOptions,
) -> dict[TaskSymbol, str]:
    """Find tasks that cannot be compiled alone, each with its place and the reason."""
    from flowdsl.testing.wrapping import render_wrapped_files

    found: dict[TaskSymbol, str] = {}
    for task in tasks:
        files = Overlay(target.files, render_wrapped_files([task]))
        path = task.module.source.path
        alone = compile_project(files, sorted({*entries, path}), options)
        if alone.bundle is None:
            why = next(each for each in alone.analysis.diagnostics if options.stops(each))
            line = task.declaration.name.span(task.module.source).first.line
            where = f"{target.show_path(path)}:{line}"
            found[task] = (
                f"{where}: task `{task.name}` cannot be tested alone: {why.message}; test a "
                "workflow that calls it"
            )
    return found


def _find_tasks_named(model: SemanticModel, name: str | None) -> list[TaskSymbol]:
    """Find the tasks called `name`, unless a workflow or a chain has that name."""
    others = {*(each.name for each in model.workflows), *(each.name for each in model.chains)}
    if name in others:
        return []
    return [task for task in model.tasks if task.name == name]


def tests_of(compilation: Compilation, entries: Sequence[str]) -> Sequence[Case]:
    """Return the tests in some files, in order of file and line."""
    from flowdsl.testing.cases import cases_of

    model = compilation.analysis.model
    return [test for test in cases_of(model) if test.module.source.path in entries]
