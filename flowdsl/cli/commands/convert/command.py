"""`flowdsl convert`: propose statements to replace a prompt file."""

from __future__ import annotations

import argparse
import os
import re
import shutil

from flowdsl.compiler.pipeline import Analysis, Compilation, analyze, compile_project
from flowdsl.config.address import workflow_address
from flowdsl.decompile.proposing.conversion import (
    Conversion,
    Converter,
    defaults_of,
    list_changes_of_declarations,
    prompt_hints_for,
)
from flowdsl.decompile.proposing.declarations import declare_schemas
from flowdsl.decompile.proposing.prompt_variables import VariableDifference
from flowdsl.decompile.proposing.section import Unwritable
from flowdsl.deploy.addressing import address_in
from flowdsl.diagnostics.diagnostic import ERROR
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.render.text import render_text
from flowdsl.diagnostics.suggest import join_names
from flowdsl.format.literals import unspeakable_pattern
from flowdsl.host.disk import Overlay
from flowdsl.ir import nodes
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.source.files import SUFFIX, decode_text, library_of, split_library
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast

from ...runtime.command_line.options import add_options
from ...runtime.console import CommandError, Console, UsageError
from ...runtime.engine.deployment import SOURCES
from ...runtime.exit_codes import SOURCE_ERRORS, SUCCESS
from ...runtime.rewrites import BOM, Rewrite, write_rewrites
from ...runtime.target import CommandTarget, any_environment, open_flows, open_target
from .report import count_statements, describe_proposal, diff_prompts, other_variables, show_beside
from .steps import ask_about_parts

_NEEDS_SOUND_SOURCES = "a prompt is converted in a file without errors"


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        workflow=WORKFLOW|FILE.flow
            a workflow of the project by name, or a file with one, whose prompt is `from` a file
        --step
            go through the parts of the prompt one by one, and take, edit or leave what is proposed
        --diff  show both prompts beside each other in place of the file
        --write  put the statements into the file; without it they are only shown
        """,
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the proposed file, or write it.

    The difference of the prompts and points to review go to standard error.
    """
    named = arguments.workflow
    # `workflow.flow` may be the address of a workflow called `flow`.
    is_file = named.endswith(SUFFIX) and (named != "workflow.flow" or os.path.exists(named))
    target = open_target([named]) if is_file else open_flows()
    analysis = _analyze_target(target, console)
    symbol = _choose_workflow(analysis, None if is_file else named, target)
    path = symbol.module.source.path
    if arguments.write:
        _refuse_library(path, target)
    options = target.options(any_environment(target.project, None))
    original = target.files.read_bytes(path)
    opened, workflow, typed = _open_workflow(symbol, target, console)
    prompt = _read_prompt(symbol, target)

    def build(content: bytes) -> Compilation:
        return compile_project(Overlay(target.files, {path: content}), [path], options)

    try:
        converter = Converter(opened, workflow, prompt, typed, build)
        conversion = converter.convert()
        if arguments.step:
            stepped = ask_about_parts(converter, conversion, console)
            if stepped is None:
                console.err("nothing was written")
                return SUCCESS
            conversion = stepped
    except Unwritable as problem:
        reason = _find_control_character(prompt) or str(problem)
        raise CommandError(
            f"the prompt of `{symbol.name}` cannot be said in statements: {reason}", SOURCE_ERRORS
        ) from None
    proposal, content = conversion.proposal, conversion.content
    _refuse_other_variables(conversion.difference, prompt, symbol, target)
    if not (arguments.write or arguments.diff):
        console.out_bytes(content)
    blocked = _find_replacement_obstacle(conversion, path, target, console)
    if conversion.prompt is not None and arguments.diff:
        show = console.err if arguments.write else console.out
        for line in show_beside(prompt, conversion.prompt, shutil.get_terminal_size().columns):
            show(line)
    elif conversion.prompt is not None:
        for line in diff_prompts(prompt, conversion.prompt):
            console.err(line)
    source = SourceFile(path, decode_text(path, content))
    for line in count_statements(source, symbol.name, len(proposal.rules)):
        console.err(line)
    for remark in (*describe_proposal(proposal), *list_changes_of_declarations(conversion)):
        console.err(f"note: {remark}")
    if typed != original:
        files = join_names(
            target.show_path(each) for each in (symbol.inputs_from, symbol.outputs_from) if each
        )
        console.err(
            f"note: types stand in place of {files}; what types cannot say, and the bounds of "
            "values, are left out, so compare them before you delete a file"
        )
    if blocked is not None:
        written = "; nothing was written" if arguments.write else ""
        raise CommandError(f"{blocked}{written}", SOURCE_ERRORS)
    if arguments.write:
        shown = target.show_path(path)
        rewrite = Rewrite(shown, target.root, target.full_path(path), original, content)
        write_rewrites([rewrite], during="the conversion")
        console.out(shown)
        unused = symbol.prompt_from
        users = [each.prompt_from for each in analysis.model.workflows].count(unused)
        if unused is not None and users == 1 and library_of(unused) is None:
            console.err(
                f"note: `{target.show_path(unused)}` is no longer used; delete it when you are "
                "done comparing"
            )
    return SUCCESS


