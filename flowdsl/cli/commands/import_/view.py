"""What `flowdsl import` says of what it wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from flowdsl.decompile.model import ImportedProject, Note
from flowdsl.decompile.naming import called
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted

from .destination import PROMPT

SHOWN = 5
"""The most workflows that are named where many share a note, and the most causes of one."""


def rendered_notes(notes: Iterable[Note]) -> list[str]:
    """One line for each note, what matters most first.

    What holds for several workflows alike stands once.
    """
    groups: dict[str, list[Note]] = {}
    for note in sorted(notes, key=lambda note: note.weight):
        groups.setdefault(note.many or _message(note), []).append(note)
    return [f"note: {line}" for group in groups.values() for line in _told(group)]


def _told(notes: Sequence[Note]) -> Iterator[str]:
    """The lines of notes that stand together."""
    many = notes[0].many
    if many and len(notes) > SHOWN:
        yield f"{len(notes)} {many}{_causes(notes)}"
        return
    alike: dict[str, list[Note]] = {}
    for note in notes:
        alike.setdefault(_message(note), []).append(note)
    for message, group in alike.items():
        yield f"{_names(group)}: {printable(message if len(group) > 1 else group[0].message)}"


def _message(note: Note) -> str:
    """The message of a note without the name of its workflow, to find notes that are alike."""
    return note.message.replace(f" {note.workflow}.", " *.")


def _causes(notes: Sequence[Note]) -> str:
    causes = Counter(note.cause for note in notes if note.cause).most_common()
    if not causes:
        return ""
    rest = sum(count for _, count in causes[SHOWN:])
    told = causes[:SHOWN] + ([("others", rest)] if rest else [])
    shown = (f"{cause} ({count})" if count > 1 else cause for cause, count in told)
    return f": {printable('; '.join(shown))}"


def _names(notes: list[Note]) -> str:
    names = [printable(called(note.workflow, note.title)) for note in notes]
    rest = len(names) - SHOWN
    if rest < 2:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN])} and {rest} more"


def outcome(imported: ImportedProject, folder: str) -> str:
    """How many workflows were imported and how: `2 workflows imported into flows/: ...`."""
    workflows = sum(path.endswith(".flow") for path in imported.files)
    verbatim = sum(path.endswith(PROMPT) for path in imported.files)
    statements = workflows - verbatim
    parts = [f"{statements} as statements"] if statements or not verbatim else []
    if verbatim:
        its = "its prompt" if verbatim == 1 else "their prompt"
        parts.append(f"{verbatim} with {its} in a file")
    return (
        f"{counted(workflows, 'workflow')} imported into {printable(folder)}/: {', '.join(parts)}"
    )
