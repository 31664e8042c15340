"""A trace: a run, its prompt, the prompt's source, and the place of each history entry. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flowdsl.config.address import Address
from flowdsl.cyberdesk.models.run import Run
from flowdsl.source.moments import read_moment
from flowdsl.tracing.align import Placement, place_entries, reasons_said
from flowdsl.tracing.history import Entry, History, read_entries, read_history, shorten_text
from flowdsl.tracing.maps import FoundChecks, FoundMap, Place
from flowdsl.tracing.prompt_units import PromptUnit, read_units
from flowdsl.tracing.reasons import UNMET, Reasons, reasons_of
from flowdsl.tracing.sources import SourceText
from flowdsl.tracing.versions import PromptVersion

TASK_FAILED = "task_failed"
FAILED = frozenset({TASK_FAILED, "error"})
"""Statuses of runs that failed; a cancelled run did not fail."""
MAX_ERRORS = 50
MAX_READS = 5
MAX_WORD = 200

_READING = frozenset({"focused_action", "copy_to_clipboard", "execute_terminal_command"})
_SAYS_NOTHING = frozenset({"", "done", "ok", "success"})


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A post-run check that did not pass; `index` is its position among all checks of the run."""

    name: str
    status: str
    message: str
    index: int


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The data of the run in the service's reply, without its history."""

    id: str
    status: str
    is_live: bool
    workflow_id: str | None
    started: datetime | None
    ended: datetime | None
    errors: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    usage: Mapping[str, int]

    @property
    def seconds(self) -> float | None:
        """Return its duration; None while it is running or if the times are not known."""
        if self.started is None or self.ended is None:
            return None
        return max((self.ended - self.started).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a run failed: the index of an entry, and a line of the prompt.

    With `is_after` the failing entry itself is not placed, and `line` is that of the last placed
    entry before it. `is_check` says that the reason is that of exactly this line, and `others` are
    further lines with the same reason, at which it may have failed instead. `iteration` is the
    entry of the enclosing loop, from 0. `check` is the post-run check that the run failed by,
    although all its entries succeeded; then `entry` and `line` are None.
    """

    entry: int | None
    line: int | None
    is_after: bool
    is_check: bool
    iteration: int | None = None
    check: CheckResult | None = None
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitTrace:
    """What a run did at one unit of the prompt; `entries` are indexes.

    `passes` are the entries of its loop, from 0, in order; `seconds` is None if no times are known.
    `reads` are the results of tools that read, the last `MAX_READS`.
    """

    index: int
    entries: tuple[int, ...]
    seconds: float | None
    model_calls: int
    replayed: int
    fresh: int
    passes: tuple[int, ...]
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoopPass:
    """One entry of a loop's list, from 0, with its cost.

    `line` is the line of the prompt that opens the loop, if it is known.
    """

    loop: str
    iteration: int
    line: int | None
    seconds: float | None
    model_calls: int
    replayed: int
    is_failed: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """All data shown of a run.

    `placements` are parallel to `entries`, `units` to `visited` by their index. `checks` has the
    places of the post-run checks, and `check_sources` their files, which may be of another deploy
    than `sources`. `reasons` explains the reason of a failure.
    """

    run: RunFacts
    address: Address | None
    version: PromptVersion | None
    source_map: FoundMap
    sources: Mapping[str, SourceText]
    checks: FoundChecks
    check_sources: Mapping[str, SourceText]
    units: tuple[PromptUnit, ...]
    entries: tuple[Entry, ...]
    placements: tuple[Placement | None, ...]
    visited: tuple[UnitTrace, ...]
    loops: tuple[LoopPass, ...]
    failure: Failure | None
    notes: tuple[str, ...]
    reasons: Reasons = field(default_factory=Reasons)

    def in_words(self, said: str) -> str:
        """Return a failed task's reason for people; a default one gets `not so or not found`."""
        return self.reasons.in_words(said) if self.run.status == TASK_FAILED else said

    def place(self, line: int | None) -> Place | None:
        """Return the source of a line of the prompt."""
        return None if line is None else self.source_map.places.get(line)

    def place_of_check(self, check: CheckResult) -> Place | None:
        """Return the source of a post-run check."""
        return self.checks.map.places.get(check.index)

    def place_of_failure(self) -> Place | None:
        """Return the source of the failure: of a line of the prompt, or of a post-run check."""
        failure = self.failure
        if failure is None:
            return None
        if failure.check is not None:
            return self.place_of_check(failure.check)
        return self.place(failure.line)

    def about_reason(self) -> str:
        """Return how the failed line relates to the reason, if the reason is that of the line."""
        line = None if self.failure is None else self.failure.line
        own = {each.sense for each in self.reasons.all if each.line == line}
        if UNMET in own:
            return "this line gives no reason of its own: the reason is what it looks for"
        return "the reason is the one that this line gives"

    @property
    def other_lines(self) -> tuple[int, ...]:
        """Return further lines of the prompt at which the run may have failed.

        Those with the same reason or, if the reason is of no line, those of the other statements of
        the same call.
        """
        failure = self.failure
        if failure is None or failure.is_after or failure.is_check:
            return () if failure is None else failure.others
        found: dict[tuple[str, int], int] = {}
        for unit in self.units:
            if any(line.number == failure.line for line in unit.lines):
                for line in unit.lines:
                    if (place := self.place(line.number)) is not None:
                        found.setdefault((place.path, place.start_line), line.number)
        return tuple(number for number in found.values() if number != failure.line)

    def about_other_lines(self, places: str) -> str:
        """Return how `places`, the other lines, relate to the failure; empty if there are none."""
        if not places or self.failure is None:
            return ""
        what = "the same is the reason of" if self.failure.is_check else "the same call has"
        return f"{what} {places}; which of them failed is not known"

    @property
    def count_unplaced(self) -> int:
        """Return the number of the agent's entries that are not placed."""
        pairs = zip(self.entries, self.placements, strict=True)
        return sum(placed is None and entry.kind not in ("told", "note") for entry, placed in pairs)


def facts_of(run: Run) -> RunFacts:
    """Return the facts in a reply, bounded."""
    usage = {
        name[:100]: value
        for name, value in list((run.usage_metadata or {}).items())[:50]
        if isinstance(value, int) and not isinstance(value, bool)
    }
    checks = [
        CheckResult(
            shorten_text(each.name or ""),
            each.status,
            shorten_text(each.error_message or ""),
            index,
        )
        for index, each in enumerate(run.post_run_checks or ())
        if each.status in ("failed", "infra_error")
    ]
    return RunFacts(
        shorten_text(run.id, MAX_WORD),
        shorten_text(run.status, MAX_WORD),
        run.is_live,
        run.workflow_id,
        read_moment(run.started_at),
        read_moment(run.ended_at),
        tuple(shorten_text(each) for each in (run.error or ())[:MAX_ERRORS]),
        tuple(checks[:MAX_ERRORS]),
        usage,
    )


def make_trace(
    run: Run,
    history: History,
    *,
    address: Address | None,
    version: PromptVersion | None,
    source_map: FoundMap,
    sources: Mapping[str, SourceText],
    checks: FoundChecks | None = None,
    check_sources: Mapping[str, SourceText] | None = None,
    notes: Iterable[str] = (),
) -> Trace:
    """Return the trace of a run.

    `notes` are remarks on how its data was found; they precede those that are added here.
    """
    facts = facts_of(run)
    inputs: Mapping[str, Any] = run.input_values or {}
    units = () if version is None else read_units(version.text, inputs, version.values)
    entries = read_entries(history.messages, facts.started)
    placements = place_entries(entries, units)
    visited = tuple(_collect_visits(units, entries, placements))
    reasons = reasons_of_version(version, inputs)
    failure = None
    if facts.status in FAILED:
        failure = _find_failure(facts, units, entries, placements, reasons)
    trace = Trace(
        facts,
        address,
        version,
        source_map,
        sources,
        checks or FoundChecks(),
        check_sources or {},
        units,
        entries,
        placements,
        visited,
        tuple(_collect_loop_passes(units, entries, placements, failure)),
        failure,
        tuple(notes),
        reasons,
    )
    return replace(trace, notes=(*trace.notes, *_note_trace_gaps(trace, history)))


def reasons_of_version(version: PromptVersion | None, inputs: Mapping[str, Any]) -> Reasons:
    """Return the reasons of the prompt that a run had, certain if the version is."""
    if version is None:
        return Reasons()
    is_certain = version.certainty != "assumed"
    return reasons_of(version.text, inputs, version.values, is_certain=is_certain)


def history_of(run: Run) -> History:
    """Return the run's history, bounded."""
    return read_history(run.run_message_history)


def _collect_visits(
    units: Sequence[PromptUnit], entries: Sequence[Entry], placements: Sequence[Placement | None]
) -> Iterable[UnitTrace]:
    by_unit: dict[int, list[int]] = {}
    for index, placed in enumerate(placements):
        if placed is not None:
            by_unit.setdefault(placed.unit, []).append(index)
    for unit in range(len(units)):
        there = by_unit.get(unit)
        if there is None:
            continue
        own = [entries[index] for index in there]
        times = [entry.seconds for entry in own if entry.seconds is not None]
        passes = dict.fromkeys(each.iteration for each in own if each.iteration is not None)
        yield UnitTrace(
            unit,
            tuple(there),
            sum(times) if times else None,
            sum(entry.asks_a_model for entry in own),
            sum(entry.is_replayed for entry in own),
            sum(not entry.is_replayed for entry in own),
            tuple(passes),
            tuple(text for entry in own for text in reads_of(entry))[-MAX_READS:],
        )


def reads_of(entry: Entry) -> tuple[str, ...]:
    """Return what an entry has read: the result of a tool that reads, or values that it stores."""
    use = entry.use
    if use is None:
        return ()
    if use.tool == "upsert_runtime_values":
        return (use.given,)
    if use.tool in _READING or "extract_prompt" in use.keys:
        return tuple(each for each in entry.results if each.strip().lower() not in _SAYS_NOTHING)
    return ()


def _collect_loop_passes(
    units: Sequence[PromptUnit],
    entries: Sequence[Entry],
    placements: Sequence[Placement | None],
    failure: Failure | None,
) -> Iterable[LoopPass]:
    passes: dict[tuple[str, int], list[int]] = {}
    for index, entry in enumerate(entries):
        if entry.loop is not None and entry.iteration is not None:
            passes.setdefault((entry.loop, entry.iteration), []).append(index)
    for (loop, iteration), there in passes.items():
        own = [entries[index] for index in there]
        times = [entry.seconds for entry in own if entry.seconds is not None]
        opened = (
            units[placed.unit].loop
            for placed in (placements[index] for index in there)
            if placed is not None
        )
        unit = next((each for each in opened if each is not None), None)
        failed = None if failure is None else failure.entry
        yield LoopPass(
            loop,
            iteration,
            None if unit is None else units[unit].lines[0].number,
            sum(times) if times else None,
            sum(entry.asks_a_model for entry in own),
            sum(entry.is_replayed for entry in own),
            failed in there,
        )


def _find_failure(
    facts: RunFacts,
    units: Sequence[PromptUnit],
    entries: Sequence[Entry],
    placements: Sequence[Placement | None],
    reasons: Reasons,
) -> Failure | None:
    """Return where the run failed, by the last entry that reports it.

    None if not even a line before it is known.
    """
    failing = [
        index
        for index, entry in enumerate(entries)
        if entry.error is not None or entry.kind == "failure"
    ]
    # Checks begin when the agent is done: it recovered from an error that it reported before.
    if facts.checks and all(entry.kind != "failure" for entry in entries):
        return Failure(None, None, False, False, check=facts.checks[0])
    last = failing[-1] if failing else None
    for index in reversed(failing):
        placed = placements[index]
        if placed is None or not _is_same_failure(entries[index], entries[last or 0], facts):
            continue
        said = (*reasons_said(entries[index]), *facts.errors)
        lines = _lines_of_reason(said, units[placed.unit], reasons, placements[: index + 1], units)
        index = _first_of_failure(index, entries, placements)
        line = lines[0] if lines else placed.line
        iteration = entries[index].iteration
        return Failure(index, line, False, bool(lines), iteration, others=lines[1:])
    before = [
        placed
        for placed in placements[: len(entries) if last is None else last]
        if placed is not None
    ]
    if last is None and not before:
        return None
    return Failure(last, before[-1].line if before else None, True, False)


def _lines_of_reason(
    said: Sequence[str],
    unit: PromptUnit,
    reasons: Reasons,
    placements: Sequence[Placement | None],
    units: Sequence[PromptUnit],
) -> tuple[int, ...]:
    """Return the lines that a reason belongs to.

    Those of the failed unit, else those of the last unit before it that has any, such as after
    attempts that all failed.
    """
    lines = next(filter(None, ([each.line for each in reasons.fitting(text)] for text in said)), [])
    visited = (units[placed.unit] for placed in reversed(placements) if placed is not None)
    for each in (unit, *visited):
        own = {line.number for line in each.lines}
        if found := tuple(line for line in dict.fromkeys(lines) if line in own):
            return found
    return ()


def _first_of_failure(
    index: int, entries: Sequence[Entry], placements: Sequence[Placement | None]
) -> int:
    """Return the index of the step that a declared failure is about.

    That is the previous step if it is at the same unit, else the entry itself.
    """
    before, placed = index - 1, placements[index]
    if entries[index].kind != "failure" or before < 0 or placed is None:
        return index
    there = placements[before]
    is_same = there is not None and there.unit == placed.unit
    return before if is_same and entries[before].kind == "tool" else index


def _is_same_failure(entry: Entry, last: Entry, facts: RunFacts) -> bool:
    """Whether an earlier entry reports the failure that ended the run, not an overcome one."""
    if entry is last:
        return True
    if entry.error is None:
        return False
    said = {text.strip() for text in (*(last.use.texts if last.use else ()), *facts.errors)}
    return entry.error.strip() in said or entry.number == last.number - 1


def _note_trace_gaps(trace: Trace, history: History) -> Iterable[str]:
    if trace.run.is_live:
        yield "the run still goes on; what it does from now on is missing"
    if not trace.entries:
        yield "the run has no message history"
    if history.left_out:
        yield f"{history.left_out} messages are left out, too many or of no shape that is known"
    sources = {**trace.check_sources, **trace.sources}
    moved = sorted(path for path, each in sources.items() if each.now in ("moved", "gone"))
    for path in moved:
        source = sources[path]
        state = "is gone from" if source.now == "gone" else "has moved on in"
        shown = "its deployed lines are shown"
        if source.lines is None:
            shown = "its deployed text is not to be had, so places are those of the deployed file"
        yield f"`{path}` {state} the working tree since the deploy; {shown}"
    for path, source in sorted(sources.items()):
        if source.now == "unknown":
            unknown = f"whether `{path}` is as it was deployed is not known"
            yield f"{unknown}; places are those of the deployed file"
    lost = [each.name for each in trace.run.checks if trace.place_of_check(each) is None]
    if lost and trace.address is not None:
        yield f"where these post-run checks stand in the source is not known: {', '.join(lost)}"
    if trace.count_unplaced:
        count = f"{trace.count_unplaced} of {len(trace.entries)} entries are not placed"
        yield f"{count}: nothing in them points to a line"
