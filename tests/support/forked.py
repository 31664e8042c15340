"""The real program without the time that its imports take.

A process that has done them forks for every command.

A forked command has its own arguments, folder, environment, standard streams and process, and ends
as a started one does. Elsewhere than on Linux, and for environments that the interpreter itself
reads as it starts, commands are started.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
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
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn

SHARED = "FLOWDSL_FORKS"
"""The variable that names the folder in which the workers of a run meet."""
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
_GO = b"go"
_LOOK_AGAIN = 1.0
_FORK_SECONDS = 60.0
"""A fork that takes longer, the imports before the first one among it, never comes."""
_ASKING = Lock()


@dataclass
class Running:
    """A command that has begun."""

    pid: int
    _waited: Callable[[float], int | None]
    _open: ExitStack
    """What is open for it, until `close` or `output`."""
    _output: Sequence[Any] = ()
    code: int | None = None
    """The exit code, negative for a signal; None until it was asked for, and while it runs."""

    def poll(self, seconds: float | None = 0) -> int | None:
        """`code`, after waiting for it so long; None: to the end.

        Threads that wait for one command look again after a second: one of them may learn the code
        and close what tells it, whose number then means another file to those who begin to wait.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while self.code is None:
            left = _LOOK_AGAIN if deadline is None else deadline - time.monotonic()
            try:
                code = self._waited(max(0.0, min(left, _LOOK_AGAIN)))
            except (OSError, ValueError):
                # Another thread learned it meanwhile, and closed what tells it.
                if self.code is None:
                    raise
                return self.code
            if code is not None:
                self.code = code
            elif left <= _LOOK_AGAIN and deadline is not None:
                break
        return self.code

    def wait(self, seconds: float | None = None) -> int:
        """`code` once it has ended; raises `subprocess.TimeoutExpired`."""
        code = self.poll(seconds)
        if code is None:
            raise subprocess.TimeoutExpired("flowdsl", seconds or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def output(self) -> tuple[bytes, bytes]:
        """What it wrote to standard output and to standard error; asked for once, at the end."""
        with self._open:
            for stream in self._output:
                stream.seek(0)
            out, err = (stream.read() for stream in self._output)
            return out, err

    def close(self) -> None:
        """Ask for nothing more."""
        self._open.close()


def begin(
    words: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    stdin: bytes = b"",
    first: str = "",
    known: Callable[[Running], object] = lambda _running: None,
) -> Running:
    """`flowdsl` with these words beside this process, its output in files; see `begin_on`."""
    with ExitStack() as stack:
        output = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(2)]
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            streams = [stream.fileno() for stream in (given, *output)]
            running = begin_on(
                words, streams, folder=folder, environ=environ, first=first, known=known
            )
        running._output = output
        running._open.enter_context(stack.pop_all())
    return running


def begin_on(
    words: Sequence[str],
    streams: Sequence[int],
    *,
    folder: Path,
    environ: Mapping[str, str],
    terminal: bool = False,
    first: str = "",
    known: Callable[[Running], object] = lambda _running: None,
) -> Running:
    """`flowdsl` with these words beside this process, and open files as its standard streams.

    With `terminal` the first of them is one, which becomes that of the command. A forked command
    does nothing before `known` has been told of it, and imports the module `first` before anything
    else; a started one cares for neither.
    """
    if not _forks(environ):
        process = subprocess.Popen(
            [sys.executable, "-m", "flowdsl", *words],
            cwd=folder,
            env=environ,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            start_new_session=terminal,
            preexec_fn=sit_down if terminal else None,
        )
        running = started(process)
        known(running)
        return running
    request = {
        "words": list(words),
        "folder": str(folder),
        "environ": dict(environ),
        "first": first,
        "terminal": terminal,
    }
    with ExitStack() as stack:
        told = stack.enter_context(_ask(request, streams))
        told.settimeout(_FORK_SECONDS)
        pid = int(told.recv(64))
        running = Running(pid, partial(_wait_for_forked, told), stack.pop_all())
    known(running)
    told.send(_GO)
    return running


def started(process: subprocess.Popen[bytes]) -> Running:
    """A process that was started, as one that runs."""
    return Running(process.pid, partial(_wait_for_started, process), ExitStack())


def sit_down() -> None:
    """Make standard input the terminal of this process, which leads its session."""
    import fcntl
    import termios

    # A job in the background of a script ignores Ctrl-C, and so would what it starts.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _forks(environ: Mapping[str, str]) -> bool:
    """Whether a command with this environment can be forked."""
    return sys.platform == "linux" and not any(
        environ.get(name) != os.environ.get(name)
        for name in environ.keys() | os.environ.keys()
        if name.startswith(_READ_BY_PYTHON)
    )


