"""From words to commands and exit codes, in process."""

from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl import __version__
from flowdsl.__main__ import main
from flowdsl.cli import main as command_line
from flowdsl.cli.runtime.console import Console
from flowdsl.cli.runtime.progress import ProgressLines, open_display
from flowdsl.host import signals


def fake_command(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    module = ModuleType("flowdsl.cli.commands.check.command")
    module.configure = lambda parser: parser.add_argument("words", nargs="*")  # type: ignore[attr-defined]
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flowdsl.cli.commands.check.command", module)


def transcript(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    expected = (0, f"flowdsl {__version__}\n", "")
    assert transcript(capsys, "--version") == expected
    assert transcript(capsys, "--color", "never", "--version") == expected


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help_lists_every_command_once(capsys: pytest.CaptureFixture[str], word: str) -> None:
    code, out, err = transcript(capsys, word)
    assert (code, err) == (0, "")
    for name, summary in command_line.COMMANDS.items():
        assert sum(line.split() == [name, *summary.split()] for line in out.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["chekc"], "`chekc` is not a command; a command named `check` exists"),
        (["quux"], "`quux` is not a command; the commands are init, new, check, fmt, import, "),
        (["--colour", "x"], "`--colour` is not an option of `flowdsl`; see `flowdsl -h`"),
        (["-C"], "`-C` needs a value"),
        (["--color", "blue", "check"], "`blue` is not a colour mode; use auto, always, never"),
        (["--color=blue", "check"], "`blue` is not a colour mode"),
        (["-C", "/none/there", "check"], "`-C /none/there` cannot be entered: No such file"),
        (["-C", "a\0b", "check"], "`-C a\\x00b` cannot be entered: it is not a path"),
        (
            ["check", "--colr", "never"],
            "`--colr` is not an option of `flowdsl check`; an option `--color` exists",
        ),
        (["check", "--col", "never"], "`--col` is not an option of `flowdsl check`"),
        (["check", "--color", "blue"], "argument --color: invalid choice: 'blue'"),
    ],
)
def test_usage_mistakes_are_one_line_and_64(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    fake_command(monkeypatch, lambda arguments, console: 0)
    code, out, err = transcript(capsys, *words)
    assert (code, out) == (64, "")
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


def test_no_words_show_the_overview_as_a_usage_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = transcript(capsys)
    assert code == 64
    assert "usage: flowdsl" in out


def test_folder_and_colour_may_stand_on_either_side(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(arguments: object, console: Console) -> int:
        console.out(f"{os.getcwd()} {console.color_out}")
        return 3

    fake_command(monkeypatch, run)
    monkeypatch.chdir("/")
    folder = str(tmp_path.resolve())
    for words in (
        ["-C", folder, "--color", "always", "check"],
        ["--color=always", "check", "-C", folder],
        ["--color=always", "-C", folder, "check"],
        ["check", "-C", folder, "--color=always"],
    ):
        assert transcript(capsys, *words) == (3, f"{folder} True\n", "")


def test_flows_that_nest_too_deep_are_no_bug(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(arguments: object, console: Console) -> int:
        return run(arguments, console)

    fake_command(monkeypatch, run)
    code, out, err = transcript(capsys, "check")
    assert (code, out) == (3, "")
    assert err == (
        "error: calls, blocks, types or consts nest too deep in these flows to be followed\n"
    )


def test_a_bug_is_one_line_without_its_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(arguments: object, console: Console) -> int:
        raise KeyError("canary")

    fake_command(monkeypatch, run)
    code, out, err = transcript(capsys, "check")
    assert (code, out) == (70, "")
    assert err.count("\n") == 1
    assert err.startswith("internal error: KeyError at test_command_line.py:")
    assert "canary" not in err
    monkeypatch.setenv("FLOWDSL_DEBUG", "1")
    code, _, err = transcript(capsys, "check")
    assert code == 70
    assert "Traceback" in err
    assert "canary" in err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_a_signal_ends_has_its_code(
    number: int, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(arguments: object, console: Console) -> int:
        raise signals.Interrupted(number)

    fake_command(monkeypatch, run)
    assert transcript(capsys, "check") == (code, "", "interrupted\n")


def test_text_outside_the_encoding_is_escaped() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    console = Console(stream, stream)
    console.out("… \udc80")
    console.flush()
    assert raw.getvalue().splitlines() == [rb"\u2026 \udc80"]


def test_what_takes_long_is_named_in_printable_characters() -> None:
    now, told = [0.0], list[str]()
    lines = ProgressLines(told.append, clock=lambda: now[0])
    lines.begin("workflow.a\x1b[31m")
    now[0] = 30.0
    lines.advance(1, 2)
    assert told == ["1 of 2 done, waiting for workflow.a\\x1b[31m (30 s)"]


@given(
    st.lists(
        st.one_of(st.text(), st.sampled_from(["-C", "--color", "check", "-h", "--", "debug"])),
        max_size=4,
    )
)
def test_any_words_end_with_an_exit_code(words: list[str]) -> None:
    here = os.getcwd()
    with pytest.MonkeyPatch.context() as patch:
        fake_command(patch, lambda arguments, console: 0)
        stderr = io.StringIO()
        patch.setattr(sys, "stdout", io.StringIO())
        patch.setattr(sys, "stderr", stderr)
        try:
            code = main(words)
        finally:
            os.chdir(here)
    assert code in (0, 1, 64)
    assert "Traceback" not in stderr.getvalue()


def test_a_bar_says_what_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal for rich
    drawn = io.StringIO()
    bar = open_display("tty", Console(io.StringIO(), drawn), True, "destroy")
    bar.begin("workflow.look_up")
    bar.advance(1, 2)
    bar.close()
    assert "destroy" in drawn.getvalue()
