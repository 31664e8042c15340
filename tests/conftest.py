"""What every test shares: how Hypothesis searches, and how the workers of a run begin.

By default the same examples every time and no time limit for one, so that a run on a slow machine
says the same as on a fast one. `pytest --hypothesis-profile=explore` searches anew. How many
examples is said in `support/effort.py`.
"""

from __future__ import annotations

import atexit
import compileall
import contextlib
import gc
import importlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tests.left_out import find_left_out, is_left_out
from tests.support.effort import THOROUGH, examples
from tests.support.forked import SHARED

settings.register_profile("fixed", deadline=None, derandomize=True, max_examples=examples(100))
settings.register_profile("explore", deadline=None)
settings.load_profile("fixed")

if not THOROUGH:
    # Hypothesis tries constants of the program, too, and parses all modules for them: in a new
    # clone every worker would for seconds. What is tried would depend on what else is imported.
    with contextlib.suppress(ImportError):  # older ones have no such module, and try none
        from hypothesis.internal.conjecture import providers

        if hasattr(providers, "_local_constants"):
            providers._get_local_constants = lambda: providers._local_constants

ROOT = Path(__file__).parents[1]


def _in_memory() -> str | None:
    """A folder in memory, where Linux has one with room for what a few runs leave.

    What is lost with the machine is not tested, and waiting for the disk is half of a run.
    """
    folder = "/dev/shm"
    if sys.platform != "linux" or not os.access(folder, os.W_OK | os.X_OK):
        return None
    found = os.statvfs(folder)
    fits = found.f_bavail * found.f_frsize >= 4 << 30
    return folder if fits and not found.f_flag & os.ST_NOEXEC else None


# Where pytest makes the folders of `tmp_path`, if nobody says where.
if memory := _in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)

# Hundreds of processes are started; each would translate every module of the program again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


# Where the workers that this process starts find the one process that forks for them.
if "PYTEST_XDIST_WORKER" not in os.environ:
    forks = tempfile.TemporaryDirectory(prefix="flowdsl-", dir=memory)
    os.environ[SHARED] = forks.name
    atexit.register(forks.cleanup)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """What `-n auto` means: one worker more than processors, and it is the one that waits.

    Each collects all tests and imports what they need, which takes ten seconds of a processor.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return usable + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Collect without a collector of garbage; a worker of a whole run imports the test files first.

    Each worker begins at another file: workers that all begin at the first would all translate
    every file of a new clone. So each finds translated, in the end, what others began with; first
    the modules of the program, which every test file imports. What cannot be imported is told by
    the collection that follows.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    # What is imported and collected stays: looking through it for garbage finds none.
    gc.disable()
    whole = [Path(each).resolve() for each in session.config.args] == [ROOT / "tests"]
    if not whole or not worker.isdigit() or count == 1:
        return
    share = int(worker), count
    for path in _from_a_share_on(sorted((ROOT / "flowdsl").rglob("*.py")), *share):
        translated = Path(importlib.util.cache_from_source(str(path)))
        if not translated.exists() or translated.stat().st_mtime < path.stat().st_mtime:
            compileall.compile_file(path, quiet=2)
    for path in _from_a_share_on(sorted((ROOT / "tests").rglob("test_*.py")), *share):
        if is_left_out(path):
            continue
        try:
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        except BaseException:  # noqa: BLE001 - a test file may end in any way, a skip among them
            continue


def _from_a_share_on(files: list[Path], worker: int, count: int) -> list[Path]:
    begin = len(files) * worker // count
    return [*files[begin:], *files[:begin]]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if is_left_out(collection_path, config.args) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only a thorough run tries; put the tests that wait at the beginning.

    A run ends when the last of them does, and the others have the processors meanwhile.
    """
    if left_out := find_left_out(items, config.args):
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
