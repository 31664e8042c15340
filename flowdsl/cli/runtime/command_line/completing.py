"""Answers to a shell that asks how a command line may continue.

argcomplete communicates with the shells, and is imported only for them. Only the command on the
line is imported; the others are completed by name.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

from flowdsl.diagnostics.sink import Sink
from flowdsl.host.disk import PROJECT_FILE, DiskFiles, find_root
from flowdsl.source.files import SUFFIX, UnreadableFile

from .arguments import CommandParser
from .options import add_global_options, add_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.config.project import Project

_MOST_FLOWS = 2000
"""The maximum number of flows searched for names; more would take noticeably long for a keystroke.
"""

_ABSENT: Any = argparse.SUPPRESS


def is_asked(environ: Mapping[str, str]) -> bool:
    """Whether a script of argcomplete is asking, and the variable is not just left over."""
    numbers = (environ.get("_ARGCOMPLETE", ""), environ.get("COMP_POINT", ""))
    return "COMP_LINE" in environ and all(number.isdecimal() for number in numbers)


def complete_command_line(commands: Mapping[str, str], module_of: Callable[[str], str]) -> None:
    """Answer the shell and end the process.

    `commands` are names and summaries; `module_of` returns the module of a command.
    """
    from argcomplete import autocomplete
    from argcomplete.lexers import split_line

    _, _, _, words, _ = split_line(os.environ["COMP_LINE"], int(os.environ["COMP_POINT"]))
    chosen = _find_command_word(words[1:])
    parser = CommandParser(prog="flowdsl")
    add_global_options(parser, None, None)
    add_options(parser, "--version  print the version")
    subjects = parser.add_subparsers(dest="command", parser_class=CommandParser)
    for name, summary in commands.items():
        command = subjects.add_parser(name, help=summary)
        if name == chosen:
            add_global_options(command, _ABSENT, _ABSENT)
            import_module(module_of(name)).configure(command)
            _add_completers(command)
    helped = subjects.add_parser("help", help="show the options of a command")
    helped.add_argument("of", nargs="?", choices=tuple(commands))
    _add_completers(parser)
    autocomplete(parser, always_complete_options=False)


def _find_command_word(words: list[str]) -> str | None:
    """The first word that is neither an option before the command nor its value."""
    rest = iter(words)
    for word in rest:
        if word in ("-C", "--color"):
            next(rest, None)
        elif not word.startswith("-"):
            return word
    return None


def _add_completers(parser: argparse.ArgumentParser) -> None:
    """Add a completer to each argument, by its metavar."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                _add_completers(each)
        elif action.choices is None and action.nargs != 0:
            completer = _COMPLETERS.get((parser.prog, action.metavar)) or _COMPLETERS.get(
                ("", action.metavar)
            )
            action.completer = completer or _complete_nothing  # type: ignore[attr-defined]


Completer = Callable[..., Iterable[str]]


def _complete_nothing(**_: Any) -> Iterable[str]:
    return ()


def _complete_environments(parsed_args: argparse.Namespace, **_: Any) -> Iterable[str]:
    project, _root = _find_project(parsed_args)
    return () if project is None else list(project.environments)


def _names_declared_by(kinds: str) -> Completer:
    """Complete names that flows declare at the start of a line, where `fmt` puts them."""
    pattern = re.compile(rf"(?m)^(?:{kinds})[ \t]+([A-Za-z_][A-Za-z0-9_]*)")

    def complete(parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        from flowdsl.host.listing import expand_patterns

        project, root = _find_project(parsed_args)
        if project is None:
            return []
        files = DiskFiles(root)
        names: list[str] = []
        for path in expand_patterns(files, list(project.flows)).flows[:_MOST_FLOWS]:
            try:
                names += pattern.findall(files.read_text(path))
            except UnreadableFile:
                continue
        return names

    return complete


_complete_workflows = _names_declared_by("workflow")


def _workflows_or_flows(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> Iterable[str]:
    flows = _complete_paths(prefix, _working_folder_of(parsed_args), (SUFFIX, "/"))
    return [*_complete_workflows(parsed_args=parsed_args), *flows]


def _complete_files(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> Iterable[str]:
    return _complete_paths(prefix, _working_folder_of(parsed_args))


def _complete_folders(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> Iterable[str]:
    return _complete_paths(prefix, _working_folder_of(parsed_args), "/")


def _complete_places(prefix: str, **_: Any) -> Iterable[str]:
    """Complete folders to work in, from the one in which the command was started."""
    return _complete_paths(prefix, os.curdir, "/")


def _complete_explained(**_: Any) -> Iterable[str]:
    from flowdsl.catalog import diagnostics
    from flowdsl.explain.guides import list_guides
    from flowdsl.explain.language import list_language_names

    words = (name for name in list_language_names() if name.strip("@").isidentifier())
    return [*diagnostics(), *words, *list_guides()]


def _complete_formats(**_: Any) -> Iterable[str]:
    return import_module("flowdsl.cli.commands.check.view").FORMATS  # type: ignore[no-any-return]


_COMPLETERS: dict[tuple[str, Any], Completer] = {
    ("", "ENV"): _complete_environments,
    **{("", metavar): _complete_workflows for metavar in ("ADDRESS", "OLD", "WORKFLOW")},
    ("", "WORKFLOW|CHAIN"): _names_declared_by("workflow|chain"),
    ("", "WORKFLOW|FILE.flow"): _workflows_or_flows,
    **{("", metavar): _complete_files for metavar in ("PATH", "FILE")},
    **{("", metavar): _complete_folders for metavar in ("DIR", "FOLDER")},
    ("flowdsl", "DIR"): _complete_places,
    ("flowdsl explain", "NAME"): _complete_explained,
    ("flowdsl check", "FORMAT"): _complete_formats,
}
"""By command (empty for any) and by metavar of an argument."""


def _working_folder_of(parsed_args: argparse.Namespace) -> str:
    """The folder that the command would work in."""
    return getattr(parsed_args, "directory", None) or os.curdir


def _find_project(parsed_args: argparse.Namespace) -> tuple[Project | None, str]:
    """The project of that folder and its root; None if there is none, or one with errors."""
    root = find_root(_working_folder_of(parsed_args))
    if root is None:
        return None, ""
    try:
        text = DiskFiles(root).read_text(PROJECT_FILE)
    except UnreadableFile:
        return None, root
    from flowdsl.config.load import load_project

    return load_project(text, PROJECT_FILE, Sink()), root


def _complete_paths(prefix: str, folder: str, endings: str | tuple[str, ...] = "") -> list[str]:
    """Continue `prefix` with paths in `folder` that have one of the endings.

    Folders get a slash, hidden files need a dot.
    """
    start = prefix.rpartition("/")[2]
    lead = prefix[: len(prefix) - len(start)]
    try:
        with os.scandir(os.path.join(folder, os.path.expanduser(lead))) as entries:
            paths = sorted(
                f"{lead}{entry.name}{'/' if entry.is_dir() else ''}"
                for entry in entries
                if entry.name.startswith(start) and (start or not entry.name.startswith("."))
            )
            return [path for path in paths if path.endswith(endings)]
    except (OSError, ValueError):
        return []
