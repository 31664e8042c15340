"""The notes of a merge request on GitLab, and the issues of a project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..comment.drift import title_of
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
        yield from (_note(item, "id", "body") for item in self._items(self._notes))

    def _items(self, path: str, query: str = "") -> Iterator[Any]:
        """The items of a list of the service, page by page, the oldest first."""
        order = f"{query}sort=asc&order_by=created_at"
        for page in range(1, _PAGES + 1):
            found = self._rest.call("GET", f"{path}?{order}&per_page={_PAGE}&page={page}")
            if not isinstance(found, list):
                raise RestError(f"GET {path} is not answered with a list", 200)
            yield from found
            if len(found) < _PAGE:
                return

    def create(self, body: str) -> None:
        self._rest.call("POST", self._notes, {"body": body})

    def update(self, comment: Comment, body: str) -> None:
        self._rest.call("PUT", f"{self._notes}/{comment.id}", {"body": body})

    def delete(self, comment: Comment) -> None:
        self._rest.call("DELETE", f"{self._notes}/{comment.id}")


class GitlabIssues(GitlabThread):
    """The open issues of a project, each a comment by its number; deleting one closes it."""

    def __init__(self, rest: Rest, project: int) -> None:
        super().__init__(rest, project, 0)
        self._issues = f"/projects/{project}/issues"

    def comments(self) -> Iterator[Comment]:
        """All open issues, page by page."""
        for item in self._items(self._issues, "state=opened&scope=all&"):
            yield _note(item, "iid", "description")

    def create(self, body: str) -> None:
        new = {"title": title_of(body), "description": body}
        self._rest.call("POST", self._issues, new)

    def update(self, comment: Comment, body: str) -> None:
        self._rest.call("PUT", f"{self._issues}/{comment.id}", {"description": body})

    def delete(self, comment: Comment) -> None:
        self._rest.call("PUT", f"{self._issues}/{comment.id}", {"state_event": "close"})


def _note(item: Any, number: str, text: str) -> Comment:
    try:
        return Comment(int(item[number]), str(item["author"]["id"]), str(item[text] or ""))
    except (TypeError, KeyError, ValueError):
        raise RestError("a note does not look like one", 200) from None
