"""A client of the language server: JSON-RPC over the streams of its process, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any

TIMEOUT = 120.0


class EditorClient:
    """One session with a server. `notices` are the notifications received so far, by method."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._next = 0
        self._inbox: Queue[dict[str, Any] | None] = Queue()
        self.notices: list[dict[str, Any]] = []
        self._unread: dict[str, list[list[dict[str, Any]]]] = {}
        self.capabilities: dict[str, Any] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                self._inbox.put(None)
                return
            self._inbox.put(json.loads(stream.read(length)))

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self._process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        stream.flush()

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        """The whole reply to a request; what arrives meanwhile is kept."""
        self._next += 1
        number = self._next
        self._send({"id": number, "method": method, "params": params})
        return self._wait(lambda message: message.get("id") == number and "method" not in message)

    def result(self, method: str, params: Any) -> Any:
        """The result of a request; fails on an error."""
        reply = self.ask(method, params)
        assert "error" not in reply, reply
        return reply["result"]

    def _wait(self, wanted: Callable[[dict[str, Any]], bool], timeout: float = TIMEOUT) -> Any:
        while True:
            try:
                message = self._inbox.get(timeout=timeout)
            except Empty:
                raise AssertionError("the server does not answer") from None
            assert message is not None, "the server has gone"
            if message.get("method") == "textDocument/publishDiagnostics":
                params = message["params"]
                self._unread.setdefault(params["uri"], []).append(params["diagnostics"])
            elif "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            if "method" in message:
                self.notices.append(message)
            if wanted(message):
                return message

    def wait_for_diagnostics(
        self, uri: str, wanted: Callable[[list[dict[str, Any]]], bool] = lambda found: True
    ) -> list[dict[str, Any]]:
        """The next findings of a file that are as `wanted`, of those not returned before."""
        while True:
            for found in self._take(uri):
                if wanted(found):
                    return found
            self._wait(
                lambda message: (
                    message.get("method") == "textDocument/publishDiagnostics"
                    and message["params"]["uri"] == uri
                )
            )

    def _take(self, uri: str) -> Iterator[list[dict[str, Any]]]:
        """The findings of a file that were received and not looked at."""
        unread = self._unread.get(uri, [])
        while unread:
            yield unread.pop(0)

    # What an editor does

    def initialize(self, *folders: Path, encodings: list[str] | None = None) -> None:
        named = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        general = {} if encodings is None else {"positionEncodings": encodings}
        params = {
            "processId": None,
            "rootUri": named[0]["uri"] if named else None,
            "capabilities": {"general": general},
            "workspaceFolders": named,
        }
        self.capabilities = self.result("initialize", params)["capabilities"]
        self.notify("initialized", {})

    def open(self, path: Path, text: str | None = None) -> str:
        content = path.read_bytes().decode() if text is None else text
        document = {"uri": path.as_uri(), "languageId": "flowdsl", "version": 1, "text": content}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return path.as_uri()

    def replace(self, uri: str, text: str, version: int = 2) -> None:
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri, "version": version},
                "contentChanges": [{"text": text}],
            },
        )

    def at(self, method: str, uri: str, line: int, character: int, **more: Any) -> Any:
        """The result of a request about a place, counted from 0."""
        place = {"line": line, "character": character}
        params = {"textDocument": {"uri": uri}, "position": place, **more}
        return self.result(f"textDocument/{method}", params)

    def stop(self) -> tuple[int, str]:
        """The exit code of the server after `shutdown` and `exit`, and its standard error."""
        self.result("shutdown", None)
        self.notify("exit", None)
        code, stream = self._process.wait(TIMEOUT), self._process.stderr
        return code, "" if stream is None else stream.read().decode()


@contextmanager
def editing(cwd: Path, *words: str) -> Iterator[EditorClient]:
    """A server of its own process, begun in the folder `cwd`."""
    command = [sys.executable, "-P", "-m", "flowdsl", "lsp", *words]  # as the program does
    process = subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield EditorClient(process)
    finally:
        process.kill()
        process.communicate()
