"""The questions of `flowdsl convert --step`: each part of the prompt, and what it would become."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent, indent

from flowdsl.decompile.proposing.conversion import Conversion, Converter, LineEdit
from flowdsl.diagnostics.diagnostic import ERROR
from flowdsl.diagnostics.render.cells import split_into_cells
from flowdsl.source.alignment import Effort

from ...runtime.console import Console
from ...runtime.engine.questions import ask_in_lower_case, is_interactive, read_typed_line

_QUESTION = "take it? [y]es, [k]eep as do, [e]dit, [a]ll the rest, [q]uit "
_PROSE = "{} do are prose: edit them, too? [y/N] "


def ask_about_parts(
    converter: Converter, conversion: Conversion, console: Console
) -> Conversion | None:
    """Return the conversion with the parts that a person takes, edits or leaves as `do`.

    None if the person quits, or if the input ends before all is answered.
    """
    refused, edits = list(converter.refused), list[LineEdit]()
    parts = [each for each in conversion.proposal.recognized if each not in refused]
    for number, words in enumerate(parts, start=1):
        proposed = converter.write_section(refused)
        changed = _find_changes(converter.write_section([*refused, words]), proposed)
        console.err(f"\n{number} of {len(parts)}")
        _show(words, "  | ", console)
        for at, end in changed:
            _show(dedent("\n".join(proposed[at:end])), "    ", console)
        answer = _ask(console)
        if answer == "q":
            return None
        if answer == "a":
            break
        if answer == "k":
            refused.append(words)
        elif answer == "e":
            edit = _edit_part(converter, (refused, edits), proposed, changed, console)
            if edit is not None:
                edits.append(edit)
    _edit_prose(converter, refused, edits, console)
    return converter.attempt(refused, edits)


def _edit_prose(
    converter: Converter, refused: list[str], edits: list[LineEdit], console: Console
) -> None:
    """Let a person edit each `do`; the end of the input leaves the rest as they are."""
    lines = converter.write_section(refused)
    edited = {line for edit in edits for line in edit.old}
    blocks = [(at, end) for at, end in _find_prose(lines) if lines[at] not in edited]
    if not blocks or ask_in_lower_case(_PROSE.format(len(blocks)), console) not in ("y", "yes"):
        return
    for at, end in blocks:
        _show(dedent("\n".join(lines[at:end])), "    ", console)
        answer = read_typed_line("[Enter] leave it, [e]dit, [q]uit ", console)
        if answer is None or answer.strip().lower()[:1] == "q":
            return
        if answer.strip().lower()[:1] == "e":
            edit = _edit_part(converter, (refused, edits), lines, [(at, end)], console)
            if edit is not None:
                edits.append(edit)


def _find_prose(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the ranges of lines of each `do`."""
    blocks = []
    for at, line in enumerate(lines):
        if line.lstrip().startswith("do "):
            end = at + 1
            if line.rstrip().endswith('do """'):
                end = next(n for n in range(at + 1, len(lines)) if lines[n].strip() == '"""') + 1
            blocks.append((at, end))
    return blocks


def _ask(console: Console) -> str:
    """Return the first letter of an answer, `y` for none; `q` at the end of the input."""
    while True:
        line = read_typed_line(_QUESTION, console)
        answer = "q" if line is None else line.strip().lower()[:1] or "y"
        if answer in "ykeaq":
            return answer
        console.err("answer y, k, e, a or q")


def _find_changes(without: Sequence[str], proposed: Sequence[str]) -> list[tuple[int, int]]:
    """Return the ranges of lines that only the proposal has."""
    codes = Effort().compute_opcodes(without, proposed)
    return [(c, d) for tag, _, _, c, d in codes if tag != "equal" and d > c]


def _edit_part(
    converter: Converter,
    decided: tuple[list[str], list[LineEdit]],
    proposed: Sequence[str],
    changed: list[tuple[int, int]],
    console: Console,
) -> LineEdit | None:
    """Return the edit of a part that checks; None if the person gives it up."""
    if len(changed) != 1:
        console.err("its statements stand in several places: taken as they are, edit the file")
        return None
    ((at, end),) = changed
    lines = tuple(proposed[at:end])
    margin = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    text = dedent("\n".join(lines))
    while True:
        text = _edit_text(text, console)
        new = tuple(indent(text.strip("\n"), margin).split("\n")) if text.strip() else ()
        edit = LineEdit(lines, new, _count_blocks(proposed[:at], lines))
        conversion = converter.attempt(decided[0], [*decided[1], edit])
        if conversion.is_sound:
            return edit
        errors = [
            each.message
            for each in conversion.compilation.analysis.diagnostics
            if each.severity == ERROR
        ]
        lost = [f"`{each.variable.name}` would be gone" for each in conversion.difference.lost]
        for message in (*errors, *lost):
            _show(message, "  error: ", console)
        if ask_in_lower_case("edit it again? [Y/n] ", console) in ("n", "no"):
            return None


def _count_blocks(lines: Sequence[str], block: Sequence[str]) -> int:
    """Return how often the lines of a block stand in `lines`."""
    return sum(tuple(lines[at : at + len(block)]) == tuple(block) for at in range(len(lines)))


def _edit_text(text: str, console: Console) -> str:
    """Return the text as a person edits it: in `$EDITOR` on a terminal, else line by line."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if editor and is_interactive():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "statements.flow")
            file.write_text(text + "\n", encoding="utf-8")
            try:
                subprocess.run([*shlex.split(editor), str(file)], check=True)
                return file.read_text(encoding="utf-8")
            except (OSError, ValueError, subprocess.CalledProcessError) as problem:
                console.err(f"`{editor}` does not work: {problem}")
    console.err("the statements, and a line with a single dot:")
    lines: list[str] = []
    while (line := read_typed_line("", console)) is not None and line.strip() != ".":
        lines.append(line)
    return "\n".join(lines)


def _show(text: str, margin: str, console: Console) -> None:
    for line in text.split("\n"):
        console.err(margin + "".join(shown for shown, _ in split_into_cells(line)))
