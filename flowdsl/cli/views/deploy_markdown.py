"""How a deploy ended, as the summary of a job."""

from __future__ import annotations

from flowdsl.deploy.outcome import Outcome

from .markdown import code, prose
from .outcome import render_outcome

ROWS = 200
"""Results in the table; those that did not go well come first."""

WIDTH = 400
"""Characters of one message."""


def render_outcome_markdown(outcome: Outcome, environment: str) -> str:
    """The outcome in one line, what people have to know, and a table of results."""
    lines = [f"## FlowDSL deploy to {code(environment, WIDTH)}", ""]
    lines += [prose(render_outcome(outcome, environment), WIDTH), ""]
    for message in outcome.messages:
        lines += [f"- {prose(message, WIDTH)}"]
    results = sorted(outcome.results, key=lambda result: result.outcome == "performed")
    if results:
        lines += ["", "| Address | Action | Outcome | Remark |", "|---|---|---|---|"]
    for result in results[:ROWS]:
        remark = prose(result.message, WIDTH).replace("|", "\\|")
        outcome_word = result.outcome.replace("_", " ")
        address = code(result.address, WIDTH).replace("|", "\\|")
        lines.append(f"| {address} | {result.action} | {outcome_word} | {remark} |")
    if len(results) > ROWS:
        lines += ["", f"and {len(results) - ROWS} more"]
    return "\n".join(lines) + "\n"
