"""Keeps one comment of a thread up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from .text import marker_of

Done = Literal["created", "updated", "unchanged", "none"]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as the service lists it; `author` is what tells its author from others."""

    id: int
    author: str
    body: str


class Thread(Protocol):
    """The comments of a pull request or merge request; every method raises `RestError`."""

    def author(self) -> str:
        """The author of comments that the token writes."""

    def comments(self) -> Iterable[Comment]:
        """All comments, the oldest first."""

    def create(self, body: str) -> None: ...

    def update(self, comment: Comment, body: str) -> None: ...

    def delete(self, comment: Comment) -> None: ...


def keep(thread: Thread, body: str, *, create: bool) -> Done:
    """Brings the comment with the marker of `body` up to date, or makes one if `create`.

    Only comments of the token's own author count, for anybody can write the marker. If two runs at
    once have made two comments, the first stays.
    """
    marker = marker_of(body)
    if marker is None:
        raise ValueError("the body does not begin with a marker")
    own = find_own(thread, marker)
    if not own:
        if create:
            thread.create(body)
        return "created" if create else "none"
    first, *doubles = own
    for double in doubles:
        thread.delete(double)
    if first.body.replace("\r\n", "\n").strip() == body.strip():
        return "unchanged"
    thread.update(first, body)
    return "updated"


def find_own(thread: Thread, marker: str) -> list[Comment]:
    """The comments with `marker` that the token's own author wrote, the oldest first."""
    author = thread.author()
    return [
        comment
        for comment in thread.comments()
        if comment.author == author and marker_of(comment.body) == marker
    ]
