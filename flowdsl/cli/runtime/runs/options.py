"""Options for the inputs of runs, and reading their values.

No message contains the value of a secret.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Sequence

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.host.disk import SIZE_LIMIT, DiskFiles
from flowdsl.runs.inputs.assemble import TRANSFERS, Upload
from flowdsl.runs.inputs.documents import InputRow, is_table, read_one, read_rows
from flowdsl.runs.inputs.places import Given, InputsRefused, Problem, make_refusal
from flowdsl.runs.starting.uploads import read_file, read_upload, require_distinct_names
from flowdsl.source.files import UnreadableFile

from ..command_line.options import add_options
from ..console import CommandError, Console, UsageError
from ..exit_codes import USAGE
from ..interrupts import ask_interruptibly

SECRET_SOURCES = "`env:NAME`, `file:PATH` or `ask`"


def add_input_options(parser: argparse.ArgumentParser, *, table: bool = True) -> None:
    add_options(
        parser,
        """
        --input NAME=VALUE...  an input; lists and records as JSON; may be repeated
        --input-env NAME=VARIABLE...  an input from an environment variable; may be repeated
        """,
        input={"type": _parse_named_value},
        input_env={"type": _parse_named_value},
    )
    many = ", or a run a row (.csv .tsv .jsonl)" if table else ""
    add_options(parser, f"--inputs FILE  inputs of one run (.json .yaml .toml){many}")
    add_secret_option(parser, "a secret")
    add_options(
        parser,
        f"""
        --file [NAME=]PATH...
            a file for the machine, and the input that gets its path there; may be repeated
        --file-folder PATH  the folder on the machine that files go to (default: {TRANSFERS})
        --remove-files  delete the files on the machine after the run
        """,
        file_folder={"default": TRANSFERS},
    )


def add_secret_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Declare `--secret`, which names the source of a value."""
    add_options(
        parser,
        f"--secret NAME=SOURCE...  {what} from {SECRET_SOURCES.replace('`', '')}; may be repeated",
        secret={"type": _parse_secret},
    )


