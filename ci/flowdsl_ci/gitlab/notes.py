"""The notes of a merge request on GitLab."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..comment.sticky import Comment
from ..rest import Rest, RestError

_PAGE = 100
_PAGES = 200


class GitlabThread:
    """The notes of merge request `number` of the project with the id `project`."""

    def __init__(self, rest: Rest, project: int, number: int) -> None:
        self._rest = rest
        self._notes = f"/projects/{project}/merge_requests/{number}/notes"

    def author(self) -> str:
        """The id of the user whose token it is; a project access token has a user of its own."""
        try:
            return str(int(self._rest.call("GET", "/user")["id"]))
        except (TypeError, KeyError, ValueError):
            raise RestError("GET /user is answered without an id", 200) from None

    def comments(self) -> Iterator[Comment]:
        """All notes, page by page, the oldest first."""
        order = "sort=asc&order_by=created_at"
        for page in range(1, _PAGES + 1):
            found = self._rest.call("GET", f"{self._notes}?{order}&per_page={_PAGE}&page={page}")
            if not isinstance(found, list):
                raise RestError("the notes are not a list", 200)
            yield from (_note(item) for item in found)
            if len(found) < _PAGE:
                return

    def create(self, body: str) -> None:
        self._rest.call("POST", self._notes, {"body": body})

    def update(self, comment: Comment, body: str) -> None:
        self._rest.call("PUT", f"{self._notes}/{comment.id}", {"body": body})

    def delete(self, comment: Comment) -> None:
        self._rest.call("DELETE", f"{self._notes}/{comment.id}")


def _note(item: Any) -> Comment:
    try:
        return Comment(int(item["id"]), str(item["author"]["id"]), str(item["body"] or ""))
    except (TypeError, KeyError, ValueError):
        raise RestError("a note does not look like one", 200) from None
