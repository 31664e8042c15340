"""Help, its examples, and what is said to words that are no commands."""

from __future__ import annotations

import argparse
import re
import shlex
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from flowdsl.catalog import diagnostics
from flowdsl.cli import main
from flowdsl.cli.runtime.command_line.arguments import CommandParser, HelpAsked
from flowdsl.cli.runtime.command_line.examples import read_examples
from flowdsl.cli.runtime.command_line.guesses import GUESSES
from flowdsl.cli.runtime.console import UsageError, standard_console
from flowdsl.explain.language import list_language_names
from tests.support.command_line import run_here
from tests.support.rows import for_rows

EXAMPLES = read_examples()
LINES = [(command, line) for command, rows in EXAMPLES.items() for line, _ in rows]
FLOWDSL = re.compile(r"(?<![\w-])flowdsl(?P<words>(?: (?:\"[^\"]*\"|[^|>)`&\"])+)+)")
"""`flowdsl` in a line of a shell, up to a pipe, a redirection or the end of a substitution."""


def parser_of(name: str) -> CommandParser:
    parser = CommandParser(name, main.COMMANDS[name])
    import_module(main.module_of(name)).configure(parser)
    return parser


@cache
def parsers() -> dict[str, argparse.ArgumentParser]:
    """Every parser, of commands and of their commands, by the words after `flowdsl`."""
    pending: list[argparse.ArgumentParser] = [parser_of(name) for name in main.COMMANDS]
    found: dict[str, argparse.ArgumentParser] = {}
    while pending:
        parser = pending.pop()
        found[parser.prog.removeprefix("flowdsl ")] = parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                pending += action.choices.values()
    return found


def words_of(line: str) -> list[str]:
    """The words after `flowdsl` in a line of a shell."""
    found = FLOWDSL.search(line)
    assert found is not None, line
    return shlex.split(found["words"])


def parsed(words: list[str]) -> tuple[str, object]:
    """The command that words call and its arguments; fails as the program would."""
    directory, color, rest = main._leading_options(words)
    name = rest[0]
    configure = import_module(main.module_of(name)).configure
    arguments = main._parse_arguments(
        name, configure, rest[1:], directory, color, standard_console()
    )
    assert arguments is not None
    subject = getattr(arguments, "subject", None)
    return f"{name} {subject}" if subject else name, arguments


def test_every_command_has_two_or_three_examples() -> None:
    assert set(EXAMPLES) == {"", *parsers()}
    assert {len(rows) for rows in EXAMPLES.values()} <= {2, 3}


@for_rows(lambda: LINES)
def test_an_example_is_of_its_command_and_has_no_option_that_is_not_there(
    row: tuple[str, str],
) -> None:
    command, line = row
    called, _ = parsed(words_of(line))
    assert called == command or called.startswith(f"{command} ") or not command


@pytest.mark.parametrize("line", [line for _, line in LINES if " explain " in line])
def test_an_example_explains_what_there_is(line: str) -> None:
    assert words_of(line)[1] in {*diagnostics(), *list_language_names()}


@for_rows(lambda: parsers().items())
def test_help_ends_with_the_examples(row: tuple[str, argparse.ArgumentParser]) -> None:
    command, parser = row
    with pytest.MonkeyPatch.context() as patch, pytest.raises(HelpAsked) as asked:
        patch.setenv("COLUMNS", "80")
        parser.parse_args(["-h"])
    text = str(asked.value)
    assert text.startswith(f"usage: flowdsl {command} ")
    assert main.COMMANDS.get(command, "") in text
    end = text.partition("\nexamples:\n")[2]
    assert end == "".join(f"  {line}\n      {gives}\n" for line, gives in EXAMPLES[command])
    assert max(map(len, end.splitlines())) <= 80


def test_the_overview_ends_with_examples_that_are_there() -> None:
    assert main.render_overview().endswith(f"\n      {EXAMPLES[''][-1][1]}")


@pytest.mark.parametrize("words", ["check", "state mv", "ids export", "import"])
def test_help_of_a_command_is_its_own(tmp_path: Path, words: str) -> None:
    asked = run_here(tmp_path, "help", *words.split())
    own = run_here(tmp_path, *words.split(), "-h")
    assert (asked.code, asked.err) == (0, "")
    assert asked.out == own.out
    assert asked.text.startswith(f"usage: flowdsl {words} ")


def test_help_alone_is_the_overview(tmp_path: Path) -> None:
    overview = run_here(tmp_path, "-h")
    for words in (["help"], ["help", "help"], ["help", "-h"], ["--help"]):
        assert run_here(tmp_path, *words) == overview


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["help", "chekc"], "`chekc` is not a command; a command named `check` exists"),
        (["help", "apply"], "`apply` is not a command; `flowdsl deploy` brings"),
        (["Apply"], "`Apply` is not a command; `flowdsl deploy` brings"),
    ],
)
def test_what_is_no_command_has_no_help(tmp_path: Path, words: list[str], said: str) -> None:
    done = run_here(tmp_path, *words)
    assert (done.code, done.out) == (64, b"")
    assert done.err.startswith(f"error: {said}")


@for_rows(lambda: GUESSES)
def test_a_word_that_people_guess_is_answered_with_the_right_one(word: str) -> None:
    answer = main._unknown_command(word)
    assert answer == f"`{word}` is not a command; {GUESSES[word]}"
    for line in re.findall("`(flowdsl [^`]+)`", answer):
        words = words_of(line)
        if words == ["--version"]:
            continue
        # A command may want more than its name.
        options = {
            option for action in parser_of(words[0])._actions for option in action.option_strings
        }
        assert words[0] in main.COMMANDS
        for more in words[1:]:
            assert more in options if more.startswith("-") else f"{words[0]} {more}" in parsers()


def test_no_guess_hides_a_command() -> None:
    assert not GUESSES.keys() & {*main.COMMANDS}


@for_rows(lambda: [name for name in parsers() if " " not in name])
def test_a_command_without_its_subcommand_lists_them(name: str) -> None:
    subjects = [
        each for each in parsers()[name]._actions if isinstance(each, argparse._SubParsersAction)
    ]
    if not subjects:
        return
    with pytest.raises(UsageError) as refused:
        parser_of(name).parse([])
    listed = [line.split(maxsplit=1) for line in refused.value.listing]
    assert [word for word, *_ in listed] == [*subjects[0].choices]
    assert all(summary for _, *summary in listed) and refused.value.code == 64


def test_what_a_command_without_its_subcommand_prints(tmp_path: Path) -> None:
    ended = run_here(tmp_path, "ids")
    listed = "  export  write the ids of an environment as JSON\n"
    said = f"error: `flowdsl ids` needs a subcommand:\n{listed}"
    assert (ended.code, ended.out, ended.err) == (64, b"", said)


def test_y_means_yes_wherever_a_question_can_be_answered_beforehand() -> None:
    answered = {
        command: action.option_strings
        for command, parser in parsers().items()
        for action in parser._actions
        if {"-y", "--yes"} & {*action.option_strings}
    }
    assert {"deploy", "runs cancel", "state mv"} <= answered.keys()
    assert {tuple(options) for options in answered.values()} == {("-y", "--yes")}
