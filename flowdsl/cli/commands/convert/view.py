"""What `flowdsl convert` says about a proposal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from flowdsl.decompile.proposing.convert import Proposal
from flowdsl.decompile.proposing.prompt_variables import Difference
from flowdsl.decompile.proposing.rich_text import is_rich_text
from flowdsl.diagnostics.render.cells import cells
from flowdsl.diagnostics.render.summary import counted
from flowdsl.diagnostics.suggest import listed
from flowdsl.ir import nodes
from flowdsl.ir.walk import statements
from flowdsl.prompt.text import spell_variable
from flowdsl.source.alignment import Effort
from flowdsl.syntax.statements import BY_KIND, STATEMENTS


def difference(before: str, after: str) -> Iterator[str]:
    """The lines of a unified difference of two prompts, safe to print."""
    lines = Effort().unified(
        before.split("\n"),
        after.split("\n"),
        "the prompt as it is",
        "the prompt of the statements",
        end="",
    )
    for line in lines:
        yield "".join(shown for shown, _ in cells(line.removesuffix("\r")))


def other_variables(found: Difference, prompt: str) -> Iterator[str]:
    """What is wrong with each variable that only the prompt or only its statements have."""
    for each in found.lost:
        shown = f"`{spell_variable(each.variable)}`"
        if not is_rich_text(prompt):  # offsets in HTML are those of its text
            shown += f" in line {prompt.count(chr(10), 0, each.start) + 1}"
        if each.escaped:
            yield (
                f"{shown} stands behind a backslash, which makes it literal text on the "
                "platform; write `/` in place of the backslash, or put the separator into the "
                "value"
            )
        else:
            yield f"{shown} would no longer be filled in; write its instruction by hand"
    for variable in found.gained:
        yield f"`{spell_variable(variable)}` would be filled in, which the prompt does not do"


def statement_counts(proposal: Proposal) -> str:
    """The number of statements of each kind, as in `4 statements: 2 do, 1 press, 1 step`."""
    # An `else` that lowering makes is no statement of the source.
    kinds = Counter(
        STATEMENTS[BY_KIND[each.kind][0]].keyword
        for each in statements(proposal.body)
        if not isinstance(each, nodes.Leave)
    )
    kinds["emit"] = len(proposal.sources)
    shown = [f"{count} {kind}" for kind, count in sorted(kinds.items()) if count]
    return f"{counted(kinds.total(), 'statement')}: {', '.join(shown)}"


def remarks(proposal: Proposal) -> Iterator[str]:
    """What a person has to look at before the proposal replaces the prompt."""
    yield (
        "statements change the words of the prompt: read the difference, and test the workflow "
        "before it is deployed"
    )
    if proposal.rich_text:
        yield "the prompt is HTML; its text was taken, without colours and type"
    if proposal.brackets:
        yield (
            "the prompt has some of `⟦ ⟧ ⟪ ⟫`, by which prompts of FlowDSL mark values; `[` and "
            "`]` stand in their place"
        )
    if proposal.references:
        yield (
            f"the prompt says {listed(proposal.references)}; check each, because statements are "
            "numbered anew"
        )
    if proposal.read_at_the_end:
        names = listed(proposal.read_at_the_end)
        yield (
            f"the prompt does not say where to read {names}; `Read the results` at the end does, "
            "so move each `extract` to where its value is on screen"
        )
