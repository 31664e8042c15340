"""The sentences of prompts are data on which everything else agrees.

Names, kinds of holes, and who meets which.
"""

from __future__ import annotations

import ast
import random
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import flowdsl
from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.codegen.json_schema import output_schema
from flowdsl.codegen.prompt.context import Context
from flowdsl.codegen.prompt.document import emit_prompt, emit_template
from flowdsl.codegen.prompt.statements import emit_main
from flowdsl.config.keys import VERIFIABLE_TOOLS
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import literal_text, unmet_reason
from flowdsl.prompt.outline import Item
from flowdsl.prompt.reading.frames import frames_of_sentence
from flowdsl.prompt.sentences import FOCUSED, KINDS, MAIN, PLATFORM, SENTENCES
from flowdsl.prompt.words import RULES, say_sentence
from flowdsl.semantics.capabilities import DOCUMENTED, Capabilities
from flowdsl.source.record import replace
from flowdsl.syntax.statements import TERMINAL
from tests.support.effort import THOROUGH
from tests.support.flows.generated.prompts import HERE, PromptWriter
from tests.support.rows import for_rows

PACKAGE = Path(flowdsl.__file__).parent
DATA = tomllib.loads((PACKAGE / "prompt/sentences.toml").read_text(encoding="utf-8"))
WRITERS = [*(PACKAGE / "codegen").rglob("*.py"), *(PACKAGE / "prompt").glob("*.py")]
READERS = [*(PACKAGE / "decompile").rglob("*.py"), *(PACKAGE / "prompt/reading").glob("*.py")]
FAMILIES = {name.partition(".")[0] for name in SENTENCES}


def _named(path: Path) -> set[str]:
    """What a module names that may be a sentence."""
    text = path.read_text(encoding="utf-8")
    # To parse all takes seconds.
    if not re.search(rf"({'|'.join(FAMILIES)})\.\w+", text):
        return set()
    tree = ast.parse(text)
    texts = (str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text for text in texts if re.fullmatch(rf"({'|'.join(FAMILIES)})\.\w+", text)}


def test_code_generation_says_every_sentence_and_no_other() -> None:
    said: set[str] = set(RULES.values()).union(*map(_named, WRITERS))
    assert said == SENTENCES.keys()


def test_import_listens_for_no_sentence_that_nobody_says() -> None:
    read = {name for path in READERS for name in _named(path)}
    assert {name for name in read if not name.endswith(".flow")} <= SENTENCES.keys()


READ_BY_ANOTHER = {
    "control.loop_reason": "as the reason of `control.loop_too_many`",
    "data.append_numbered": "by its name with `_numbered` at the end",
    "data.append_every_numbered": "by its name with `_numbered` at the end",
}


def test_import_reads_every_sentence_of_a_line() -> None:
    """Without a reader in `decompile/reading`, an import keeps such a prompt as a file."""
    read = {name for path in READERS for name in _named(path)}
    of_lines = ("actions.", "control.", "data.", "screen.", "tools.")
    unread = {name for name in SENTENCES if name.startswith(of_lines)} - read
    assert unread == READ_BY_ANOTHER.keys(), "read it in `decompile/reading`"