def _parse_named_value(text: str) -> tuple[str, str]:
    """Parse the name and value of `mrn=4471203`.

    Raises the exception that argparse expects, without the text, which may contain a secret.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError("it is written `NAME=VALUE`")
    return name, value


def _parse_secret(text: str) -> tuple[str, str]:
    name, equals, source = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"it is written `NAME=SOURCE`, a source {SECRET_SOURCES}")
    if not is_source(source):
        shown = make_printable(name)[:60]
        raise argparse.ArgumentTypeError(
            f"`{shown}` gets no value of a secret here, where others can read it; name its source: "
            f"{SECRET_SOURCES}"
        )
    return name, source


def is_source(text: str) -> bool:
    kind, _, rest = text.partition(":")
    return text == "ask" or (kind in ("env", "file") and bool(rest))


def secret_source(text: str, option: str = "--secret") -> str:
    """Parse the source of a secret.

    Raises `UsageError`, without the text, which may be the secret.
    """
    if is_source(text):
        return text
    raise UsageError(f"`{option}` takes no secret but its source: {SECRET_SOURCES}")


def read_inputs(arguments: argparse.Namespace) -> tuple[tuple[Given, ...], tuple[InputRow, ...]]:
    """Read the inputs for every run, and the rows of a table; raises `InputsRefused`."""
    given = [
        Given(name, value, f"`--input {make_printable(name)}`", is_text=True)
        for name, value in arguments.input
    ]
    for name, variable in arguments.input_env:
        place = f"`--input-env {make_printable(name)}`"
        value = os.environ.get(variable)
        if value is None:
            raise make_refusal(
                place, f"the environment variable `{make_printable(variable)}` is not set"
            )
        given.append(Given(name, value, place, is_text=True))
    path = arguments.inputs
    if path is None:
        return tuple(given), ()
    content = read_file(path, SIZE_LIMIT, "`--inputs`")
    shown = make_printable(path)
    if is_table(path):
        return tuple(given), read_rows(shown, content)
    return (*given, *read_one(shown, content)), ()


def read_secrets(
    sources: Sequence[tuple[str, str]],
    console: Console,
    place_of: Callable[[str], str] = lambda name: f"`--secret {name}`",
) -> tuple[Given, ...]:
    """Read the values of secrets by name; `place_of` maps a name to its option for messages.

    Raises `InputsRefused` for a secret that is not at its source.
    """
    secrets: list[Given] = []
    problems: list[Problem] = []
    for name, source in sources:
        place = place_of(make_printable(name))
        if source == "ask":
            secrets.append(ask_secret(name, console, place.strip("`")))
            continue
        value, why = secret_at(source)
        if why:
            problems.append(Problem(place, why))
        else:
            secrets.append(Given(name, value, place, is_text=True))
    if problems:
        raise InputsRefused(problems)
    return tuple(secrets)


def secret_at(source: str) -> tuple[str, str]:
    """Return the secret at a source other than `ask`, and the reason if there is none."""
    kind, _, rest = source.partition(":")
    if kind != "env":
        return _secret_file(rest)
    value = os.environ.get(rest, "")
    shown = make_printable(rest)
    return value, "" if value else f"the environment variable `{shown}` is empty or not set"


def ask_secret(name: str, console: Console, option: str = "") -> Given:
    """Ask a person for a secret, without echo; raises `UsageError` without a terminal.

    `option` is the alternative option in the message, up to the source; if empty, that of a run.
    """
    from ..engine.questions import is_interactive

    shown = make_printable(name)
    if not is_interactive():
        option = option or f"--secret {shown}"
        written = option + ("=" if " " in option else " ")
        raise UsageError(
            f"there is no terminal to ask for the secret `{shown}` on; give it as "
            f"`{written}env:NAME` or `{written}file:PATH`"
        )
    value = read_unseen_line(f"{shown} (not shown): ", console)
    if value is None:
        raise UsageError(f"the secret `{shown}` cannot be asked for without showing it")
    if not value:
        raise CommandError(f"the secret `{shown}` is empty; nothing was sent", USAGE)
    return Given(name, value, f"the secret `{shown}`", is_text=True)


def read_unseen_line(question: str, console: Console) -> str | None:
    """Read a line without echo; None if that is impossible, or at the end of the input."""
    from getpass import GetPassWarning, getpass
    from warnings import catch_warnings, simplefilter

    console.flush()
    try:
        with catch_warnings():
            simplefilter("error", GetPassWarning)  # fail instead of asking with echo
            return ask_interruptibly(lambda: getpass(question))
    except (EOFError, GetPassWarning):
        return None


def read_uploads(arguments: argparse.Namespace) -> tuple[Upload, ...]:
    """The files of `--file`; raises `InputsRefused`."""
    uploads: list[Upload] = []
    for written in arguments.file:
        name, equals, path = written.partition("=")
        # A path may contain an equals sign; the name of an input is a single word.
        is_named = bool(equals) and re.fullmatch(r"[A-Za-z_]\w*", name) is not None
        path = path if is_named else written
        place = f"`--file {make_printable(written)}`"
        uploads.append(
            read_upload(
                path,
                place,
                input=name if is_named else None,
                folder=arguments.file_folder,
                is_temporary=arguments.remove_files,
            )
        )
    return require_distinct_names(uploads)


def _secret_file(path: str) -> tuple[str, str]:
    """Read the secret in a file, without a final line break, and the reason if there is none."""
    full = os.path.abspath(os.path.expanduser(path))
    try:
        text = DiskFiles(os.path.dirname(full)).read_text(os.path.basename(full))
    except UnreadableFile as error:
        return "", f"the file `{make_printable(path)}` cannot be read: {error.reason}"
    value = text.removesuffix("\n").removesuffix("\r")
    return value, "" if value else f"the file `{make_printable(path)}` is empty"


def add_target_options(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    add_options(where, "--machine MACHINE  a machine, by name or id")
    add_options(
        where,
        "--pool POOL...  a machine of this pool, by name or id; if repeated, of all of them",
    )
    add_options(where, "--session ID  go on in this session, on its machine")
    add_options(parser, "--priority  before runs that wait")


def add_session_options(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "--start-session  begin a session, which keeps the machine")
    add_options(parser, "--release-session  free the session's machine after the run")
    add_options(parser, "--alias NAME  the name of the run for later ones of its session")


def add_answer_option(parser: argparse.ArgumentParser) -> None:
    """Declare the option for answers that a pausing chain asks for."""
    add_options(
        parser,
        f"""
        --answer NAME=VALUE...
            an answer that a chain pauses for; of a secret one its source
            ({SECRET_SOURCES.replace("`", "")}); may be repeated
        """,
        answer={"type": _parse_named_value},
    )


def add_watch_options(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        --json
        --output FIELD  print this output alone, a text as it is
        --junit FILE  write how runs ended as JUnit XML
        --progress auto|tty|plain|none
            how to show how far many runs are; default: a bar on a terminal
        """,
    )
