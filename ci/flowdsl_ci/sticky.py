"""One comment that is kept up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from .comment_text import marker_of

Done = Literal["created", "updated", "unchanged", "none"]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as the service lists it; `author` is whatever tells its writer from others."""

    id: int
    author: str
    body: str


class Thread(Protocol):
    """The comments of a pull request or merge request. Every method raises `RestError`."""

    def author(self) -> str:
        """Who the token's own comments are by."""

    def comments(self) -> Iterable[Comment]:
        """All of them, the oldest first."""

    def create(self, body: str) -> None: ...

    def update(self, comment: Comment, body: str) -> None: ...

    def delete(self, comment: Comment) -> None: ...


def keep(thread: Thread, body: str, *, create: bool) -> Done:
    """Bring the comment with the marker of `body` up to date; without one, make it if `create`.

    Only comments by the token's own author count, for anybody can write the marker. Two runs at once may have made two
    comments; the first stays.
    """
    marker = marker_of(body)
    if marker is None:
        raise ValueError("the body does not begin with a marker")
    author = thread.author()
    own = [
        comment
        for comment in thread.comments()
        if comment.author == author and marker_of(comment.body) == marker
    ]
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