def _refuse_library(path: str, target: CommandTarget) -> None:
    """Raise `UsageError` for a flow of a library, which is read-only here."""
    library = library_of(path)
    if library is not None:
        kept = target.library_refusal(library, f"convert --write {split_library(path)[1]}")
        raise UsageError(f"`{target.show_path(path)}` is not converted from here: {kept}")


def _analyze_target(target: CommandTarget, console: Console) -> Analysis:
    """Analyze all flows of a target: errors in one of them do not keep another from conversion."""
    if target.problems:
        target.show(target.problems, 1, console)
        raise CommandError(_NEEDS_SOUND_SOURCES, SOURCE_ERRORS)
    options = target.options(any_environment(target.project, None))
    return analyze(target.files, target.entries, options)


def _open_workflow(
    symbol: WorkflowSymbol, target: CommandTarget, console: Console
) -> tuple[WorkflowSymbol, nodes.Workflow, bytes]:
    """Return the workflow of a flow, and the text of the flow with its schemas as types.

    Mistakes in its prompt do not count, since conversion mends them. Raises `CommandError` after
    showing other errors.
    """
    path = symbol.module.source.path
    compilation = _compile_without_prompt(symbol, {}, target)
    if compilation.program is None:
        analysis = compilation.analysis
        problems = tuple(each for each in analysis.diagnostics if each.severity == ERROR)
        target.show(problems, len(analysis.findings.paths), console)
        raise CommandError(_NEEDS_SOUND_SOURCES, SOURCE_ERRORS)
    original = target.files.read_bytes(path)
    if symbol.inputs_from or symbol.outputs_from:
        workflow = _find_workflow(compilation, symbol.name)[1]
        hints, defaults = prompt_hints_for(workflow), defaults_of(workflow)
        typed = declare_schemas(symbol, hints, defaults).encode()
        typed = BOM + typed if original.startswith(BOM) else typed
        again = _compile_without_prompt(symbol, {path: typed}, target)
        if again.program is not None:
            return (*_find_workflow(again, symbol.name), typed)
    return (*_find_workflow(compilation, symbol.name), original)


def _compile_without_prompt(
    symbol: WorkflowSymbol, overlay: dict[str, bytes], target: CommandTarget
) -> Compilation:
    """Compile one flow with what it imports, with a prompt that says nothing."""
    assert symbol.prompt_from is not None
    options = target.options(any_environment(target.project, None))
    files = Overlay(target.files, {symbol.prompt_from: b"Look at the screen.\n", **overlay})
    return compile_project(files, [symbol.module.source.path], options)


def _find_workflow(compilation: Compilation, name: str) -> tuple[WorkflowSymbol, nodes.Workflow]:
    assert compilation.program is not None
    symbols, workflows = compilation.analysis.model.workflows, compilation.program.workflows
    return (
        next(each for each in symbols if each.name == name),
        next(each for each in workflows if each.name == name),
    )


def _find_control_character(prompt: str) -> str | None:
    """Return where a prompt holds a character that no text of a flow can, and what to do."""
    for number, line in enumerate(re.split(r"\r\n|\r|\n", prompt), start=1):
        found = unspeakable_pattern().search(line)
        if found is not None:
            return (
                f"character {found.start() + 1} of its line {number} is U+{ord(found[0]):04X}, "
                "which no text of a flow can hold; delete it in the prompt"
            )
    return None


