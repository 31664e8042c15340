"""Compare a run, or a prompt, with the expectations of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.flow_tests.run_texts import normalize_chords
from flowdsl.simulate import trace as traces
from flowdsl.simulate.interpreter.fields import find_field_of_key
from flowdsl.simulate.trace import FAILED, NOT_STARTED, SUCCESS, Trace
from flowdsl.source.files import spell_flow_path
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line

from .answers import Script
from .cases import Case, PromptSnapshot, difference_of_prompts
from .following import COMPARISONS, Selector, is_meant
from .literals import ANY_TEXT, LiteralValues, SoughtText
from .order import acts_to_find, find_mismatch
from .outcome import FAILED as FAILED_TEST
from .outcome import Problem, place_of
from .patterns import first_difference, format_pattern
from .telling import event_line, render_trace_lines, shorten_line
from .wrapping import RESULT, describe_refusal


class Unmet(Record):
    """An expectation that is not met: its node in the test, and what happened instead.

    `event` is the index of the offending event; None if the end of the run is at fault. `shown`
    replaces the trace in the report, `place` is the line of the flow at fault, if there is one.
    `cause`, `expected` and `found` are the parts of the message, as in `Problem`.
    """

    node: ast.Node
    message: str
    event: int | None = None
    shown: tuple[str, ...] = ()
    place: Span | None = None
    cause: str = ""
    expected: str = ""
    found: str = ""

    def problem(self, literals: LiteralValues, shown: tuple[str, ...] = ()) -> Problem:
        """Return the problem of the test, with the trace that is shown."""
        place = place_of(self.place or literals.span(self.node))
        shown = shown or self.shown
        parts = self.cause, self.expected, self.found
        return Problem(FAILED_TEST, self.message, place, "", shown, *parts)


def list_problems(
    unmet: Iterable[Unmet],
    literals: LiteralValues,
    trace: Trace,
    script: Script,
    show_path: Callable[[str], str],
) -> Iterator[Problem]:
    """Yield the problems of a test, the first one with the trace of the run."""
    for number, each in enumerate(unmet):
        shown: tuple[str, ...] = ()
        if not number:
            shown = render_trace_lines(trace, script.places, show_path, each.event)
        yield each.problem(literals, shown)


def _make_unmet(node: ast.Node, message: str, cause: str, expected: str, found: str) -> Unmet:
    return Unmet(node, message, cause=cause, expected=expected, found=found)


# The prompt


def unmet_by_prompt(
    items: tuple[ast.TestItem, ...], literals: LiteralValues, prompt: str, snapshot: PromptSnapshot
) -> Iterator[Unmet]:
    """Yield the expectations on the prompt that are not met."""
    for item in items:
        match item:
            case ast.PromptContains(text=text):
                if literals.prompt_text(text) not in prompt:
                    yield Unmet(item, f'the prompt does not contain "{literals.prompt_text(text)}"')
            case ast.PromptOmits(text=text):
                sought = literals.prompt_text(text)
                if sought in prompt:
                    line = prompt.count("\n", 0, prompt.index(sought)) + 1
                    yield Unmet(item, f'line {line} of the prompt contains "{sought}"')
            case ast.PromptMatches():
                yield from _compare_snapshot(item, prompt, snapshot)
            case ast.PromptTokens(operator=comparison, count=count):
                from flowdsl.prompt.cost import prompt_cost  # few tests need it

                tokens = prompt_cost(prompt).all_tokens
                if not COMPARISONS[comparison](tokens, count.value):
                    yield Unmet(item, f"the prompt has about {tokens} tokens")
            case _:
                pass


def _compare_snapshot(
    item: ast.PromptMatches, prompt: str, snapshot: PromptSnapshot
) -> Iterator[Unmet]:
    path = spell_flow_path(snapshot.path)
    if snapshot.unreadable:
        yield Unmet(item, f"the snapshot `{path}` cannot be read: {snapshot.unreadable}")
    elif snapshot.prompt is None:
        message = f"there is no snapshot `{path}`; `flowdsl test --update` writes it"
        yield Unmet(item, message)
    elif snapshot.prompt != prompt:
        message = f"the prompt is not that of `{path}`; `flowdsl test --update` writes it anew"
        yield Unmet(item, message, shown=difference_of_prompts(snapshot.prompt, prompt))


# The run


def unmet_by_run(
    case: Case, literals: LiteralValues, trace: Trace, script: Script, checks: Sequence[str] = ()
) -> Iterator[Unmet]:
    """Yield the expectations on the run that are not met.

    A test that does not mention an abort expects that the run succeeds, that the service accepts
    its outputs, and that its checks, named in `checks`, succeed.
    """
    ending = trace.ending
    for item in case.items:
        match item:
            case ast.ExpectAborts(reason=reason):
                if ending.status != FAILED:
                    end = _describe_ending(trace)
                    message = f"the run does not abort, it {end}"
                    cause = "the run does not abort"
                    yield _make_unmet(item, message, cause, "an abort", f"the run {end}")
                else:
                    yield from _check_expected_reason(item, literals, reason, trace)
            case ast.ExpectNeverFinishes(reason=reason):
                yield from _check_never_finishes(item, literals, reason, trace)
            case ast.ExpectFinishes(reason=reason):
                if ending.status == SUCCESS:
                    yield from _check_expected_reason(item, literals, reason, trace)
            case ast.ExpectOutputs():
                if ending.status == SUCCESS:
                    yield from _check_expected_outputs(
                        item, literals, case.workflow.outputs, ending.outputs
                    )
            case ast.ExpectResult():
                if ending.status == SUCCESS and case.task is not None:
                    record = case.task.result
                    fields = record.fields if isinstance(record, types.RecordOf) else ()
                    result = ending.outputs.get(RESULT) or {}
                    yield from _check_expected_outputs(
                        item, literals, fields, result, "result field"
                    )
            case ast.ExpectReaches(title=title):
                yield from _check_reached_step(item, literals, title, script)
            case ast.ExpectNever() | ast.ExpectDoes():
                yield from _check_acts(item, literals, trace, script)
            case ast.ExpectOrder():
                yield from _check_order(item, literals, trace, script)
            case _:
                pass
    if ending.status != SUCCESS and not any(isinstance(i, ast.ExpectAborts) for i in case.items):
        yield Unmet(_find_node_to_blame(case), f"the run {_describe_ending(trace)}")
    yield from _unmet_refusal(case, literals, trace, script)
    yield from _unmet_checks(case, literals, trace, checks)


def _find_node_to_blame(case: Case) -> ast.Node:
    """Return the expectation that the run succeeds; the title if none is written."""
    return next((each for each in case.items if _expects_end(each)), case.title_node)


def _unmet_refusal(
    case: Case, literals: LiteralValues, trace: Trace, script: Script
) -> Iterator[Unmet]:
    """Yield a refusal of outputs that was not expected, or an expected one that did not occur."""
    items = [item for item in case.items if isinstance(item, ast.ExpectRefused)]
    refused = None if trace.refused is None else describe_refusal(trace.refused)
    if refused is not None and not items:
        yield Unmet(_find_node_to_blame(case), refused, place=script.refused_at)
    for item in items:
        if refused is not None:
            yield from unmet_reason(item, literals, item.reason, refused)
        elif trace.ending.status == SUCCESS:
            yield Unmet(item, f"the outputs are not refused: the run {_describe_ending(trace)}")


def unmet_reason(
    item: ast.Node, literals: LiteralValues, reason: ast.Text | ast.PartText | None, found: str
) -> Iterator[Unmet]:
    """Yield an `Unmet` if the reason is not the expected one."""
    if reason is None:
        return
    sought = literals.sought(reason)
    if not sought.fits(found):
        words = sought.describe("reason")
        message = f"{words} is expected, and {found}"
        yield _make_unmet(item, message, "it is refused for another reason", words, found)


def _unmet_checks(
    case: Case, literals: LiteralValues, trace: Trace, names: Sequence[str]
) -> Iterator[Unmet]:
    """Yield checks that fail unexpectedly, and checks that were expected to fail and do not."""
    names = [*map(on_one_line, names)]  # as `sought` has them: a name may hold a pattern
    verdicts = zip(names, trace.checks, strict=False)
    failed = {name: each for name, each in verdicts if each.status != SUCCESS}
    items = [item for item in case.items if isinstance(item, ast.ExpectFailedCheck)]
    named: set[str] = set()
    for item in items:
        sought = ANY_TEXT if item.name is None else literals.sought(item.name)
        found = set(filter(sought.fits, names))
        named |= found
        if found & failed.keys():
            continue
        if not found:
            known = ", ".join(f'"{name}"' for name in names) or "it has none"
            yield Unmet(item, f'no check of `{case.subject}` is named "{sought.text}": {known}')
        elif trace.ending.status != SUCCESS or trace.refused is not None:
            yield Unmet(item, "no check is carried out: the run does not end well")
        else:
            nothing = "no check fails"
            yield Unmet(item, f'the check "{sought.text}" succeeds' if sought.text else nothing)
    for name, verdict in failed.items():
        if name not in named:
            yield Unmet(_find_node_to_blame(case), f'the check "{name}" fails: {verdict.message}')


def _expects_end(item: ast.TestItem) -> bool:
    return isinstance(item, _WELL)


_WELL = (ast.ExpectFinishes, ast.ExpectOutputs, ast.ExpectResult, ast.ExpectStepOutputs)


def _describe_ending(trace: Trace) -> str:
    ending = trace.ending
    if ending.status != SUCCESS:
        return f'aborts with "{shorten_line(ending.reason or "")}"'
    if ending.reason is None:
        return "works through all its steps"
    return f'finishes with "{shorten_line(ending.reason)}"'


def _check_expected_reason(
    item: ast.ExpectAborts | ast.ExpectFinishes,
    literals: LiteralValues,
    reason: ast.Text | ast.PartText | None,
    trace: Trace,
) -> Iterator[Unmet]:
    """Yield an `Unmet` for an unexpected reason; `finishes` alone requires some reason."""
    ending = trace.ending
    if reason is None:
        if ending.status == SUCCESS and ending.reason is None:
            yield Unmet(item, f"the run {_describe_ending(trace)}, and reaches no `finish`")
        return
    expected = literals.sought(reason)
    found = on_one_line(ending.reason or "")
    if not expected.fits(found):
        words = expected.describe("reason")
        message = f"{words} is expected, the run {_describe_ending(trace)}"
        got = f'"{shorten_line(found)}"' if found else _describe_ending(trace)
        yield _make_unmet(item, message, "the run ends for another reason", words, got)


def _check_never_finishes(
    item: ast.ExpectNeverFinishes,
    literals: LiteralValues,
    reason: ast.Text | ast.PartText | None,
    trace: Trace,
) -> Iterator[Unmet]:
    """Yield an `Unmet` if a `finish` ends the run, with this reason or, without one, with any."""
    ending = trace.ending
    if ending.status != SUCCESS or ending.reason is None:
        return
    sought = ANY_TEXT if reason is None else literals.sought(reason)
    if sought.fits(on_one_line(ending.reason)):
        yield Unmet(item, f"the run {_describe_ending(trace)}")


def unmet_by_outputs(
    item: ast.ExpectStepOutputs,
    literals: LiteralValues,
    fields: tuple[types.FieldType, ...],
    trace: Trace | None,
    last: str,
) -> Iterator[Unmet]:
    """Yield the expectations on the outputs of a chain's step that are not met.

    `trace` is None if the step does not run because the step named `last` failed.
    """
    step = item.step.text
    if trace is None:
        yield Unmet(item.step, f"step `{step}` does not run: step `{last}` fails before it")
    elif trace.ending.status != SUCCESS:
        how = "is not started" if trace.ending.status == NOT_STARTED else _describe_ending(trace)
        yield Unmet(item.step, f"step `{step}` has no outputs: it {how}")
    else:
        yield from _check_expected_outputs(item, literals, fields, trace.ending.outputs)


def _check_reached_step(
    item: ast.ExpectReaches,
    literals: LiteralValues,
    title: ast.Text | ast.PartText,
    script: Script,
) -> Iterator[Unmet]:
    sought = literals.sought(title)
    if not any(map(sought.fits, script.steps)):
        last = f'"{script.steps[-1]}" is the last that begins' if script.steps else "none begins"
        yield Unmet(item, f'the run reaches no step "{sought.text}": {last}')


VERBS_OF_ACTS = {
    "capture": (traces.CAPTURE,),
    "choose": (traces.OPEN,),
    "clear": (traces.CLEAR,),
    "copy": (traces.COPIED,),
    "do": (traces.DO,),
    "export": (traces.EXPORT,),
    "press": (traces.PRESS,),
    "run": (traces.COMMAND,),
    "type": (traces.TYPE, traces.TYPE_AS),
    "wait": (traces.PAUSE,),
}
"""The verbs of events, by the keywords of the statements that a test can name."""


def _check_acts(
    item: ast.ExpectNever | ast.ExpectDoes, literals: LiteralValues, trace: Trace, script: Script
) -> Iterator[Unmet]:
    """Yield forbidden acts that occurred, and required acts that did not, or not as often."""
    act, selector = item.act, item.selector
    numbers = _select_events(selector, literals, trace, script)
    if selector is not None and not numbers:
        yield Unmet(selector, f"the run works on no {literals.span(selector).text}")
        return
    where = "" if selector is None else f" in {literals.span(selector).text}"
    sought = _sought_texts(act, literals)
    done = [
        number
        for entry in numbers
        for number in entry
        if _is_act(trace.events[number], act, sought)
    ]
    shown_act = literals.span(act).text
    if isinstance(item, ast.ExpectNever):
        if done:
            line = shorten_line(event_line(trace.events[done[0]]))
            yield Unmet(item, f"the run does this: {line}", done[0])
        return
    times = sum(_count_times(trace.events[number]) for number in done)
    if item.times is None:
        if not times:
            yield Unmet(item, f"the run does not `{shown_act}`{where}")
    elif times != item.times.value:
        counted = "once" if times == 1 else f"{times} times"
        wanted = f"{item.times.value} times"
        message = f"the run does this {counted}{where}, not {wanted}"
        yield _make_unmet(item, message, f"the run does this{where}", wanted, counted)


def _check_order(
    item: ast.ExpectOrder, literals: LiteralValues, trace: Trace, script: Script
) -> Iterator[Unmet]:
    """Yield the first act that is not done in its order, or is done where it may not be."""
    texts = {each.act: _sought_texts(each.act, literals) for each in item.acts}

    def is_act(act: ast.Act, event: traces.Event) -> bool:
        return _is_act(event, act, texts[act])

    def is_of_kind(act: ast.Act, event: traces.Event) -> bool:
        return event.verb in VERBS_OF_ACTS[act.verb]

    def show(number: int) -> str:
        return f"`{literals.span(sought[number]).text}`"

    sought = acts_to_find(item)
    entries = _select_events(item.selector, literals, trace, script)
    if not entries and item.selector is not None:
        yield Unmet(item.selector, f"the run works on no {literals.span(item.selector).text}")
    for entry in entries:
        events = [(number, trace.events[number]) for number in entry]
        found = find_mismatch(item, events, is_act, _count_times, is_of_kind)
        if found is None:
            continue
        after = f" after {show(found.found - 1)}" if found.found else ""
        if found.event is not None:
            line = shorten_line(event_line(trace.events[found.event]))
            missing = found.found < len(sought)
            before = f" before {show(found.found)}" if missing else ""
            yield Unmet(item, f"the run does this{after}{before}: {line}", found.event)
            return
        missed = sought[found.found]
        done = [number for number, event in events if is_act(missed.act, event)]
        nearest = [number for number, event in events if is_of_kind(missed.act, event)]
        if missed.times is not None and found.left < missed.times.value:
            how = f", only {missed.times.value - found.left} of {missed.times.value} times"
        elif done:
            how = ": it does it before"
        elif nearest:
            how = f": the nearest is {shorten_line(event_line(trace.events[nearest[-1]]))}"
        else:
            how = ""
        close = done or nearest
        message = f"the run does not do {show(found.found)}{after}{how}"
        yield Unmet(missed, message, close[-1] if close else None)
        return


def _select_events(
    selector: Selector | None, literals: LiteralValues, trace: Trace, script: Script
) -> list[range]:
    """Return the indices of the events of each entry that is meant, or those of the whole run."""
    if selector is None:
        return [range(len(trace.events))]
    meant = (each for each in script.entries if is_meant(selector, each, literals))
    return [range(each.start, each.end) for each in meant]


def _sought_texts(act: ast.Act, literals: LiteralValues) -> list[SoughtText]:
    return [literals.sought(each, exact=True) for each in act.texts]


def _is_act(event: traces.Event, act: ast.Act, sought: list[SoughtText]) -> bool:
    """Whether an event matches an act: its texts equal, on one line, or contain the sought part."""
    if event.verb not in VERBS_OF_ACTS[act.verb]:
        return False
    if act.duration is not None:
        return event.texts[0] == str(act.duration.milliseconds)
    if act.display is not None and event.texts[1:2] != (act.display.value,):
        return False
    if act.verb == "type":
        texts = (event.texts[0], event.texts[-1])[-len(sought) :]
    else:
        texts = event.texts[: len(sought)]
    return all(_fits(each, text, act.verb) for each, text in zip(sought, texts, strict=True))


def _fits(sought: SoughtText, text: str, verb: str) -> bool:
    wanted = normalize_chords(sought.text) if verb == "press" else sought.text
    line = on_one_line(text)
    return wanted in text or wanted in line if sought.part else on_one_line(wanted) == line


def _count_times(event: traces.Event) -> int:
    """Return how often an act was done: one event may press keys several times."""
    return int(event.texts[1]) if event.verb == traces.PRESS else 1


def _check_expected_outputs(
    item: ast.ExpectOutputs | ast.ExpectResult | ast.ExpectStepOutputs,
    literals: LiteralValues,
    fields: tuple[types.FieldType, ...],
    outputs: Mapping[str, Any],
    noun: str = "output",
) -> Iterator[Unmet]:
    record = types.RecordOf("", fields)
    expected = set()
    for each in item.bindings:
        field = find_field_of_key(record, each.name.text)
        name = each.name.text
        type_: types.Type = types.ANY
        if field is not None:
            name, type_ = field.wire_name, field.type
        expected.add(name)
        pattern = literals.pattern(each.value, type_)
        found = first_difference(pattern, outputs.get(name), each.name.text)
        if found is not None:
            parts = f"`{found.path}` is not as expected", found.expected, found.found
            yield _make_unmet(each, found.message, *parts)
    for name, value in () if item.open else outputs.items():
        if name not in expected and value is not None:
            field = record.by_wire_name.get(name)
            own, shown = name if field is None else field.name, format_pattern(value)
            message = f"{noun} `{own}` is {shown}, and the test does not name it"
            cause = f"the test does not name the {noun} `{own}`"
            yield _make_unmet(item, message, cause, f"no `{own}`", shown)
