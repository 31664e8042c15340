"""A tool of the agent that is named by hand.

The compiler names the tools, and knows what each of them needs around it.
"""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Prose
from flowdsl.semantics.capabilities import TOOLS

SPEC = DiagnosticSpec(
    "tool-name-in-prose",
    "suspicious",
    "`{tool}` is a tool that the compiler directs",
    "write {statement} instead: it names the tool and what has to be said around it",
)

STATEMENTS = {
    name: tool.words
    for name, tool in TOOLS.items()
    if "_" in name and name != "upsert_runtime_values"
} | {
    "focused_action": "`choose`, `expect`, `extract` or `if`",
    "upsert_runtime_values": "`extract` or `emit`",
    "end_loop_iteration": TOOLS["start_loop"].words,
    "extract_prompt": "`extract`",
}
"""The statement to write in the place of each tool."""


def check(context: LintContext, prose: Prose) -> None:
    """Report each tool that a text names, once for each tool."""
    written = prose.written
    for tool, statement in STATEMENTS.items():
        found = re.search(rf"(?<![\w.$]){tool}(?!\w)", written, re.IGNORECASE)
        if found is not None and not _is_variable(written, found.start()):
            place = prose.span(found.start(), found.end())
            context.report(SPEC, place, tool=tool, statement=statement)


def _is_variable(written: str, at: int) -> bool:
    return written[:at].rstrip().endswith("{")
