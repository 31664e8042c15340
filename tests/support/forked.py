"""The real program without the time that its imports take.

A process that has done them forks for every command.

A forked command has its own arguments, folder, environment, standard streams and process, and ends
as a started one does. Elsewhere than on Linux, and for environments that the interpreter itself
reads as it starts, commands are started.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

_READ_BY_PYTHON = ("PYTHON", "LC_", "LANG")
_PRELOADED = (
    "anyio._backends._asyncio",
    "concurrent.futures.thread",
    "html.parser",
    "jinja2",
    "sqlalchemy.dialects.sqlite",
)
"""What modules of the program import once a command runs, or what they use does."""
_SENT = 1 << 20


def run(
    words: Sequence[str], *, folder: Path, environ: Mapping[str, str], stdin: bytes, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """`flowdsl` with these words; raises `subprocess.TimeoutExpired`."""
    read_by_python = {
        name
        for name in environ.keys() | os.environ.keys()
        if name.startswith(_READ_BY_PYTHON) and environ.get(name) != os.environ.get(name)
    }
    if sys.platform != "linux" or read_by_python:
        return start(words, folder=folder, environ=environ, stdin=stdin, seconds=seconds)
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        given.write(stdin)
        given.seek(0)
        status = _ask(words, folder, environ, [given, out, err], seconds)
        if status is None:
            raise subprocess.TimeoutExpired("flowdsl", seconds)
        for stream in (out, err):
            stream.seek(0)
        return subprocess.CompletedProcess("flowdsl", status, out.read(), err.read())


def start(
    words: Sequence[str], *, folder: Path, environ: Mapping[str, str], stdin: bytes, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """The same without forking."""
    return subprocess.run(
        [sys.executable, "-m", "flowdsl", *words],
        input=stdin,
        capture_output=True,
        cwd=folder,
        env=environ,
        timeout=seconds,
    )


def _ask(
    words: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    streams: Sequence[Any],
    seconds: float,
) -> int | None:
    """The exit code of a command, negative for a signal; None when it had to be killed."""
    request = json.dumps({"words": list(words), "folder": str(folder), "environ": dict(environ)})
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            files = [theirs.fileno(), *(stream.fileno() for stream in streams)]
            socket.send_fds(_server(), [request.encode()], files)
        ours.settimeout(seconds)
        process = int(ours.recv(64))
        try:
            return int(ours.recv(64))
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            return None


@cache
def _server() -> socket.socket:
    """A connection to the process that forks, started by the first command.

    It ends with this process.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for one in (ours, theirs):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENT)
    code = f"from tests.support.forked import serve; serve({theirs.fileno()})"
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        pass_fds=[theirs.fileno()],
        start_new_session=True,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours


def serve(connection: int) -> None:
    """Fork for every request until the other side has gone."""
    _preload()
    with socket.socket(fileno=connection) as requests, selectors.DefaultSelector() as waiting:
        waiting.register(requests, selectors.EVENT_READ)
        while True:
            for ready, _ in waiting.select():
                if ready.fileobj is requests:
                    request, files, _, _ = socket.recv_fds(requests, _SENT, 4)
                    if not request:
                        return
                    _begin(json.loads(request), files, waiting)
                else:
                    waiting.unregister(ready.fileobj)
                    _tell_end(ready.fd, *ready.data)


def _begin(
    request: Mapping[str, Any], files: Sequence[int], waiting: selectors.BaseSelector
) -> None:
    """Fork a command, whose end `waiting` will tell, and tell its process id.

    A fork of this process takes longer than many a command, so that there is one for each, without
    another that waits for it.
    """
    answer, *streams = files
    process = os.fork()
    if process == 0:
        os.close(answer)
        for key in waiting.get_map().values():
            os.close(key.fd)
            if key.data is not None:
                os.close(key.data[1])
        waiting.close()
        _become(request, streams)
    for stream in streams:
        os.close(stream)
    os.write(answer, str(process).encode())
    waiting.register(os.pidfd_open(process), selectors.EVENT_READ, (process, answer))


def _tell_end(pidfd: int, process: int, answer: int) -> None:
    """Tell the exit code of a command that has ended."""
    os.close(pidfd)
    _, status = os.waitpid(process, 0)
    with socket.socket(fileno=answer) as told, contextlib.suppress(OSError):
        # Whoever asked has gone where it gave up.
        told.send(str(os.waitstatus_to_exitcode(status)).encode())


def _preload() -> None:
    """Import the program, and what its commands import as they run.

    It is frozen, so that no command's collector copies it.
    """
    import flowdsl

    found = pkgutil.walk_packages(flowdsl.__path__, "flowdsl.")
    mine = (each.name for each in found if not each.name.endswith("__main__"))
    for name in (*_PRELOADED, *mine):
        # Modules for extras that are not installed are for commands that say so.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _become(request: Mapping[str, Any], streams: Sequence[int]) -> NoReturn:
    """Be a command."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = (_text(number) for number in range(3))
    sys.argv = ["flowdsl", *request["words"]]
    code = 1
    try:
        from flowdsl.__main__ import run_process

        run_process()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _text(number: int) -> io.TextIOWrapper:
    """A standard stream as Python opens it."""
    model = (sys.__stdin__, sys.__stdout__, sys.__stderr__)[number]
    assert model is not None
    return open(
        number,
        "r" if number == 0 else "w",
        encoding=model.encoding,
        errors=model.errors,
        closefd=False,
        buffering=1 if number == 2 else -1,
    )
