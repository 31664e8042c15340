"""`flowdsl pull`: write an edit made in the dashboard back into the sources."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowdsl.config.address import WORKFLOW, Address, workflow_address
from flowdsl.config.project import Environment
from flowdsl.decompile.pulling.attempts import FILE, SETTINGS, STATEMENTS
from flowdsl.decompile.pulling.goal import pair_changed_words, render_value_lines
from flowdsl.decompile.pulling.pull import Conflict, Pull, Pulled, Request, pull_workflows
from flowdsl.decompile.pulling.workspace import Built, Workspace, encode_for_file
from flowdsl.deploy.addressing import address_in
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.resource import Live
from flowdsl.deploy.target import target_of
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.suggest import join_names
from flowdsl.host.disk import PROJECT_FILE
from flowdsl.state.document import ResourceState

from ...runtime.command_line.options import add_options
from ...runtime.console import CommandError, Console, UsageError
from ...runtime.engine.deployment import SOURCES
from ...runtime.engine.questions import ask_in_lower_case, is_interactive
from ...runtime.exit_codes import CONFLICT, SOURCE_ERRORS, SUCCESS
from ...runtime.rewrites import Rewrite, print_difference, write_rewrites
from ...runtime.target import CommandTarget, open_flows, require_environment
from ...views.markdown import shorten_text
from ..import_.destination import (
    ATTRIBUTES,
    PROMPT,
    append_missing_lines,
    existing_bytes,
    prompt_attributes,
)
from .tracked import (
    Tracked,
    WantedPull,
    find_tracked_workflows,
    read_workflows_at,
    resolve_pending_writes,
)


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        addresses=ADDRESS*  `workflow.NAME`, or its name alone
        --all  every workflow that was edited
        --env
        --diff  print what would change and write nothing
        --yes  write without asking
        --theirs  where source and dashboard were both edited, take the dashboard's value
        --as-file  keep a prompt, a schema or checks that no edit of the source gives in a file
        --timeout --verbose
        """,
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Find the edits, show them, ask and write.

    The difference goes to standard output, everything else to standard error.
    """
    wanted = _open_wanted(arguments, console)
    environment = wanted.environment
    _, built = _compile_workspace(wanted, Directory())
    known = find_tracked_workflows(wanted, built.bundle)
    addresses = _find_named_addresses(arguments, built, known, environment)
    _require_answer(arguments)
    if not addresses:
        console.err(f"nothing to pull: no workflow of `{environment.name}` was deployed or adopted")
        return SUCCESS
    seen = read_workflows_at(wanted, known, addresses, built.bundle)
    _require_found(addresses, known, seen.live, environment, everything=arguments.all)
    known = resolve_pending_writes(known, seen)
    workspace, built = _compile_workspace(wanted, seen.directory)
    if built.problems:
        raise CommandError(f"{built.problems[0]}; nothing was written", SOURCE_ERRORS)
    requests = [
        Request(each, seen.live[known.ids[each]], _find_prior_state(known, built, each))
        for each in addresses
        if known.ids[each] in seen.live
    ]
    done = pull_workflows(
        workspace, built, requests, theirs=arguments.theirs, as_file=arguments.as_file
    )
    missing = [each for each in addresses if known.ids[each] not in seen.live]
    broken = _find_broken_tests(wanted, workspace, built, done)
    return _finish_pull(wanted, done, missing, broken)


def _open_wanted(arguments: argparse.Namespace, console: Console) -> WantedPull:
    target = open_flows()
    target.require_sound(console)
    assert target.project is not None, "it is without problems"
    environment = require_environment(target.project, arguments.env)
    project, api_base = target.project, environment.api.rstrip("/")
    place = target_of(project, project.id or "", environment, api_base=api_base)
    options = target.options(environment)
    return WantedPull(arguments, console, target, project, environment, options, place)


def _compile_workspace(wanted: WantedPull, directory: Directory) -> tuple[Workspace, Built]:
    """Compile the sources, given the objects of the service; raises `CommandError`."""
    target = wanted.target
    workspace = Workspace(target.files, target.entries, wanted.options, wanted.place, directory)
    built = workspace.build_with_texts({})
    if built is None:
        errors = workspace.errors
        target.show(errors, len({each.span.path for each in errors}), wanted.console)
        raise CommandError("the sources have errors; nothing was written", SOURCE_ERRORS)
    return workspace, built


# Addresses


def _find_named_addresses(
    arguments: argparse.Namespace, built: Built, known: Tracked, environment: Environment
) -> list[Address]:
    """Resolve the addresses that were named, each once, or with `--all` all known ones.

    Raises `CommandError` for an address that cannot be pulled.
    """
    if arguments.all:
        if arguments.addresses:
            raise UsageError("`--all` and addresses cannot be combined")
        return sorted(known.ids)
    if not arguments.addresses:
        names = join_names(known.ids)
        there = f"there are {names}, and `--all`" if names else "none was deployed or adopted yet"
        raise UsageError(f"name the workflows of `{environment.name}` to pull; {there}")
    addresses: dict[Address, None] = {}
    for word in arguments.addresses:
        address = _resolve_address(word, built, known, environment)
        if address not in known.ids:
            raise CommandError(
                f"`{address}` has no workflow in `{environment.name}` that is known; deploy it, or "
                f'take one over with `[[adopt]]` in `{PROJECT_FILE}`: `env = "{environment.name}"`,'
                f' `address = "{address}"` and its `id`',
                CONFLICT,
            )
        addresses[address] = None
    return list(addresses)


def _resolve_address(word: str, built: Built, known: Tracked, environment: Environment) -> Address:
    gone = Address.unchecked(word)
    if gone.kind != WORKFLOW:
        gone = workflow_address(word)
    if gone not in built.desired and known.prior(gone) is not None:
        raise CommandError(
            f"`{gone}` is deployed to `{environment.name}` and is no longer in the source; "
            "put it back, or fetch it with `flowdsl import --id`",
            CONFLICT,
        )
    return address_in(word, list(built.desired), SOURCES)


def _require_answer(arguments: argparse.Namespace) -> None:
    # Checked after the sources, as in a deploy, so that source errors are the same with and without
    # `--yes`.
    if arguments.diff and arguments.yes:
        raise UsageError("`--diff` writes nothing and `--yes` writes without asking; drop one")
    if not (arguments.yes or arguments.diff or is_interactive()):
        raise UsageError(
            "there is no terminal to ask on; `--yes` writes without asking, `--diff` only shows"
        )


def _require_found(
    addresses: Sequence[Address],
    known: Tracked,
    live: Mapping[str, Live],
    environment: Environment,
    *,
    everything: bool,
) -> None:
    missing = [each for each in addresses if known.ids[each] not in live]
    if missing and (len(missing) == len(addresses) or not everything):
        shown = f"`{missing[0]}` (`{known.ids[missing[0]]}`)"
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise CommandError(
            f"{shown}{more} does not exist in the organisation of `{environment.name}`: it "
            "was deleted, or the API key belongs to another organisation; nothing was "
            "written",
            CONFLICT,
        )


def _find_prior_state(known: Tracked, built: Built, address: Address) -> ResourceState | None:
    """What was last applied to a workflow, also looked up under its former name."""
    renamed_from = built.desired[address].renamed_from
    prior = known.prior(address)
    return prior if prior is not None or renamed_from is None else known.prior(renamed_from)


# Writing


def _find_broken_tests(
    wanted: WantedPull, workspace: Workspace, built: Built, done: Pull
) -> list[str]:
    """Describe the tests of the pulled workflows that pass now and fail after the pull."""
    if not done.texts or not built.model.tests:
        return []
    after = workspace.build_with_texts(done.texts, breaks_tests=True)
    assert after is not None, "every edit was compiled"

    from .broken_tests import (
        compile_with_tasks,
        describe_broken_test,
        describe_errors_of_tests,
        find_broken_tests,
    )

    names = {each.address.name for each in done.workflows if each.brought}
    one, other = (compile_with_tasks(workspace, each, done.texts.keys()) for each in (built, after))
    found = find_broken_tests(wanted.target, wanted.environment.vars, one, other, names)
    lines = [describe_broken_test(each) for each in found]
    return [*describe_errors_of_tests(after, wanted.target.show_path), *lines]


def _finish_pull(
    wanted: WantedPull, done: Pull, missing: Sequence[str], broken: Sequence[str]
) -> int:
    """Show the edits and the tests that they break, ask and write; returns the exit code."""
    arguments, console = wanted.arguments, wanted.console
    pulled = done.workflows
    rewrites = _collect_rewrites(wanted.target, done.texts)
    for line in describe_pull(pulled, missing):
        console.err(line)
    for line in broken:
        console.err(line)
    if rewrites and arguments.diff:
        print_difference(rewrites, console)
    written = False
    if rewrites and not arguments.diff:
        if not arguments.yes:
            print_difference(rewrites, console)
        although = f", although {format_count(len(broken), 'test')} will fail" if broken else ""
        question = f"write what `{wanted.environment.name}` has into these files{although}? [y/N] "
        if arguments.yes or ask_in_lower_case(question, console) in ("y", "yes"):
            write_rewrites(rewrites, during="pull")
            written = True
            for rewrite in rewrites:
                console.out(make_printable(rewrite.name))
    console.err(summarize_pull(pulled, wanted.environment.name, len(rewrites), written=written))
    if written:
        console.err(_describe_next_step(pulled, broken, wanted.environment.name))
    left = missing or any(each.left or each.conflicts for each in pulled)
    return CONFLICT if left else SUCCESS


def _describe_next_step(pulled: Sequence[Pulled], broken: Sequence[str], environment: str) -> str:
    deploy = f"`flowdsl deploy --env {environment}`"
    if broken:
        return f"next: change the tests named above, run `flowdsl test`, then {deploy}"
    if any(each.implied for each in pulled):
        return f"next: read the files, then {deploy} sends the lines that it changes"
    return f"next: read the files, then {deploy} records them and sends nothing"


def _collect_rewrites(target: CommandTarget, texts: Mapping[str, str]) -> list[Rewrite]:
    """Collect the files that change, with the rule for new prompt files in `.gitattributes`."""
    contents = {path: encode_for_file(target.files, path, text) for path, text in texts.items()}
    before = {path: existing_bytes(target, path) for path in contents}
    prompts = [path for path in contents if path.endswith(PROMPT) and before[path] is None]
    if prompts:
        lines = [prompt_attributes(os.path.dirname(each)) for each in prompts]
        before[ATTRIBUTES] = existing_bytes(target, ATTRIBUTES)
        old = before[ATTRIBUTES] or b""
        if (new := append_missing_lines(old, list(dict.fromkeys(lines)))) != old:
            contents[ATTRIBUTES] = new
    rewrites: list[Rewrite] = []
    for path, content in sorted(contents.items()):
        if content != before[path]:
            shown, full = target.show_path(path), target.full_path(path)
            rewrites.append(Rewrite(shown, target.root, full, before[path], content))
    return rewrites


_HOW = {
    SETTINGS: "edited in place",
    STATEMENTS: "edited in place",
    FILE: "kept in a file",
}
_LONGEST = 80


def describe_pull(pulled: Sequence[Pulled], missing: Sequence[str]) -> Iterator[str]:
    """A line for each field that is pulled, left unchanged, or edited on both sides."""
    for each in pulled:
        for path in each.brought:
            how = _HOW.get(each.levels.get(path, ""), "changed")
            yield f"{each.address}: {_format_field_path(path)} is {how}"
        if each.implied:
            yield (
                f"note: {each.address}: the next deploy changes these lines of the prompt, which "
                "follow from its other lines:"
            )
            yield from (f"  {make_printable(line)}" for line in each.implied)
        for note in each.notes:
            yield f"note: {each.address}: {make_printable(note)}"
        if each.pending:
            yield (
                f"note: {each.address}: only the source changed "
                f"{join_names(map(make_printable, each.pending))}; a deploy sends that"
            )
        for path, reason in sorted(each.left.items()):
            yield (
                f"error: {each.address}: {_format_field_path(path)} cannot be brought in: "
                f"{make_printable(reason)}"
            )
        for conflict in each.conflicts:
            yield from _describe_conflict(each.address, conflict)
    for address in missing:
        yield f"error: {address}: it no longer exists in the organisation"


def _describe_conflict(address: Address, conflict: Conflict) -> Iterator[str]:
    yield (
        f"error: {address}: {_format_field_path(conflict.path)} was edited in the source and in "
        "the dashboard since the last deploy; `--theirs` takes the dashboard's"
    )
    ours, theirs = _shorten_both_values(conflict.ours, conflict.theirs)
    yield f"  source:    {ours}"
    yield f"  dashboard: {theirs}"


def _shorten_both_values(ours: Any, theirs: Any) -> tuple[str, str]:
    """Format two values as one line each: in full if they are short, else the words that differ."""
    whole = render_value_lines(ours), render_value_lines(theirs)
    if any(len(each) > _LONGEST or "\n" in each for each in whole):
        changes = pair_changed_words(ours, theirs)
        whole = (
            " … ".join(before for before, _ in changes),
            " … ".join(after for _, after in changes),
        )
    one, other = (
        shorten_text(make_printable(each.replace("\n", " ").strip()), _LONGEST) for each in whole
    )
    return one or "(nothing)", other or "(nothing)"


def _format_field_path(path: str) -> str:
    return f"`{make_printable(path)}`"


def summarize_pull(pulled: Sequence[Pulled], environment: str, files: int, *, written: bool) -> str:
    brought = sum(len(each.brought) for each in pulled)
    left = sum(len(each.left) + len(each.conflicts) for each in pulled)
    if not brought and not left:
        return f"nothing to pull: {format_count(len(pulled), 'workflow')} as in {environment}"
    if not brought:
        return f"nothing was written: {format_count(left, 'field')} left as in the source"
    done = "brought in" if written else "would be brought in"
    rest = f", {left} left as in the source" if left else ""
    return f"{format_count(brought, 'field')} {done}, {format_count(files, 'file')} changed{rest}"