def test_every_sentence_is_declared_once() -> None:
    names = [
        f"{family}.{key}"
        for families in DATA["sentences"].values()
        for family, texts in families.items()
        for key in texts
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert names == list(SENTENCES)


def test_every_hole_has_a_kind_and_every_kind_a_hole() -> None:
    used = {hole.kind for sentence in SENTENCES.values() for hole in sentence.holes}
    assert used == KINDS.keys()


def test_somebody_meets_every_sentence() -> None:
    for sentence in SENTENCES.values():
        assert set(sentence.readers) <= {MAIN, FOCUSED, PLATFORM}, sentence.name
        assert len(set(sentence.readers)) == len(sentence.readers) > 0, sentence.name


@for_rows(lambda: SENTENCES)
def test_no_mark_of_the_data_is_left_in_words(name: str) -> None:
    for frame in frames_of_sentence(name):
        words = "".join(frame.literals).replace("[]", "")
        assert not re.search(r"[{}\[\]|]", words)
        holes = [hole.name for hole in frame.holes]
        assert len(set(holes)) == len(holes), "a value stands once"


def test_no_two_sentences_have_the_same_words() -> None:
    texts = Counter(
        (frame.literals, tuple(hole.kind for hole in frame.holes))
        for name in SENTENCES
        for frame in frames_of_sentence(name)
        if any(map(str.strip, frame.literals))
    )
    assert [words for words, count in texts.items() if count > 1] == []


def test_the_data_needs_neither_printer_nor_reader() -> None:
    code = (
        "import sys, flowdsl.prompt.sentences\n"
        "print(*[m for m in sys.modules if m.partition('.')[0] in ('flowdsl', 'jinja2')])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert set(loaded.decode().split()) <= {
        "flowdsl",
        "flowdsl.prompt",
        "flowdsl.prompt.sentences",
        "flowdsl.source",
        "flowdsl.source.record",
    }


# Who meets what

OPEN, NAMED, CLOSE = "\ue000", "\ue001", "\ue002"
"""Around the name of a sentence and its words, in prompts that tell where each sentence stands."""

FEWEST = 100
"""Workflows that a quick run looks at; it ends behind them where all sentences have been met."""

AROUND_STEPS = ("heading.", "rules.", "steps.", "sources.")

_MARK = re.compile(f"{OPEN}([^{NAMED}]*){NAMED}|{CLOSE}")


def _marked(name: str, *values: object) -> str:
    return f"{OPEN}{name}{NAMED}{say_sentence(name, *values)}{CLOSE}"


def _met(text: str, reader: str) -> Iterator[tuple[str, str]]:
    """The sentences in a text of `reader`, each with who meets it.

    A check that is quoted is nobody's to carry out.
    """
    around: list[str] = []
    for found in _MARK.finditer(text):
        if found[1] is None:
            around.pop()
            continue
        around.append(found[1])
        if "control.failed" not in around[:-1]:
            yield found[1], PLATFORM if "data.background_prompt" in around else reader


def _of_lines(items: list[Item], reader: str) -> Iterator[tuple[str, str]]:
    for item in items:
        yield from _met(item.text, reader)
        yield from _of_lines(item.children, FOCUSED if item.focused else reader)


def _passed_on(names: list[str]) -> list[str]:
    """The rules that the main agent passes on: those behind the one that says so."""
    if "rules.instruction" not in names:
        return []
    behind = names[names.index("rules.instruction") + 1 :]
    return [name for name in behind if name.startswith("rules.")]


def _modules() -> Iterator[ModuleType]:
    for name, module in list(sys.modules.items()):
        if name.startswith(("flowdsl.codegen.", "flowdsl.prompt.")) and hasattr(
            module, "say_sentence"
        ):
            yield module


def _grantable(capabilities: Capabilities) -> Capabilities:
    return Capabilities(frozenset(filter(capabilities.can_focused_agent_use, VERIFIABLE_TOOLS)))


def _workflows() -> Iterator[tuple[nodes.Workflow, Capabilities]]:
    writer = PromptWriter(random.Random(0))
    yield replace(writer.workflow(), body=()), DOCUMENTED
    # What an `if` in a task asks about a parameter, called with a list: decided by one agent, told
    # to the other.
    value = nodes.ConstantValue(value=["a", None, [], {}, {"b": 1}])
    capture = nodes.Capture(origin=HERE, file=literal_text("a.png"))
    branch = nodes.Branch(origin=HERE, condition=nodes.IsEmpty(operand=value), body=(capture,))
    asked = nodes.If(origin=HERE, branches=(branch,), otherwise=())
    yield replace(writer.workflow(), body=(asked,)), DOCUMENTED
    leave = nodes.Leave(origin=HERE, action="abort", reason=literal_text("no"))
    run = nodes.Run(
        origin=HERE, command=literal_text("dir"), variable=None, type=None, otherwise=(leave,)
    )
    whole = replace(asked, branches=(replace(branch, body=(run,)),))
    yield replace(writer.workflow(), body=(whole,)), Capabilities(frozenset((TERMINAL,)))
    yield replace(writer.workflow(), body=_with_values()), DOCUMENTED
    for noted in (None, "reason_1"):
        yield replace(writer.workflow(), body=_failing(noted)), DOCUMENTED
    for seed in range(500):
        writer = PromptWriter(random.Random(seed))
        yield writer.workflow(), _grantable(writer.capabilities)


def _with_values() -> nodes.Body:
    """A secret that either agent types, a value that one asks the other about, and lists."""
    pin = nodes.TypeIn(
        origin=HERE,
        value=(nodes.Variable(sigil="secret", name="pin"),),
        display=None,
        target=literal_text("PIN"),
    )
    memo = nodes.TextValue(text=(nodes.Variable(sigil="input", name="memo"),))
    is_empty = nodes.IsEmpty(operand=nodes.ListValue(items=(memo,)), listed=True)
    capture = nodes.Capture(origin=HERE, file=literal_text("a.png"))

    def asked(*body: nodes.Statement) -> nodes.If:
        branch = nodes.Branch(origin=HERE, condition=is_empty, body=body)
        return nodes.If(origin=HERE, branches=(branch,), otherwise=())

    added = nodes.Assignment(variable="n", append=True, every=True, value=memo, origin=HERE)
    counted = nodes.Assignment(variable="m", value=nodes.CountOf(items=memo), origin=HERE)
    each = replace(added, numbered=True)
    stored = [nodes.Store(origin=HERE, assignments=(one,)) for one in (added, each, counted)]
    return (pin, asked(capture), capture, asked(pin), *stored)


def _failing(noted: str | None) -> nodes.Body:
    """Calls of which one fails once, and others twice; `noted` is where each leaves its reason.

    What only one bullet of a call does is said in it. A reason is the words of the check that
    failed, others, or that of the attempt that failed last.
    """
    looked_for = literal_text("the row is open")
    own = unmet_reason(looked_for)

    def fails(reason: nodes.Text | None) -> nodes.Expect:
        leave = nodes.Leave(origin=HERE, action="abort", reason=reason, noted=noted)
        return nodes.Expect(origin=HERE, condition=looked_for, otherwise=(leave,))

    def retry(reason: nodes.Text | None) -> nodes.Retry:
        attempt = nodes.Leave(origin=HERE, action="retry", reason=own)
        body = (nodes.Expect(origin=HERE, condition=looked_for, otherwise=(attempt,)),)
        last = nodes.Leave(origin=HERE, action="abort", reason=reason, noted=noted)
        return tried(body, last)

    def tried(body: nodes.Body, last: nodes.Statement) -> nodes.Retry:
        return nodes.Retry(
            origin=HERE, attempts=2, delay_milliseconds=0, body=body, otherwise=(last,)
        )

    # An attempt that fails because the attempts inside it have failed.
    inside = nodes.Leave(origin=HERE, action="retry", reason=None)
    passed_on = replace(retry(own), otherwise=(inside,))
    ended = nodes.Leave(origin=HERE, action="abort", reason=own, noted=noted)
    between = nodes.Capture(origin=HERE, file=literal_text("a.png"))
    # What only the main agent does is tried, too, and rounds in which nothing is done.
    last = nodes.Leave(origin=HERE, action="abort", reason=None)
    capture = nodes.Capture(origin=HERE, file=literal_text("b.png"))
    rounds = nodes.Repeat(
        origin=HERE,
        until=nodes.Sees(text=looked_for),
        looks_first=True,
        limit=2,
        delay_milliseconds=500,
        body=(),
        otherwise=(ended,),
    )
    calls = (
        (tried((fails(own), capture), last),),
        (rounds,),
        (replace(rounds, looks_first=False),),
        (replace(rounds, until=nodes.Not(operand=nodes.Sees(text=looked_for))),),
        (fails(own),),
        (retry(None),),
        (tried((passed_on,), ended),),
        (fails(own), fails(literal_text("no")), retry(None)),
    )
    return tuple(each for call in calls for each in (*call, between))


def test_who_meets_a_sentence_is_who_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in _modules():
        monkeypatch.setattr(module, "say_sentence", _marked)
    met: set[tuple[str, str]] = set()
    wanted = {(name, reader) for name, each in SENTENCES.items() for reader in each.readers}
    for number, (workflow, capabilities) in enumerate(_workflows()):
        if not THOROUGH and number >= FEWEST and met >= wanted:
            break
        workflow, _ = emit_prompt(workflow, capabilities)
        boxed = frozenset(workflow.boxed or ())
        items = emit_main(workflow.body, Context(capabilities, workflow.names, boxed=boxed))
        met.update(_of_lines(items, MAIN))
        text = str(render_plain_json(emit_template(workflow, capabilities)))
        around = [name for name, _ in _met(text, MAIN) if name.startswith(AROUND_STEPS)]
        met.update((name, MAIN) for name in around)
        met.update((name, FOCUSED) for name in _passed_on(around))
        met.update(_met(output_schema(workflow) or "", PLATFORM))
    assert met == wanted
