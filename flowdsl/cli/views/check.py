"""The formats of `flowdsl check`. Each renderer is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowdsl.diagnostics.diagnostic import Diagnostic

FORMATS = ("text", "terse", "json", "github")


def render(
    format: str,
    diagnostics: Sequence[Diagnostic],
    file_count: int,
    color: bool,
    show_path: Callable[[str], str],
) -> str:
    """The report in one of `FORMATS`, without a final line break; "" when there is nothing to say."""
    match format:
        case "terse":
            from flowdsl.diagnostics.render.terse import render_terse

            return render_terse(diagnostics, show_path)
        case "json":
            from flowdsl.diagnostics.render.json import render_json

            return render_json(diagnostics, show_path)
        case "github":
            from flowdsl.diagnostics.render.github import render_github

            return render_github(diagnostics, file_count, show_path)
        case _:
            from flowdsl.diagnostics.render.text import render_text

            return render_text(diagnostics, file_count, color=color, show_path=show_path)
