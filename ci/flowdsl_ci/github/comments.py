"""The comments of a pull request on GitHub, and the issues of a repository."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..comment.drift import title_of
from ..comment.sticky import Comment
from ..rest import Rest, RestError

ACTIONS_BOT = "github-actions[bot]"
"""The author of comments by `GITHUB_TOKEN`; only names of apps may have square brackets."""

_PAGE = 100
_PAGES = 200
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


class GithubThread:
    """The comments of pull request `number`.

    `login` is the name that the token writes as; if it is empty, the token is asked.
    """

    def __init__(self, rest: Rest, repository: str, number: int, login: str = "") -> None:
        if not _REPOSITORY.fullmatch(repository):
            raise RestError("the name of the repository is not one of GitHub")
        self._rest = rest
        self._repository = f"/repos/{repository}"
        self._thread = f"/repos/{repository}/issues/{number}/comments"
        self._login = login

    def author(self) -> str:
        """The login that the token writes as.

        Tokens of apps, such as `GITHUB_TOKEN`, may not ask.
        """
        if self._login:
            return self._login
        try:
            login = self._rest.call("GET", "/user")["login"]
        except RestError as error:
            if error.status not in (401, 403, 404):
                raise
            return ACTIONS_BOT
        except (TypeError, KeyError):
            raise RestError("GET /user is answered without a login", 200) from None
        return str(login)

    def comments(self) -> Iterator[Comment]:
        """All comments, page by page, the oldest first."""
        yield from (_comment(item, "id") for item in self._items(self._thread))

    def _items(self, path: str, query: str = "") -> Iterator[Any]:
        """The items of a list of the service, page by page."""
        for page in range(1, _PAGES + 1):
            found = self._rest.call("GET", f"{path}?{query}per_page={_PAGE}&page={page}")
            if not isinstance(found, list):
                raise RestError(f"GET {path} is not answered with a list", 200)
            yield from found
            if len(found) < _PAGE:
                return

    def create(self, body: str) -> None:
        self._rest.call("POST", self._thread, {"body": body})

    def update(self, comment: Comment, body: str) -> None:
        self._rest.call("PATCH", f"{self._repository}/issues/comments/{comment.id}", {"body": body})

    def delete(self, comment: Comment) -> None:
        self._rest.call("DELETE", f"{self._repository}/issues/comments/{comment.id}")


class GithubIssues(GithubThread):
    """The open issues of a repository, each a comment by its number; deleting one closes it."""

    def __init__(self, rest: Rest, repository: str, login: str = "") -> None:
        super().__init__(rest, repository, 0, login)
        self._issues = f"{self._repository}/issues"

    def comments(self) -> Iterator[Comment]:
        """All open issues, page by page; GitHub lists pull requests among them."""
        for item in self._items(self._issues, "state=open&sort=created&direction=asc&"):
            if not isinstance(item, dict) or "pull_request" not in item:
                yield _comment(item, "number")

    def create(self, body: str) -> None:
        self._rest.call("POST", self._issues, {"title": title_of(body), "body": body})

    def update(self, comment: Comment, body: str) -> None:
        self._rest.call("PATCH", f"{self._issues}/{comment.id}", {"body": body})

    def delete(self, comment: Comment) -> None:
        self._rest.call("PATCH", f"{self._issues}/{comment.id}", {"state": "closed"})


def github_rest(environ: Mapping[str, str], token: str) -> Rest:
    """The API of the GitHub that runs the job."""
    return Rest(
        environ.get("GITHUB_API_URL", "https://api.github.com"),
        {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )


def _comment(item: Any, number: str) -> Comment:
    """A comment; that of a deleted account has no author."""
    try:
        user = item["user"] or {}
        return Comment(int(item[number]), str(user.get("login", "")), str(item["body"] or ""))
    except (TypeError, KeyError, ValueError, AttributeError):
        raise RestError("a comment does not look like one", 200) from None
