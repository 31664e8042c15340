"""What a run of tests comes to, as JSON and as JUnit XML, however the command ends."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.host.writing import reason_of, write_named
from flowdsl.source.record import Record
from flowdsl.testing.outcome import Place

from ...runtime.console import Console
from ...runtime.failure import CommandError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .sharing import Timed


SOURCE = "source"
"""Flows with an error: their tests do not run."""
COMMAND = "command"
"""The command refuses what it is asked for, or there is nothing to run."""
INTERRUPTED = "interrupted"
"""A signal ends the command; the tests that are missing did not run."""
INTERNAL = "internal"
"""A bug of FlowDSL, which standard error tells."""


class Trouble(Record):
    """Why tests did not run: its kind, the name of the diagnostic if it is one, and its place."""

    kind: str
    message: str
    name: str = ""
    place: Place | None = None


class TestReports:
    """The results and troubles of one command; `close` writes them as it was asked to, once.

    Standard output gets nothing else where JSON is asked for. Where no tests are run, `--explore`
    writes its own object, and this one tells only why it cannot.
    """

    def __init__(self, arguments: argparse.Namespace, console: Console) -> None:
        self._arguments = arguments
        self._console = console
        self._is_closed = False
        self.results: list[Timed] = []
        self.troubles: list[Trouble] = []
        self.show_path: Callable[[str], str] = str

    def add_findings(self, findings: Iterable[Diagnostic]) -> None:
        """Add findings that keep flows from being tested."""
        for found in findings:
            place = Place(found.span.path, found.span.first.line, found.span.first.column)
            self.troubles.append(Trouble(SOURCE, found.message, found.name, place))

    def add_failure(self, failure: CommandError, kind: str = COMMAND) -> None:
        """Add the reasons for which the command ends."""
        self.troubles += (Trouble(kind, message) for message in failure.messages)

    def interrupt(self, _signal: int) -> None:
        """Write what there is when a signal ends the command."""
        self.troubles.append(Trouble(INTERRUPTED, "interrupted: the other tests did not run"))
        self.close()

    def leave_to_command(self) -> None:
        """Write nothing: the command has written its own object."""
        self._is_closed = True

    def close(self) -> None:
        """Write the reports; raises `UsageError` where a file cannot be written."""
        if self._is_closed:
            return
        self._is_closed = True
        arguments = self._arguments
        if arguments.json and arguments.explore is not None:
            from .view import trouble_json

            nothing = {"runs": 0, "is_whole": False, "items": []}
            told = {"format_version": 1, "subject": arguments.explore, **nothing}
            errors = [trouble_json(each) for each in self.troubles]
            self._console.out(json.dumps({**told, "errors": errors}, ensure_ascii=False, indent=2))
        elif arguments.json:
            from .view import results_json

            self._console.out(results_json(self.results, self.troubles))
        if arguments.junit is not None:
            from .junit import junit

            write(arguments.junit, junit(self.results, self.troubles, self.show_path))


def write(path: str, report: str) -> None:
    """Write a report to a file; raises `UsageError`."""
    try:
        write_named(path, report.encode(), durable=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"`{path}` cannot be written: {reason_of(error)}") from None