def run(
    words: Sequence[str], *, folder: Path, environ: Mapping[str, str], stdin: bytes, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """`flowdsl` with these words; raises `subprocess.TimeoutExpired`."""
    if not _forks(environ):
        return start(words, folder=folder, environ=environ, stdin=stdin, seconds=seconds)
    running = begin(words, folder=folder, environ=environ, stdin=stdin)
    try:
        code = running.wait(seconds)
    except BaseException:
        running.send_signal(signal.SIGKILL)
        running.output()
        raise
    return subprocess.CompletedProcess("flowdsl", code, *running.output())


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


def _wait_for_started(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _wait_for_forked(told: socket.socket, seconds: float) -> int | None:
    from select import POLLIN, poll

    waiting = poll()
    waiting.register(told, POLLIN)
    if not waiting.poll(1000 * seconds):
        return None
    # It stays there for whoever asks next.
    return int(told.recv(64, socket.MSG_PEEK))


def _ask(request: Mapping[str, Any], streams: Sequence[int]) -> socket.socket:
    """Have a command forked; what comes back tells its process id, and later its exit code."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        files = [theirs.fileno(), *streams]
        with _ASKING:
            socket.send_fds(_server(), [json.dumps(request).encode()], files)
    return ours


@cache
def _server() -> socket.socket:
    """A connection to the process that forks, which the first command of a run starts.

    The workers of a run share one, which ends with the last of them.
    """
    with ExitStack() as stack:
        folder = os.environ.get(SHARED) or stack.enter_context(tempfile.TemporaryDirectory())
        address = os.path.join(folder, "forks")
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENT)
        server: subprocess.Popen[bytes] | None = None
        deadline = time.monotonic() + _FORK_SECONDS
        while True:
            try:
                ours.connect(address)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > deadline:
                    raise
            if server is None:
                code = f"from tests.support.forked import serve; serve({address!r})"
                server = subprocess.Popen(
                    [sys.executable, "-c", code],
                    cwd=Path(__file__).parents[2],
                    start_new_session=True,
                )
            time.sleep(0.01)

    def end() -> None:
        ours.close()
        if server is not None:
            server.wait()

    atexit.register(end)
    return ours


def serve(address: str) -> None:
    """Fork for every request until all who asked have gone; nothing where another does so."""
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
        selectors.DefaultSelector() as waiting,
    ):
        try:
            listener.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return
            raise
        listener.listen()
        _preload()
        waiting.register(listener, selectors.EVENT_READ)
        asking = 0
        while True:
            for ready, _ in waiting.select():
                if ready.fileobj is listener:
                    waiting.register(listener.accept()[0], selectors.EVENT_READ)
                    asking += 1
                elif isinstance(ready.fileobj, socket.socket):
                    request, files, _, _ = socket.recv_fds(ready.fileobj, _SENT, 4)
                    if request:
                        _fork(json.loads(request), files, waiting)
                        continue
                    waiting.unregister(ready.fileobj)
                    ready.fileobj.close()
                    asking -= 1
                    if not asking:
                        return
                else:
                    waiting.unregister(ready.fileobj)
                    _tell_end(ready.fd, *ready.data)


def _fork(
    request: Mapping[str, Any], files: Sequence[int], waiting: selectors.BaseSelector
) -> None:
    """Fork a command, whose end `waiting` will tell, and tell its process id.

    A fork of this process takes longer than many a command, so that there is one for each, without
    another that waits for it.
    """
    answer, *streams = files
    process = os.fork()
    if process == 0:
        with socket.socket(fileno=answer) as told:
            if told.recv(len(_GO)) != _GO:
                os._exit(1)
        for key in waiting.get_map().values():
            os.close(key.fd)
            if key.data is not None:
                os.close(key.data[1])
        waiting.close()
        _become(request, streams)
    for stream in streams:
        os.close(stream)
    with contextlib.suppress(OSError):
        # Whoever asked has gone, and the command goes as well.
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
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["terminal"]:
        os.setsid()
        sit_down()
    sys.stdin, sys.stdout, sys.stderr = (_text(number) for number in range(3))
    sys.argv = ["flowdsl", *request["words"]]
    code = 1
    try:
        if request["first"]:
            importlib.import_module(request["first"])
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
