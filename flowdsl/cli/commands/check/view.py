"""The formats of `flowdsl check`; each renderer is imported only when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.source.record import Record

FORMATS = ("text", "terse", "json", "github", "sarif", "junit")


class Shown(Record):
    """The findings of a check that are shown.

    `paths` are the checked files. `prints` are the fingerprints of the findings, if some were left
    out. `remark` is for standard error.
    """

    diagnostics: Sequence[Diagnostic]
    paths: Sequence[str]
    prints: Sequence[str] | None = None
    remark: str | None = None


def render_findings(
    format: str,
    report: Shown,
    failing: Collection[str],
    color: bool,
    show_path: Callable[[str], str],
    from_root: Callable[[str], str],
) -> str:
    """Render the report in one of `FORMATS`, without a final line break; may be empty.

    `failing` are the severities that fail the check. `from_root` makes a path of the project
    relative to its folder.
    """
    diagnostics = report.diagnostics
    match format:
        case "terse":
            from flowdsl.diagnostics.render.terse import render_terse

            return render_terse(diagnostics, show_path)
        case "json":
            from flowdsl.diagnostics.render.json import render_json

            return render_json(diagnostics, show_path, report.prints)
        case "github":
            from flowdsl.diagnostics.render.github import render_github

            return render_github(diagnostics, len(report.paths), show_path)
        case "sarif":
            from flowdsl.diagnostics.render.sarif import render_sarif

            return render_sarif(diagnostics, report.prints, from_root)
        case "junit":
            from flowdsl.diagnostics.render.junit import render_junit

            return render_junit(diagnostics, report.paths, failing, show_path)
        case _ if not diagnostics:
            from flowdsl.diagnostics.render.summary import render_summary

            return render_summary((), len(report.paths))
        case _:
            from flowdsl.diagnostics.render.text import render_text

            return render_text(diagnostics, len(report.paths), color=color, show_path=show_path)