def _read_prompt(symbol: WorkflowSymbol, target: CommandTarget) -> str:
    """Return the text of the prompt file, which is UTF-8, without the line end behind it."""
    assert symbol.prompt_from is not None
    text = target.files.read_bytes(symbol.prompt_from).decode("utf-8-sig")
    return text.replace("\r\n", "\n").removesuffix("\n")


def _choose_workflow(analysis: Analysis, name: str | None, target: CommandTarget) -> WorkflowSymbol:
    """Return the workflow called `name`, or else the only one that has a prompt file."""
    workflows = analysis.model.workflows
    convertible = [each.name for each in workflows if each.prompt_from is not None]
    if name is not None:
        by_address = {workflow_address(each.name): each for each in workflows}
        workflow = by_address[address_in(name, by_address, SOURCES)]
        if workflow.prompt_from is None:
            _refuse_unread_prompt(workflow)
            known = "no workflow here has its prompt in a file"
            if convertible:
                known = f"with their prompt in a file there are {join_names(convertible)}"
            raise UsageError(f"`{workflow.name}` has statements already; {known}")
        return workflow
    if len(target.entries) > 1:
        files = join_names(map(target.show_path, target.entries))
        raise UsageError(f"several files are named, and one is converted at a time: {files}")
    (entry,) = target.entries
    here = [each for each in workflows if each.module.source.path == entry]
    named = [each for each in here if each.prompt_from is not None]
    if len(named) == 1:
        return named[0]
    shown = target.show_path(entry)
    for each in here:
        _refuse_unread_prompt(each)
    if named:
        names = join_names(each.name for each in named)
        raise UsageError(
            f"`{shown}` has several workflows with a prompt in a file: {names}; name one"
        )
    if here:
        raise UsageError(
            f"`{shown}` has no prompt in a file: its workflows have statements already"
        )
    raise UsageError(f"`{shown}` has no workflow")


def _refuse_unread_prompt(workflow: WorkflowSymbol) -> None:
    """Raise `CommandError` for a workflow whose prompt file is missing or is no text."""
    has_file = any(isinstance(item, ast.PromptFrom) for item in workflow.declaration.items)
    if has_file and workflow.prompt_from is None:
        raise CommandError(
            f"the prompt file of `{workflow.name}` cannot be read; `flowdsl check` says why, and "
            "`convert` works once it can",
            SOURCE_ERRORS,
        )


def _refuse_other_variables(
    found: VariableDifference, prompt: str, symbol: WorkflowSymbol, target: CommandTarget
) -> None:
    """Raise `CommandError` if the statements would not fill in the same variables as the prompt."""
    problems = list(other_variables(found, prompt))
    if problems:
        assert symbol.prompt_from is not None
        shown = target.show_path(symbol.prompt_from)
        more = f" (and {format_count(len(problems) - 1, 'more variable')})" if problems[1:] else ""
        raise CommandError(
            f"the prompt in `{shown}` cannot be said in statements: {problems[0]}{more}",
            SOURCE_ERRORS,
        )


def _find_replacement_obstacle(
    conversion: Conversion,
    path: str,
    target: CommandTarget,
    console: Console,
) -> str | None:
    """Return why the proposal cannot replace the current prompt; None when it can.

    Prints errors of the proposal. They point into the file at `path` with the proposal inserted,
    which is not the file on disk; the output says so.
    """
    proposal, section = conversion.proposal, conversion.section
    if conversion.prompt is None:
        analysis = conversion.compilation.analysis
        errors = tuple(each for each in analysis.diagnostics if each.severity == ERROR)
        count = len(analysis.findings.paths)
        console.err(
            render_text(
                errors,
                count,
                color=console.color_err,
                show_path=lambda each: (
                    target.show_path(each) + (" (as proposed)" if each == path else "")
                ),
            )
        )
    if section.undeclared:
        shown = ", ".join(f"`{each}`" for each in section.undeclared)
        verb = "is" if len(section.undeclared) == 1 else "are"
        return (
            f"{shown} {verb} set or declared by no statement that the prompt spells out; declare "
            "the input, or write the `extract` or `copy` by hand"
        )
    if conversion.prompt is None:
        return "the proposed statements do not check as they are"
    if proposal.pictures:
        return (
            f"the prompt shows {format_count(len(proposal.pictures), 'picture')}, which the "
            "statements do not; save the files and write an `image` for each by hand"
        )
    return None
