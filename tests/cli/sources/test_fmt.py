"""`flowdsl fmt`: which files it takes, what it writes, prints and says, and how it ends."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from errno import ENOSPC
from pathlib import Path

import pytest

from flowdsl.__main__ import main
from flowdsl.cli.commands import fmt
from flowdsl.cli.commands.fmt import format_files, sources_of
from flowdsl.cli.runtime.console import CommandError
from flowdsl.cli.runtime.rewrites import write_rewrites
from flowdsl.format.formatter import Formatted
from flowdsl.host.disk import SIZE_LIMIT
from flowdsl.host.folders import OpenFolder
from flowdsl.source.text import SourceFile
from tests.support.command_line import read_tree, run_here, write_tree

PROJECT = '[project]\nname = "care"\n'
TIDY = """\
flow 1

## Looks up a patient.
workflow look_up {
  inputs { mrn: string }
  steps {
    do "Search for {mrn} – 日本."
  }
}
"""
MESSY = TIDY.replace("workflow look_up", "workflow   look_up").replace("    do", "do")
OTHER = TIDY.replace("look_up", "find")
UNCLEAR = "task oops( {\n   press  'Enter'\n}\n"
"""A declaration that cannot be read."""
BROKEN = MESSY + "\n" + UNCLEAR
HALF = TIDY + "\n" + UNCLEAR
NOT_UTF8 = b"flow 1\nworkflow\xff  x {}\n"

posix_only = pytest.mark.skipif(os.name != "posix", reason="permission bits and links of POSIX")
no_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="nothing is forbidden to the superuser"
)


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def test_a_whole_project_is_formatted(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "flowdsl.toml": PROJECT,
            ".gitignore": "build\n",
            "flows/a.flow": MESSY,
            "flows/b.flow": TIDY,
            "lib/only_imported.flow": MESSY,
            "build/generated.flow": MESSY,
            ".hidden/x.flow": MESSY,
            "lib/notes.txt": MESSY,
        },
    )
    before = read_tree(tmp_path)
    (tmp_path / "flows/deep").mkdir()
    result = run_here(tmp_path / "flows/deep", "fmt")
    assert (result.code, result.out) == (0, b"")
    assert result.err == "2 files reformatted, 1 left unchanged\n"
    changed = {"flows/a.flow": TIDY.encode(), "lib/only_imported.flow": TIDY.encode()}
    assert read_tree(tmp_path) == before | changed
    again = run_here(tmp_path, "fmt")
    assert (again.code, again.out, again.err) == (0, b"", "3 files left unchanged\n")


def test_flows_that_the_project_names_are_formatted_wherever_they_are(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "flowdsl.toml": PROJECT + 'flows = ["build/a.flow"]\n',
            ".gitignore": "build\n",
            "build/a.flow": MESSY,
            "build/b.flow": MESSY,
        },
    )
    assert run_here(tmp_path, "fmt", "--check").text == "build/a.flow\n"


def test_a_broken_project_file_is_no_obstacle(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": "x =", "a.flow": MESSY, "lib/b.flow": MESSY})
    assert run_here(tmp_path, "fmt", "a.flow").code == 0
    assert (tmp_path / "a.flow").read_text("utf-8") == TIDY
    result = run_here(tmp_path, "fmt")
    assert (result.code, result.err) == (0, "1 file reformatted, 1 left unchanged\n")


def test_files_folders_and_globs_of_several_projects(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "one/flowdsl.toml": PROJECT,
        "one/flows/a.flow": MESSY,
        "two/flowdsl.toml": PROJECT,
        "two/a.flow": MESSY,
        "two/b.flow": MESSY,
        "loose.flow": MESSY,
        "other.flow": MESSY,
    }
    write_tree(tmp_path, files)
    words = ("one", "two/*.flow", "two/b.flow", "loose.flow", "./loose.flow")
    result = run_here(tmp_path, "fmt", *words)
    assert (result.code, result.err) == (0, "4 files reformatted\n")
    changed = [path for path, content in read_tree(tmp_path).items() if content == TIDY.encode()]
    assert sorted(changed) == ["loose.flow", "one/flows/a.flow", "two/a.flow", "two/b.flow"]


def test_a_file_of_a_project_within_a_project_counts_once(tmp_path: Path) -> None:
    files = {"flowdsl.toml": PROJECT, "inner/flowdsl.toml": PROJECT, "inner/a.flow": MESSY}
    write_tree(tmp_path, files)
    result = run_here(tmp_path, "fmt", "--check", ".", "inner")
    assert result.out == b"inner/a.flow\n"
    assert result.err == "1 file would be reformatted\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "error: there is no `flowdsl.toml` in this folder or above"),
        (("gone.flow",), "error: `gone.flow` does not exist"),
        (("x*.flow",), "error: no flow is found by `x*.flow` in"),
        (("-", "a.flow"), "error: `-` reads standard input and cannot be combined"),
        (("a.flow", "--stdin-filename", "b.flow"), "error: `--stdin-filename` goes with `-`"),
    ],
)
def test_what_means_nothing_changes_nothing(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    write_tree(tmp_path, {"a.flow": MESSY})
    result = run_here(tmp_path, "fmt", *words)
    assert (result.code, result.out) == (64, b"")
    assert result.err.startswith(said)
    assert (tmp_path / "a.flow").read_text("utf-8") == MESSY


def test_check_lists_what_would_change(tmp_path: Path) -> None:
    write_tree(tmp_path, {"p/flowdsl.toml": PROJECT, "p/a.flow": MESSY, "p/b.flow": TIDY})
    before = read_tree(tmp_path)
    result = run_here(tmp_path, "-C", "p", "fmt", "--check")
    assert (result.code, result.text) == (1, "a.flow\n")
    assert result.err == "1 file would be reformatted, 1 would be left unchanged\n"
    assert run_here(tmp_path, "fmt", "--check", "p/a.flow").text == "p/a.flow\n"
    assert read_tree(tmp_path) == before
    clean = run_here(tmp_path, "fmt", "p/b.flow", "--check")
    assert (clean.code, clean.out) == (0, b"")
    assert clean.err == "1 file would be left unchanged\n"


def test_a_difference_is_shown_and_nothing_written(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flows/a.flow": crlf(MESSY), "flows/b.flow": TIDY})
    before = read_tree(tmp_path)
    result = run_here(tmp_path / "flows", "fmt", "--diff", ".")
    assert result.code == 0
    assert result.text == (
        "--- a.flow\n+++ a.flow\n@@ -1,9 +1,9 @@\n flow 1\r\n \r\n ## Looks up a patient.\r\n"
        "-workflow   look_up {\r\n+workflow look_up {\r\n   inputs { mrn: string }\r\n"
        '   steps {\r\n-do "Search for {mrn} – 日本."\r\n+    do "Search for {mrn} – 日本."\r\n'
        "   }\r\n }\r\n"
    )
    assert result.err == "1 file would be reformatted, 1 would be left unchanged\n"
    both = run_here(tmp_path / "flows", "fmt", "--diff", "--check", ".")
    assert (both.code, both.out) == (1, result.out)
    assert read_tree(tmp_path) == before


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs `patch`")
@pytest.mark.parametrize("written", [MESSY, crlf(MESSY), "\ufeff" + MESSY, MESSY[:-1], BROKEN])
def test_the_difference_is_a_patch(tmp_path: Path, written: str) -> None:
    write_tree(tmp_path, {"a.flow": written})
    difference = run_here(tmp_path, "fmt", "a.flow", "--diff").out
    subprocess.run(
        ["patch", "-p0", "--binary", "--silent"],
        input=difference,
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    patched = (tmp_path / "a.flow").read_bytes()
    (tmp_path / "a.flow").write_bytes(written.encode())
    run_here(tmp_path, "fmt", "a.flow")
    assert (tmp_path / "a.flow").read_bytes() == patched != written.encode()


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("breaks", ["\n", "\r\n"])
def test_byte_order_mark_and_line_breaks_stay(tmp_path: Path, mark: str, breaks: str) -> None:
    written, expected = ((mark + text).replace("\n", breaks).encode() for text in (MESSY, TIDY))
    write_tree(tmp_path, {"a.flow": written})
    assert run_here(tmp_path, "fmt", "a.flow").code == 0
    assert (tmp_path / "a.flow").read_bytes() == expected
    assert run_here(tmp_path, "fmt", "-", stdin=written).out == expected
    assert run_here(tmp_path, "fmt", "--check", "a.flow").code == 0


@posix_only
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "a.flow": MESSY, "real.txt": MESSY})
    (tmp_path / "a.flow").chmod(0o750)
    (tmp_path / "linked.flow").symlink_to("real.txt")
    result = run_here(tmp_path, "fmt", "a.flow", "linked.flow")
    assert (result.code, result.err) == (0, "2 files reformatted\n")
    assert (tmp_path / "a.flow").stat().st_mode & 0o7777 == 0o750
    assert (tmp_path / "linked.flow").is_symlink()
    assert (tmp_path / "real.txt").read_text("utf-8") == TIDY
    assert not list(tmp_path.rglob("*.tmp"))


@posix_only
def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    write_tree(tmp_path, {"p/flowdsl.toml": PROJECT, "outside.flow": MESSY, "p/b.flow": MESSY})
    (tmp_path / "p/a.flow").symlink_to(tmp_path / "outside.flow")
    result = run_here(tmp_path, "fmt", "p/a.flow", "p/b.flow")
    assert result.code == 1
    assert result.err == (
        "error: `p/a.flow` cannot be read: a symbolic link leads out of the project\n"
        "1 file reformatted, 1 not read\n"
    )
    assert (tmp_path / "outside.flow").read_text("utf-8") == MESSY


def test_an_unformatted_file_keeps_its_time(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": TIDY})
    os.utime(tmp_path / "a.flow", (1, 1))
    run_here(tmp_path, "fmt", "a.flow")
    assert (tmp_path / "a.flow").stat().st_mtime == 1


def test_a_file_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    large = b"#" * (SIZE_LIMIT + 1)
    write_tree(tmp_path, {"a.flow": NOT_UTF8, "b.flow": MESSY, "c.flow": large, "d.flow": TIDY})
    result = run_here(tmp_path, "fmt", ".")
    assert (result.code, result.out) == (1, b"")
    assert result.err == (
        "error: `a.flow` cannot be read: it is not UTF-8 (byte 15, line 2); save it as UTF-8\n"
        "error: `c.flow` cannot be read: it has 16.0 MB; the limit is 16 MB\n"
        "1 file reformatted, 1 left unchanged, 2 not read\n"
    )
    assert (tmp_path / "a.flow").read_bytes() == NOT_UTF8
    assert (tmp_path / "b.flow").read_text("utf-8") == TIDY
    assert run_here(tmp_path, "fmt", ".", "--check").code == 1


@no_root
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": MESSY})
    (tmp_path / "a.flow").chmod(0)
    result = run_here(tmp_path, "fmt", "a.flow")
    assert result.code == 1
    assert result.err.startswith("error: `a.flow` cannot be read: permission is denied\n")


def test_one_file_that_cannot_be_written_leaves_all_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"a.flow": MESSY, "b.flow": MESSY})
    before = read_tree(tmp_path)
    create, room = OpenFolder.create, [True]

    def on_a_full_disk(folder: OpenFolder, name: str) -> int:
        if not room:
            raise OSError(ENOSPC, "No space left on device")
        room.pop()
        return create(folder, name)

    monkeypatch.setattr(OpenFolder, "create", on_a_full_disk)
    result = run_here(tmp_path, "fmt", ".")
    assert (result.code, result.out) == (64, b"")
    assert result.err == "error: `b.flow` cannot be written: no space left on device\n"
    assert read_tree(tmp_path) == before


@no_root
def test_a_folder_that_may_not_be_written_leaves_all_files_alone(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": MESSY, "lib/b.flow": MESSY})
    before = read_tree(tmp_path)
    (tmp_path / "lib").chmod(0o500)
    try:
        result = run_here(tmp_path, "fmt", ".")
    finally:
        (tmp_path / "lib").chmod(0o700)
    assert (result.code, result.out) == (64, b"")
    assert result.err == "error: `lib/b.flow` cannot be written: permission denied\n"
    assert read_tree(tmp_path) == before


def test_what_stands_around_a_syntax_error_is_formatted(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": BROKEN, "b.flow": MESSY})
    result = run_here(tmp_path, "fmt", ".")
    assert (result.code, result.out) == (1, b"")
    first, last = result.err.splitlines()
    assert first.startswith("a.flow:11:")
    assert first.endswith("; what is not understood is left unchanged")
    assert last == "2 files reformatted"
    assert (tmp_path / "a.flow").read_text("utf-8") == HALF
    assert (tmp_path / "b.flow").read_text("utf-8") == TIDY
    again = run_here(tmp_path, "fmt", ".", "--check")
    assert (again.code, again.out) == (1, b"")
    assert again.err == f"{first}\n2 files would be left unchanged\n"


@pytest.mark.parametrize(
    ("written", "expected", "code"),
    [
        (MESSY, TIDY, 0),
        (TIDY, TIDY, 0),
        (crlf(MESSY), crlf(TIDY), 0),
        (BROKEN, HALF, 1),
        ("", "", 1),
        ("no flow at  all\n", "no flow at  all\n", 1),
    ],
)
def test_standard_input_is_printed_formatted(
    tmp_path: Path, written: str, expected: str, code: int
) -> None:
    result = run_here(tmp_path, "fmt", "-", stdin=written.encode())
    assert (result.code, result.text) == (code, expected)
    assert result.err.startswith("<stdin>:") == (code == 1)
    assert read_tree(tmp_path) == {}


def test_standard_input_by_name(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": "x ="})
    words = ("fmt", "-", "--stdin-filename", "flows/a.flow")
    assert run_here(tmp_path, *words, stdin=MESSY.encode()).text == TIDY
    assert run_here(tmp_path, *words, stdin=BROKEN.encode()).err.startswith("flows/a.flow:11:")
    check = run_here(tmp_path, *words, "--check", stdin=MESSY.encode())
    assert (check.code, check.text, check.err) == (1, "flows/a.flow\n", "")
    diff = run_here(tmp_path, *words, "--diff", stdin=MESSY.encode())
    assert diff.code == 0
    assert diff.text.startswith("--- flows/a.flow\n+++ flows/a.flow\n@@")
    clean = run_here(tmp_path, *words, "--check", "--diff", stdin=TIDY.encode())
    assert (clean.code, clean.out, clean.err) == (0, b"", "")


@pytest.mark.parametrize("written", [NOT_UTF8, b"flow 1\n" + b"#" * SIZE_LIMIT + b"\nend"])
def test_standard_input_that_cannot_be_read_comes_out_again(tmp_path: Path, written: bytes) -> None:
    result = run_here(tmp_path, "fmt", "-", stdin=written)
    assert result.code == 1
    assert result.out == written
    assert result.err.startswith("error: `<stdin>` cannot be read: it ")


def test_a_file_that_changes_meanwhile_is_not_written(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": MESSY, "b.flow": MESSY})
    formatted = format_files(sources_of([str(tmp_path)]))
    assert len(formatted.rewrites) == 2
    (tmp_path / "b.flow").write_text("somebody's", "utf-8")
    before = read_tree(tmp_path)
    with pytest.raises(CommandError, match=r"b\.flow` changed during the formatting") as caught:
        write_rewrites(formatted.rewrites, during="formatting")
    assert caught.value.code == 6
    assert read_tree(tmp_path) == before


def test_a_text_that_formatting_would_damage_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def damage(source: SourceFile) -> Formatted:
        return Formatted(source.text, (), "a comment is lost; please report this")

    write_tree(tmp_path, {"a.flow": MESSY})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fmt, "format_source", damage)
    assert main(["fmt", "a.flow"]) == 1
    assert capsys.readouterr() == (
        "",
        "error: `a.flow` stays as it is: a comment is lost; please report this\n"
        "1 file left unchanged\n",
    )
    assert (tmp_path / "a.flow").read_text("utf-8") == MESSY


def test_standard_input_survives_a_bug(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    def fail(source: SourceFile) -> Formatted:
        raise AssertionError(source.path)

    monkeypatch.setattr(fmt, "format_source", fail)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MESSY.encode())))
    assert main(["fmt", "-"]) == 70
    assert capsysbinary.readouterr().out == MESSY.encode()


def test_a_difference_shows_no_character_that_commands_a_terminal(tmp_path: Path) -> None:
    """The log of a CI job is no terminal, but somebody reads it on one."""
    (tmp_path / "a.flow").write_text(
        'flow 1\r\n# \x1b]0;owned\x07 \u202egnp.\u2066\r\ntask  t() { do "a\tb \x9b2J" }\n'
    )
    shown = run_here(tmp_path, "fmt", "--diff", "a.flow").text
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert "\\x1b]0;owned\\x07 \\u202egnp.\\u2066" in shown
    assert "a\tb \\x9b2J" in shown
