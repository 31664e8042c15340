"""What an editor waits for: findings after a change, completion, rename, the start of the server.

    python benchmarks/performance/editor.py [--files N] [--runs N] [--quick]

Times are those of the processor, for the machine may do other work. The project has N flows in
sets of 10 and of 50 below a library each, and then all below one library. Exits 1 if a gate is
missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import corpus

from flowdsl.compiler.pipeline import CompileOptions
from flowdsl.ide.completion.complete import complete
from flowdsl.ide.diagnostics import find_diagnostics
from flowdsl.ide.names.hover import describe_place
from flowdsl.ide.names.rename import RefusedRename, rename
from flowdsl.ide.session import Session
from flowdsl.ide.trial import apply_edits
from flowdsl.source.files import MemoryFiles

BARE = """
from pygls.lsp.server import LanguageServer
server = LanguageServer("bare", "1")
server.start_io()
"""


def make_project(count: int, per_library: int) -> dict[str, str | bytes]:
    """Flows in sets of `per_library`; in each the first is a library that the others import."""
    corpus.FILES_PER_LIBRARY = per_library
    return dict(corpus.project(count).items())


def measure(runs: int, job: Callable[[int], object]) -> float:
    """The median of the processor's milliseconds that a job takes."""
    times = []
    for run in range(runs):
        start = time.process_time()
        job(run)
        times.append(time.process_time() - start)
    return statistics.median(times) * 1000


def measure_project(count: int, per_library: int, runs: int) -> list[tuple[str, float, float]]:
    """The figures of one shape of project: what, milliseconds, and the gate."""
    files = make_project(count, per_library)
    flows = [path for path in files if path.endswith(".flow")]
    session = Session(MemoryFiles(files), CompileOptions(), flows)
    number = count // 2 + 1
    path = f"flows/account_{number}.flow"
    text = str(files[path])
    marker = 'step "Open the account" {\n'
    place = text.index(marker) + len(marker)
    start = time.process_time()
    session.groups()
    session.analyze_file(path)
    first = (time.process_time() - start) * 1000

    def change(run: int) -> None:
        files[path] = text[:place] + f'    do "Look at number {run}."\n' + text[place:]
        session.change(path)
        snapshot = session.analyze_file(path)
        find_diagnostics(session, snapshot)

    def complete_there(run: int) -> None:
        change(run)  # the editor asks while the text is new
        complete(session, path, str(files[path]), place + 8)

    def complete_checked(run: int) -> None:
        complete(session, path, str(files[path]), place + 8)

    shape = f"{len(flows):,} flows, {per_library} beside each library"
    rows = [
        (f"{shape}: the project is opened at a file", first, 5000.0),
        (f"{shape}: a change to its findings", measure(runs, change), 50.0),
        (f"{shape}: completion", measure(runs, complete_checked), 50.0),
        (f"{shape}: a change and completion", measure(runs, complete_there), 100.0),
        (f"{shape}: hover", measure(runs, lambda _: describe_place(session, path, place)), 50.0),
    ]
    files[path] = text
    session.change(path)
    home = number - number % per_library
    library, task = f"flows/lib_{home}.flow", f"sign_in_{home}"
    offset = str(files[library]).index(f"task {task}") + len("task ") + 1
    start = time.process_time()
    found = rename(session, library, offset, "log_on")
    rows.append((f"{shape}: rename", (time.process_time() - start) * 1000, 20_000.0))
    assert not isinstance(found, RefusedRename), found.reason
    changed = apply_edits(found)
    naming = {each for each in flows if re.search(rf"\b{task}\b", str(files[each]))}
    assert changed.keys() == naming and len(naming) == per_library, len(changed)
    for each, new in changed.items():
        assert new == re.sub(rf"\b{task}\b", "log_on", str(files[each])), each
    return rows


def start_server(command: list[str], folder: str) -> float:
    """The processor's milliseconds until a server has answered `initialize` and gone."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None and process.stdout is not None
    params = {"processId": None, "rootUri": None, "capabilities": {}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    body = json.dumps(request).encode()
    process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    process.stdin.flush()
    while b"Content-Length" not in process.stdout.readline():
        pass
    process.kill()
    process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return (user + system) * 1000


def measure_start(runs: int) -> tuple[str, float, float]:
    """How many times the time of a bare server ours takes to answer `initialize`."""
    ours = [sys.executable, "-P", "-m", "flowdsl", "lsp"]
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            times["bare"].append(start_server([sys.executable, "-P", "-c", BARE], folder))
            times["ours"].append(start_server(ours, folder))
    ratio = statistics.median(times["ours"]) / statistics.median(times["bare"])
    return "the server answers, in starts of bare pygls", ratio, 1.15


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="one shape of project of 100 flows")
    arguments = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    count = 100 if arguments.quick else arguments.files
    rows = []
    for shape in (10, 50) if arguments.quick else (10, 50, count):
        rows += measure_project(count, shape, arguments.runs)
    rows.append(measure_start(arguments.runs))
    missed = 0
    for what, value, gate in rows:
        missed += value > gate
        print(f"{what:<75} {value:>9.2f}  gate {gate:g} {'met' if value <= gate else 'MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
