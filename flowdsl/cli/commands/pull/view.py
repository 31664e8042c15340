"""What `flowdsl pull` says of the edits that it brings in and of those that it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowdsl.config.address import Address
from flowdsl.decompile.pulling.attempts import FILE, SETTINGS, STATEMENTS, WORDS
from flowdsl.decompile.pulling.differences import edits, shown
from flowdsl.decompile.pulling.pull import Conflict, Pulled
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted
from flowdsl.diagnostics.suggest import listed

_HOW = {
    WORDS: "edited in place",
    SETTINGS: "declared anew",
    STATEMENTS: "as statements",
    FILE: "kept in a file",
}
_LONGEST = 80


def remarks(pulled: Sequence[Pulled], missing: Sequence[str]) -> Iterator[str]:
    """A line for each field that is brought in, is left, or was edited on both sides."""
    for each in pulled:
        for path in each.brought:
            how = _HOW.get(each.levels.get(path, ""), "changed")
            yield f"{each.address}: {_field(path)} is {how}"
        for note in each.notes:
            yield f"note: {each.address}: {printable(note)}"
        if each.pending:
            yield (
                f"note: {each.address}: only the source changed "
                f"{listed(map(printable, each.pending))}; a deploy sends that"
            )
        for path, reason in sorted(each.left.items()):
            yield f"error: {each.address}: {_field(path)} cannot be brought in: {printable(reason)}"
        for conflict in each.conflicts:
            yield from _conflict(each.address, conflict)
    for address in missing:
        yield f"error: {address}: it no longer exists in the organisation"


def _conflict(address: Address, conflict: Conflict) -> Iterator[str]:
    yield (
        f"error: {address}: {_field(conflict.path)} was edited in the source and in the "
        "dashboard since the last deploy; `--theirs` takes the dashboard's"
    )
    ours, theirs = _words(conflict.ours, conflict.theirs)
    yield f"  source:    {ours}"
    yield f"  dashboard: {theirs}"


def _words(ours: Any, theirs: Any) -> tuple[str, str]:
    """Two values as one line each: whole where they are short, else the words that differ."""
    whole = shown(ours), shown(theirs)
    if any(len(each) > _LONGEST or "\n" in each for each in whole):
        changes = edits(ours, theirs)
        whole = (
            " … ".join(before for before, _ in changes),
            " … ".join(after for _, after in changes),
        )
    one, other = (_cut(printable(each.replace("\n", " ").strip())) for each in whole)
    return one or "(nothing)", other or "(nothing)"


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def _field(path: str) -> str:
    return f"`{printable(path)}`"


def outcome(pulled: Sequence[Pulled], environment: str, files: int, *, written: bool) -> str:
    """How the pull ended, in one line."""
    brought = sum(len(each.brought) for each in pulled)
    left = sum(len(each.left) + len(each.conflicts) for each in pulled)
    if not brought and not left:
        return f"nothing to pull: {counted(len(pulled), 'workflow')} as in {environment}"
    if not brought:
        return f"nothing was written: {counted(left, 'field')} left as in the source"
    done = "brought in" if written else "would be brought in"
    rest = f", {left} left as in the source" if left else ""
    return f"{counted(brought, 'field')} {done}, {counted(files, 'file')} changed{rest}"
