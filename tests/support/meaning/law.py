"""The law: a prompt does what its program does, in a first run and when it is replayed.

outcome = first_run(checked, world)        # or replayed(checked, recorded, world)
outcome.verdict                            # AGREES, DIFFERS, …
print(report(checked, outcome))            # where it differs
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flowdsl.simulate.executions import (
    Disagreement,
    disagreements_with,
    on_its_day,
    replay_disagreements_with,
)
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.machine.execute import Payload, Refused
from flowdsl.simulate.machine.variants import Variant
from flowdsl.simulate.trace import BROKEN, Trace
from flowdsl.simulate.world import World

from .checked import Checked
from .sides import side_by_side

AGREES = "agrees"
DIFFERS = "differs"
NOT_RECORDED = "not recorded"
"""There is nothing to replay: the run that was to be recorded did not end well."""
OUTSIDE = "outside the law of replay"
"""The checker warned that the program cannot be replayed as it is meant."""
REFUSED = "refused"
"""The service would not start the run, though the inputs fit what the program says."""


@dataclass(frozen=True)
class Outcome:
    """What became of a program in a world.

    `recorded` is the world of the run that was replayed. `found` and `why` tell of a difference,
    or of what else was not as it has to be.
    """

    verdict: str
    world: World
    recorded: World | None = None
    found: Disagreement | None = None
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether the law holds here."""
        return self.verdict not in (DIFFERS, REFUSED)

    @property
    def kind(self) -> str:
        """The kind of a difference, by which those that have one cause come together."""
        if self.found is None:
            return self.why.split(":")[0]
        run = "first run" if self.recorded is None else "replay"
        return f"{run}, {self.found.variant}: {_kind(self.found)}"


def payload(checked: Checked) -> Payload:
    """What the machine executes of a program."""
    return checked.executed


def first_run(checked: Checked, world: World, variants: Sequence[Variant] | None = None) -> Outcome:
    """Whether a program and its prompt do the same in a world."""
    return _tried(lambda: disagreements_with(checked.runs(world), variants), world)


def replayed(
    checked: Checked, recorded: World, world: World, variants: Sequence[Variant] | None = None
) -> Outcome:
    """Whether a program in a world and a replay in it do the same."""
    if not checked.replayable:
        return Outcome(OUTSIDE, world, recorded)
    try:
        if not checked.trace(recorded).is_well:
            return Outcome(NOT_RECORDED, world, recorded)
    except MissingInText:
        return Outcome(NOT_RECORDED, world, recorded)
    again = on_its_day(checked.workflow, world)
    return _tried(
        lambda: replay_disagreements_with(
            checked.runs(recorded), checked.trace(world), again, variants
        ),
        world,
        recorded,
    )


def both(
    checked: Checked, first: World, again: World, variants: Sequence[Variant] | None = None
) -> Outcome:
    """The first difference of a run in a world, and of its replay in another; else the replay.

    A replay that goes wrong where a first run goes wrong, too, is a matter of the first run.
    """
    outcome = first_run(checked, first, variants)
    if outcome.holds:
        outcome = replayed(checked, first, again, variants)
    # The first world is one that ends well; where nothing is replayed, nobody has seen another.
    is_first_alone = outcome.holds and outcome.verdict in (NOT_RECORDED, OUTSIDE)
    if is_first_alone or (not outcome.holds and outcome.recorded is not None):
        alone = first_run(checked, again, variants)
        return outcome if alone.holds else alone
    return outcome


def _tried(
    differing: Callable[[], Iterator[Disagreement]], world: World, recorded: World | None = None
) -> Outcome:
    try:
        found = next(differing(), None)
    except MissingInText as missing:
        return Outcome(DIFFERS, world, recorded, why=f"missing in a text: {missing}")
    except Refused as refused:
        return Outcome(REFUSED, world, recorded, why=f"refused: {refused}")
    return Outcome(AGREES if found is None else DIFFERS, world, recorded, found)


def most_at_once(lines: list[str]) -> int:
    """The most loops of the main agent that run at one time."""
    running = most = 0
    for line in lines:
        running += "Use start_loop with" in line
        most = max(most, running)
        running -= "Use end_loop_iteration with" in line
    return most


# Telling of a difference


def report(checked: Checked, outcome: Outcome) -> str:
    """A difference with all that a person needs to see it: program, prompt, worlds, traces."""
    parts = [outcome.kind, checked.source, payload(checked).prompt]
    for title, world in (("recorded", outcome.recorded), ("world", outcome.world)):
        if world is not None:
            written = json.dumps(world_as_written(checked, world), indent=2, ensure_ascii=False)
            parts.append(f"{title} ({world.answer!r}):\n{written}")
    parts.append(outcome.why if outcome.found is None else side_by_side(outcome.found))
    return "\n\n".join(parts)


def world_as_written(checked: Checked, world: World) -> dict[str, Any]:
    """A world as a `.world.json` of `corpus/meaning` has it."""
    written: dict[str, Any] = {"inputs": dict(world.inputs)}
    if world.today is not None:
        written["today"] = world.today.isoformat()
    try:
        trace = checked.trace(world)
    except MissingInText:
        return written
    written["answers"] = _answers(trace)
    if world.situations:
        written["situations"] = {str(at): rule for at, rule in world.situations.items()}
    return written


def _answers(trace: Trace) -> dict[str, Any]:
    answers: dict[str, list[Any]] = {}
    for asked in trace.asked:
        key = f"{asked.question.kind} {asked.question.text}"
        answers.setdefault(key, []).append(asked.answer)
    return {
        key: each if isinstance(each[0], list) or any(one != each[0] for one in each) else each[0]
        for key, each in answers.items()
    }


def _kind(found: Disagreement) -> str:
    """A few words on a difference, without the values of this program."""
    ending = found.payload.ending
    if ending.status == BROKEN:
        reason = (ending.reason or "").split(":")[:2]
        words = reason[0] if reason[0].startswith("asks") else ":".join(reason)
        return f"broken, {words.split('text=')[0].strip()}"
    difference = found.difference
    if difference.what == "event":
        verbs = [str(each).split(" ")[0] for each in (difference.program, difference.payload)]
        return f"event {verbs[0]} / {verbs[1]}"
    return f"{difference.what} {found.program.ending.status} / {ending.status}"
