"""Progress of a long command: a bar and a table on a terminal, occasional lines otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Any

from flowdsl.diagnostics.render.cells import make_printable

from .console import Console

NAMED_AFTER = 10.0
"""Seconds after which the longest-running operation is named."""

LINE_EVERY = 10.0
"""Seconds between two lines if there is no bar."""

Rows = Callable[[], Sequence[Sequence[str]]]
"""Returns the rows of a live table: printable cells, as many in each row."""


def open_display(kind: str, console: Console, terminal: bool, label: str = "") -> Display:
    """Make the display of a kind; `auto` is a bar on a terminal, and nothing otherwise.

    `label` says before the bar what is counted.
    """
    if kind == "tty" or (kind == "auto" and terminal):
        return Bar(console, label)
    return ProgressLines(console.err, silent=kind != "plain")


class ProgressLines:
    """A line every `LINE_EVERY` seconds, unless it is `silent`."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        silent: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._silent, self._clock = write, silent, clock
        self._running = Running(clock)
        self._told = clock()

    def say(self, line: str) -> None:
        self._write(line)

    def begin(self, name: str) -> None:
        self._running.begin(name)

    def end(self, name: str) -> None:
        self._running.end(name)

    def show_rows(self, rows: Rows) -> bool:
        """Whether a live table is shown, which needs a terminal: it is not."""
        return False

    def advance(self, done: int, total: int) -> None:
        now = self._clock()
        if self._silent or (now - self._told < LINE_EVERY and done < total):
            return
        self._told = now
        slow = self._running.slow()
        self._write(f"{done} of {total} done{f', waiting for {slow}' if slow else ''}")

    def close(self) -> None:
        pass


class Running:
    """The operations under way, and when they started."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def begin(self, name: str) -> None:
        self._since[name] = self._clock()

    def end(self, name: str) -> None:
        self._since.pop(name, None)

    def slow(self) -> str:
        """The longest-running operation, if it takes long; else empty."""
        now = self._clock()
        name, since = min(
            self._since.items(), key=lambda item: (item[1], item[0]), default=("", now)
        )
        return f"{make_printable(name)} ({now - since:.0f} s)" if now - since >= NAMED_AFTER else ""


class Bar:
    """A bar at the bottom of the terminal, drawn from the first operation on.

    Above it stands a live table if `show_rows` was called, cut to the height of the terminal.
    """

    def __init__(self, console: Console, label: str) -> None:
        self._console, self._label = console, label
        self._rows: Rows = tuple
        self._running = Running(time.monotonic)
        self._progress: Any = None
        self._task: Any = None

    def say(self, line: str) -> None:
        if self._progress is None:
            self._console.err(line)
            return
        from rich.text import Text

        self._progress.console.print(Text.from_ansi(line), soft_wrap=True)

    def begin(self, name: str) -> None:
        self._running.begin(name)
        if self._progress is None:
            self._open()

    def end(self, name: str) -> None:
        self._running.end(name)

    def show_rows(self, rows: Rows) -> bool:
        """Show the rows in a live table, read again for each picture; returns True."""
        self._rows = rows
        if self._progress is None:
            self._open()
        return True

    def advance(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress.update(self._task, completed=done, total=total)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _open(self) -> None:
        from rich.console import Console as RichConsole
        from rich.console import RenderableType
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            Task,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.table import Table
        from rich.text import Text

        bar, running = self, self._running

        class Screen(Progress):
            def get_renderables(self) -> Iterator[RenderableType]:
                room = max(1, terminal.height - 4)
                rows = bar._rows()
                table = Table.grid(padding=(0, 2))
                used = [any(column) for column in zip(*rows, strict=True)]
                for row in rows[:room]:
                    cells = compress(row, used)
                    table.add_row(*(Text(cell, no_wrap=True) for cell in cells))
                if rows:
                    yield table
                if len(rows) > room:
                    yield Text(f"and {len(rows) - room} more", style="dim")
                yield self.make_tasks_table(self.tasks)

        class Slow(ProgressColumn):
            def render(self, task: Task) -> Text:
                return Text(running.slow(), style="dim")

        file: Any = self._console.stderr
        terminal = RichConsole(file=file, no_color=not self._console.color_err, highlight=False)
        self._progress = Screen(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            Slow(),
            console=terminal,
            transient=True,
        )
        self._task = self._progress.add_task(self._label, total=None)
        self._progress.start()


Display = ProgressLines | Bar
"""Shows progress: operations that begin and end, how many have ended, and lines that stay."""
