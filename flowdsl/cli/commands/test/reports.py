"""Reports on a run of tests, as JSON, JUnit XML and HTML, however the command ends."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.testing.outcome import Place

from ...runtime.console import CommandError, Console
from ...runtime.rewrites import write_product
from .troubles import COMMAND, INTERRUPTED, SOURCE, Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .html_report import Tested
    from .sharing import Timed


class TestReports:
    """The results and troubles of one command; `close` writes the requested reports, once.

    With `--json`, nothing else goes to standard output. `--explore` runs no tests and writes its
    own object; this report is then only written if that fails.
    """

    def __init__(self, arguments: argparse.Namespace, console: Console) -> None:
        self._arguments = arguments
        self._console = console
        self._is_closed = False
        self.results: list[Timed] = []
        self.troubles: list[Trouble] = []
        self.show_path: Callable[[str], str] = str
        self.tested: Tested | None = None

    def add_findings(self, findings: Iterable[Diagnostic]) -> None:
        for found in findings:
            place = Place(found.span.path, found.span.first.line, found.span.first.column)
            self.troubles.append(Trouble(SOURCE, found.message, found.name, place))

    def add_failure(self, failure: CommandError, kind: str = COMMAND) -> None:
        self.troubles += (Trouble(kind, message) for message in failure.messages)

    def interrupt(self, _signal: int) -> None:
        """Write the reports collected so far when a signal ends the command."""
        self.troubles.append(Trouble(INTERRUPTED, "interrupted: the other tests did not run"))
        self.close()

    def leave_to_command(self) -> None:
        """Write nothing, because the command has written its own object."""
        self._is_closed = True

    def close(self) -> None:
        """Write the reports; raises `UsageError` if a file cannot be written."""
        if self._is_closed:
            return
        self._is_closed = True
        arguments = self._arguments
        if arguments.json and arguments.explore is not None:
            from ...views.table import object_json
            from .view import trouble_json

            nothing = {"runs": 0, "is_whole": False, "items": []}
            errors = [trouble_json(each) for each in self.troubles]
            head = {"subject": arguments.explore, **nothing}
            self._console.out(object_json({**head, "errors": errors}))
        elif arguments.json:
            from .view import results_json

            self._console.out(results_json(self.results, self.troubles))
        if arguments.junit is not None:
            from .junit import render_test_junit

            report = render_test_junit(self.results, self.troubles, self.show_path)
            write_product(arguments.junit, report.encode(), durable=False)
        if arguments.html is not None:
            from .html_report import render_tests_page

            results = [each.result for each in self.results]
            page = render_tests_page(self.tested, results, self.troubles, self.show_path)
            write_product(arguments.html, page.encode("utf-8", "replace"), durable=False)
