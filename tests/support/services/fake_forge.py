"""A small GitHub and GitLab on loopback: the comments of a thread, and every request it got.

A thread may be the open issues of a repository; a closed one is not among them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BODY_LIMIT = 65_536


@dataclass
class Forge:
    """What the server holds.

    `me` is the user of the token, None for a token that may not ask who it is.
    """

    url: str
    me: dict[str, Any] | None
    thread: str
    """The path of the thread, to list and to create."""
    single: str
    """The path above one comment."""
    as_author: dict[str, Any]
    """How comments made now are signed."""
    author_key: str
    number: str = "id"
    """The key of what tells one comment from the others."""
    text: str = "body"
    """The key of what a comment says."""
    comments: list[dict[str, Any]] = field(default_factory=list)
    closed: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    failing: dict[str, int] = field(default_factory=dict)
    """Methods that are answered with a status."""
    redirect: str = ""
    """Where every request is sent on to."""

    def add(self, author: dict[str, Any], body: str) -> dict[str, Any]:
        number = 1000 + len(self.comments) + len(self.closed)
        comment = {self.number: number, self.author_key: author, self.text: body}
        self.comments.append(comment)
        return comment

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        split = urlsplit(path)
        if method in self.failing:
            return self.failing[method], {"message": "::error::<b>no</b>"}
        if (method, split.path) == ("GET", "/user"):
            return (403, {}) if self.me is None else (200, self.me)
        if method in ("POST", "PATCH", "PUT") and len(body.get(self.text, "")) > BODY_LIMIT:
            return 422, {"message": "Body is too long"}
        if split.path == self.thread:
            if method == "POST":
                made = self.add(self.as_author, body[self.text])
                made["title"] = body.get("title")
                return 201, made
            query = {key: values[0] for key, values in parse_qs(split.query).items()}
            size, page = min(int(query.get("per_page", "30")), 100), int(query.get("page", "1"))
            return 200, self.comments[(page - 1) * size : page * size]
        if split.path.startswith(self.single + "/"):
            number = int(split.path.rpartition("/")[2])
            found = [comment for comment in self.comments if comment[self.number] == number]
            if not found:
                return 404, {}
            if method == "DELETE":
                self.comments.remove(found[0])
                return 204, None
            if body.get("state") == "closed" or body.get("state_event") == "close":
                self.comments.remove(found[0])
                self.closed.append(found[0])
            found[0][self.text] = body.get(self.text, found[0][self.text])
            return 200, found[0]
        return 404, {}

    def said(self, method: str) -> list[str]:
        """The paths that were asked with a method."""
        return [path for asked, path, _ in self.requests if asked == method]


class _Handler(BaseHTTPRequestHandler):
    forge: Forge

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        self.forge.requests.append((self.command, self.path, dict(self.headers)))
        if self.forge.redirect:
            self.send_response(302)
            self.send_header("Location", self.forge.redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status, reply = self.forge.answer(
            self.command, self.path, json.loads(content) if content else {}
        )
        encoded = b"" if reply is None else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: the tests read `requests`."""


@contextmanager
def serving(forge: Forge) -> Iterator[Forge]:
    """Serve `forge` and set its address."""
    handler = type("Handler", (_Handler,), {"forge": forge})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    forge.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def github(me: dict[str, Any] | None = None) -> Forge:
    """Pull request 7 of acme/desktops; without `me`, as GITHUB_TOKEN sees it."""
    return Forge(
        "",
        me,
        "/repos/acme/desktops/issues/7/comments",
        "/repos/acme/desktops/issues/comments",
        me or {"login": "github-actions[bot]", "type": "Bot"},
        "user",
    )


def gitlab(me: dict[str, Any]) -> Forge:
    """Merge request 7 of project 42."""
    thread = "/projects/42/merge_requests/7/notes"
    return Forge("", me, thread, thread, me, "author")


def github_issues() -> Forge:
    """The issues of acme/desktops, as GITHUB_TOKEN sees them."""
    issues = "/repos/acme/desktops/issues"
    bot = {"login": "github-actions[bot]", "type": "Bot"}
    return Forge("", None, issues, issues, bot, "user", number="number")


def gitlab_issues(me: dict[str, Any]) -> Forge:
    """The issues of project 42."""
    issues = "/projects/42/issues"
    return Forge("", me, issues, issues, me, "author", number="iid", text="description")
