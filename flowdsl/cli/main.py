"""From the arguments of the process to a command, and from its end to an exit code."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from flowdsl import __version__
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.host import signals
from flowdsl.source.failure import TOO_DEEP, FlowdslError

from .runtime import exit_codes
from .runtime.console import COLORS, Console, UsageError, command_error, standard_console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

COMMANDS: dict[str, str] = {
    "init": "make a project that checks and deploys as it is",
    "new": "write a file with a workflow, a task or a chain",
    "check": "find mistakes in flows",
    "fmt": "lay flows out in one style",
    "import": "turn workflows of the service into flows",
    "convert": "propose statements for a prompt in a file",
    "compile": "write payloads, prompts and schemas to a folder",
    "test": "run the tests of flows, without a machine",
    "plan": "show what a deploy would change",
    "deploy": "bring an environment to what the sources say",
    "run": "run a deployed workflow or chain with checked inputs",
    "runs": "list, watch, retry and cancel runs, and fetch their files",
    "diff": "show how the service differs from the sources and from the last deploy",
    "pull": "bring edits made in the dashboard into the sources",
    "trace": "lay a run's history over the lines of the flow it came from",
    "recover": "settle what an interrupted deploy left open",
    "restore": "bring a saved version of a workflow back",
    "destroy": "delete every workflow of an environment",
    "state": "look at what is remembered of an environment, and mend it",
    "unlock": "free the lease of a deploy that died",
    "ids": "list the ids of an environment for review",
    "machines": "the desktops of an organisation, and what they lack for the flows",
    "pools": "the sets of machines that runs may select",
    "connections": "when machines were in touch with the service",
    "trajectories": "recordings of runs, and which of them are replayed",
    "models": "the model configurations that flows may name",
    "tags": "the tags of workflows",
    "tag-groups": "the groups of tags",
    "images": "the pictures of prompts",
    "attachments": "single files of runs",
    "credentials": "the organisation's own keys of model providers",
    "request-logs": "what the service asked of desktops",
    "doctor": "what is set up, what is not, and what to do about it",
    "health": "whether the service and its machines are well",
    "usage": "what runs took and cost, by workflow",
    "emulator": "serve a local Cyberdesk",
    "completion": "print a script that lets a shell complete command lines",
    "explain": "tell what a finding or a word means, and print the documentation",
    "rules": "list every diagnostic and lint rule",
    "lsp": "serve an editor: findings, completion, rename and the compiled prompt",
    "debug": "look inside the compiler",
}
"""Every command and its line in `flowdsl -h`."""

PACKAGES = "check compile convert doctor emulator import init plan pull run runs state test"
"""Commands of several modules; `configure` and `run` are in the module `command`."""

RESOURCES = (
    "machines pools connections trajectories models tags tag-groups images attachments "
    "credentials request-logs health usage"
)
"""Commands in `commands/resources`."""


def module_of(name: str) -> str:
    """The module with `configure` and `run` of a command."""
    module = {"import": "import_", "new": "init.new"}.get(name, name.replace("-", "_"))
    if name in RESOURCES.split():
        module = f"resources.{module}"
    return f"flowdsl.cli.commands.{module}{'.command' * (name in PACKAGES.split())}"


def run(words: Sequence[str]) -> int:
    """Run one command line and return its exit code; only a bug in this function raises."""
    if not words and "_ARGCOMPLETE" in os.environ:
        from .runtime.command_line import completing

        if completing.is_asked(os.environ):
            completing.complete_command_line(COMMANDS, module_of)
    console = standard_console()
    with signals.BeforeEnding(lambda _number: console.flush()):
        try:
            code = _run_command_line(words, console)
        finally:
            complete = console.finish()
    return code if code or complete else exit_codes.USAGE


def _run_command_line(words: Sequence[str], console: Console) -> int:
    try:
        directory, color, rest = _leading_options(words)
        console.use_color_setting(color)
        return _dispatch_command(directory, color, rest, console)
    except FlowdslError as error:
        failure = command_error(error)
        for message in failure.messages:
            console.err(f"error: {make_printable(message)}")
        for line in failure.listing:
            console.err(line)
        return failure.code
    except signals.Interrupted as interrupted:
        console.err("interrupted")
        return interrupted.code
    except RecursionError as error:
        if os.environ.get("FLOWDSL_DEBUG") == "1":
            console.err(_bug_report(error))
        console.err(f"error: {TOO_DEEP}")
        return exit_codes.SOURCE_ERRORS
    except Exception as error:  # noqa: BLE001 - a bug ends as one line and exit code 70
        console.err(_bug_report(error))
        return exit_codes.INTERNAL


def _leading_options(words: Sequence[str]) -> tuple[str | None, str, Sequence[str]]:
    """Split off the folder and the colour mode, two options that precede the command.

    Returns them and the remaining words.
    """
    directory, color, rest = None, "auto", list(words)
    while rest:
        option, equals, value = rest[0].partition("=")
        if option not in ("-C", "--color") or (equals and option == "-C"):
            break
        del rest[0]
        if not equals:
            if not rest:
                raise UsageError(f"`{option}` needs a value")
            value = rest.pop(0)
        if option == "-C":
            directory = value
        elif value not in COLORS:
            raise UsageError(f"`{value}` is not a colour mode; use {', '.join(COLORS)}")
        else:
            color = value
    return directory, color, rest


def _dispatch_command(
    directory: str | None, color: str, words: Sequence[str], console: Console
) -> int:
    if words[:1] == ["help"] and words[1:2] not in ([], ["help"], ["-h"], ["--help"]):
        words = [*words[1:], "-h"]
    if not words or words[0] in ("-h", "--help", "help"):
        console.out(render_overview())
        return exit_codes.SUCCESS if words else exit_codes.USAGE
    if words[0] == "--version":
        console.out(f"flowdsl {__version__}")
        return exit_codes.SUCCESS
    name = words[0]
    if name.startswith("-"):
        raise UsageError(f"`{name}` is not an option of `flowdsl`; see `flowdsl -h`")
    if name not in COMMANDS:
        raise UsageError(_unknown_command(name))
    module = import_module(module_of(name))
    arguments = _parse_arguments(name, module.configure, words[1:], directory, color, console)
    if arguments is None:
        return exit_codes.SUCCESS
    if arguments.color != color:
        console.use_color_setting(arguments.color)
    if arguments.directory is not None:
        _enter_directory(arguments.directory)
    code: int = module.run(arguments, console)
    return code


def _parse_arguments(
    name: str,
    configure: Callable[[Any], None],
    words: Sequence[str],
    directory: str | None,
    color: str,
    console: Console,
) -> Any:
    """Parse the arguments of a command; None if its help was requested and printed."""
    from .runtime.command_line.arguments import CommandParser, HelpAsked
    from .runtime.command_line.options import add_global_options

    parser = CommandParser(name, COMMANDS[name])
    add_global_options(parser, directory, color)
    configure(parser)
    try:
        return parser.parse(words)
    except HelpAsked as help:
        console.out(str(help).rstrip("\n"))
        return None


def _enter_directory(directory: str) -> None:
    try:
        os.chdir(directory)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a path"
        raise UsageError(f"`-C {directory}` cannot be entered: {reason}") from None


def render_overview() -> str:
    from .runtime.command_line.examples import examples_of

    width = max(map(len, COMMANDS))
    return "\n".join(
        [
            "usage: flowdsl [-C DIR] [--color auto|always|never] COMMAND ...",
            "",
            "Cyberdesk desktop workflows as code.",
            "",
            *(f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items()),
            "",
            "`flowdsl help COMMAND` shows a command's options, `flowdsl --version` the version.",
            "`flowdsl explain` lists the documentation, which is read without a network: "
            "`flowdsl explain tutorial`.",
            "",
            examples_of(""),
        ]
    )


def _unknown_command(name: str) -> str:
    from .runtime.command_line.guesses import GUESSES

    existing = ", ".join(COMMANDS)
    answer = GUESSES.get(name.lower())
    if answer is not None:
        return f"`{name}` is not a command; {answer}"
    nearest = find_closest_name(name, COMMANDS)
    if nearest is not None:
        return f"`{name}` is not a command; a command named `{nearest}` exists"
    return f"`{name}` is not a command; the commands are {existing}"


def _bug_report(error: Exception) -> str:
    """One line that describes the exception and its place.

    The message of the exception is left out: it may quote a source or a secret.
    """
    if os.environ.get("FLOWDSL_DEBUG") == "1":
        from traceback import format_exception

        return "".join(format_exception(error)).rstrip()
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = ""
    if place is not None:
        file = os.path.basename(place.tb_frame.f_code.co_filename)
        where = f" at {file}:{place.tb_lineno}"
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"internal error: {type(error).__name__}{where} (flowdsl {__version__}, Python "
        f"{python}); please report it with the flow that causes it; FLOWDSL_DEBUG=1 shows the "
        "traceback"
    )
