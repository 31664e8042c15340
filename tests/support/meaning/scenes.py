"""The scenes that readers play: what each holds of the language of prompts, and what it means.

`marked` is what a reader sees, with each sentence and word marked while it is printed. `events`
tells what the program does in the world of a scene, as calls of a reader, by the interpreter.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import pytest

from benchmarks.prompts import scenes
from benchmarks.prompts.plays import Call, is_meant, normal, plain_words
from benchmarks.prompts.scenes import Scene
from flowdsl.codegen.artifacts import WorkflowArtifact, render_plain_json
from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.config.load import load_project
from flowdsl.config.project import Project
from flowdsl.diagnostics.sink import Sink
from flowdsl.prompt import sentences
from flowdsl.prompt.words import say_sentence
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.simulate import trace as verbs
from flowdsl.simulate.executions import Disagreement, payload_of
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.trace import SUCCESS, Event, Trace
from flowdsl.simulate.world import World
from flowdsl.source.files import MemoryFiles

from .corpus import Turns
from .executions import disagreements


def compilation(scene: Scene, source: str | None = None) -> Compilation:
    """What a scene compiles to, or with another source in the place of its own."""
    given = scene if source is None else scene | {"source": source}
    return _compilation(tuple(scenes.files_of(given).items()))


@lru_cache(maxsize=200)
def _compilation(files: tuple[tuple[str, bytes], ...]) -> Compilation:
    project = _project(dict(files)["flowdsl.toml"].decode())
    entries = sorted(name for name, _ in files if name.endswith(".flow"))
    options = CompileOptions(project, project.environments["local"])
    return compile_project(MemoryFiles(dict(files)), entries, options)


@lru_cache
def _project(text: str) -> Project:
    project = load_project(text, "flowdsl.toml", Sink())
    assert project is not None
    return project


def _variables(scene: Scene) -> dict[str, str]:
    """The values of `{env.name}`."""
    return _project(scenes.files_of(scene)["flowdsl.toml"].decode()).environments["local"].vars


def compiled(scene: Scene, _: object = None) -> tuple[str, str]:
    """The prompt of a scene and the schema of its outputs, compiled in this process."""
    return _printed(scene, compilation(scene))


def _printed(scene: Scene, found: Compilation) -> tuple[str, str]:
    payload = _artifact(scene, found).payload
    return str(render_plain_json(payload["main_prompt"])), payload.get("output_schema") or ""


def _artifact(scene: Scene, found: Compilation) -> WorkflowArtifact:
    assert found.bundle is not None, [str(each) for each in found.analysis.diagnostics]
    name = scene.get("workflow", found.bundle.workflows[0].name)
    return next(each for each in found.bundle.workflows if each.name == name)


def _symbol(scene: Scene, found: Compilation) -> WorkflowSymbol:
    workflows = found.analysis.model.workflows
    name = scene.get("workflow", workflows[0].name)
    return next(each for each in workflows if each.name == name)


# Sentences and words

OPEN, NAMED, CLOSE = "\ue000", "\ue001", "\ue002"
"""Around the name of a sentence or word and its characters."""

_MARK = re.compile(f"{OPEN}([^{NAMED}{OPEN}{CLOSE}]*){NAMED}|{CLOSE}")


def words() -> dict[str, str]:
    """The words that stand in sentences, by their names: `words.texts.<=`."""
    found: dict[str, str] = {}
    for name, value in sentences._WORDS.items():
        if isinstance(value, str):
            found[f"words.{name}"] = value
        else:
            found |= {f"words.{name}.{key}": each for key, each in value.items()}
    return found


def marked(scene: Scene) -> str:
    """What the reader of a scene sees, with marks around each sentence and word."""
    with _marking():
        anew = _compilation.__wrapped__(tuple(scenes.files_of(scene).items()))
        return scenes.seen(scene, *_printed(scene, anew))


def met(text: str) -> set[str]:
    """The names of sentences and words in a marked text.

    `control.start_loop?may_be_empty` is a sentence with the words of one of its choices.
    """
    found: set[str] = set()
    for mark in filter(None, (each[1] for each in _MARK.finditer(text))):
        name, *chosen = mark.split("?")
        found |= {name, *(f"{name}?{each}" for each in chosen)}
    return found


def unmarked(text: str) -> str:
    """A marked text without its marks."""
    return _MARK.sub("", text)


def _marked(name: str, *values: object) -> str:
    sentence = sentences.SENTENCES[name]
    holes = zip(sentence.holes, values, strict=True)
    given = {hole.name: value for hole, value in holes}
    chosen = [each.hole.name for each in sentence.choices if each.chosen(given[each.hole.name])]
    return _around("".join((name, *(f"?{each}" for each in chosen))), say_sentence(name, *values))


def _around(name: str, text: str) -> str:
    return f"{OPEN}{name}{NAMED}{text}{CLOSE}"


@contextmanager
def _marking() -> Iterator[None]:
    """Have sentences and words printed with marks around them."""
    changed: dict[int, Any] = {id(say_sentence): _marked}
    for constant, value in vars(sentences).items():
        if not constant.isupper() or constant in ("SENTENCES", "KINDS"):
            continue
        for name, word in sentences._WORDS.items():
            if value is word and isinstance(word, str):
                changed[id(value)] = _around(f"words.{name}", word)
            elif value is word:
                changed[id(value)] = {
                    key: _around(f"words.{name}.{key}", each) for key, each in word.items()
                }
    with pytest.MonkeyPatch.context() as patch:
        for module_name, module in list(sys.modules.items()):
            if not module_name.startswith(("flowdsl.codegen.", "flowdsl.prompt.")):
                continue
            for name, value in list(vars(module).items()):
                if module is not sentences and id(value) in changed and not name.startswith("__"):
                    patch.setattr(module, name, changed[id(value)])
        yield


# What the program does


def world_of(scene: Scene) -> World:
    """The world of a scene, whose lists of answers begin anew."""
    situations = {int(at): rule for at, rule in scene.get("situations", {}).items()}
    return World(scene.get("inputs", {}), Turns(scene["answers"]), situations)


def traced(scene: Scene, source: str | None = None) -> Trace | None:
    """The trace of a scene's program in its world; None for a source with errors."""
    found = compilation(scene, source)
    if found.bundle is None:
        return None
    return interpret(
        found.analysis.model, _symbol(scene, found), world_of(scene), _variables(scene)
    )


def disagreement(scene: Scene) -> Disagreement | None:
    """Where the prompt of a scene and its program differ in its world."""
    found = compilation(scene)
    symbol, payload = _symbol(scene, found), payload_of(_artifact(scene, found))
    world = world_of(scene)
    differing = disagreements(found.analysis.model, symbol, payload, world, _variables(scene))
    return next(differing, None)


SEEN = {
    "click",
    "double_click",
    "type",
    "press",
    "clear",
    "copy",
    "wait",
    "run",
    "capture",
    "export",
}
"""Verbs of calls that reach the desktop or the service, and stand in a trace."""


def events(scene: Scene, trace: Trace) -> list[Call]:
    """What a program does, as calls; `prose` of the scene tells them where words are no call."""
    prose = {words: list(calls) for words, calls in scene.get("prose", {}).items()}
    made: list[Call] = []
    for event in trace.events:
        told = prose.get(event.texts[0]) if event.verb == verbs.DO else None
        made += told.pop(0) if told else _calls(event)
    return list(normal(made))


def outputs(trace: Trace) -> list[Call]:
    """What whoever makes the outputs gives for each."""
    made = trace.ending.outputs.items()
    return [["output", f"{name} = {json.dumps(value, ensure_ascii=False)}"] for name, value in made]


def _calls(event: Event) -> Iterator[Call]:
    texts = event.texts
    match event.verb:
        case verbs.DO | verbs.HANDLE:
            yield _prose(texts[0])
        case verbs.OPEN:
            yield ["click", texts[0]]
        case verbs.TYPE:
            yield ["click", texts[1]]
            yield ["type", texts[0]]
        case verbs.TYPE_AS:
            yield ["click", texts[2]]
            yield ["type", _displayed(texts[0], texts[1])]
        case verbs.CLEAR:
            yield ["clear", texts[0]]
        case verbs.PRESS:
            for _ in range(int(texts[1])):
                yield ["press", texts[0]]
        case verbs.PAUSE:
            yield ["wait", f"{int(texts[0]) / 1000:g}"]
        case verbs.COMMAND:
            yield ["run", texts[0]]
        case verbs.COPIED:
            yield ["copy", texts[0]]
        case verbs.CAPTURE:
            yield ["capture", texts[0]]
        case verbs.EXPORT:
            yield ["export", texts[0]]


_BEGINS = {"press": "press", "double-click": "double_click"}


def _prose(text: str) -> Call:
    """Prose of a scene, which says `Click …`, `Double-click …` or `Press …`."""
    begins, _, rest = text.partition(" ")
    verb = _BEGINS.get(begins.lower(), "click")
    return [verb, rest.rstrip(".") if verb == "press" else text]


def _displayed(value: str, display: str) -> str:
    """A day as `2026-03-01`, or a number, in one of the formats that scenes have."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        year, month, day = value.split("-")
        for name, part in (("yyyy", year), ("MM", month), ("dd", day)):
            display = display.replace(name, part)
        return display
    assert display == "#,##0.00"
    return f"{float(value):,.2f}"


def is_done(scene: Scene, trace: Trace) -> bool:
    """Whether the calls of a scene are what its program does in its world.

    What another agent does stands in `others`. The calls of a focused agent stand together.
    """
    meant = list(normal(scene["calls"]))
    wanted = [call for call in meant if set(call[0].split("|")) & SEEN]
    wanted = [[verb, re.sub(r"\{\{.*?\}\}", "&", text)] for verb, text in _without_missing(wanted)]
    if "pasted" in scene:
        pasted = {("press", "ctrl+v"): ["type", scene["pasted"]]}
        wanted = [pasted.get((call[0], call[1]), call) for call in wanted if call[0] != "run"]
    made = events(scene, trace)
    if scene["reader"] == "outputs":
        wanted = [call for call in meant if call[0] == "output"]
        made = outputs(trace)
    others = list(normal(scene.get("others", [])))
    starts = range(len(made) - len(wanted) + 1)
    if scene["reader"] == "main":
        done = _apart(made, wanted, others)
    else:
        done = any(
            _agree(made[start : start + len(wanted)], wanted)
            and _agree_any(made[:start] + made[start + len(wanted) :], others)
            for start in starts
        )
    return done and _ends(meant, trace)


def _agree(made: list[Call], wanted: list[Call]) -> bool:
    return all(is_meant(call, each) for call, each in zip(made, wanted, strict=True))


def _agree_any(made: list[Call], others: list[Call]) -> bool:
    return all(any(is_meant(call, each) for each in others) for call in made)


def _apart(made: list[Call], wanted: list[Call], others: list[Call]) -> bool:
    """Whether what is wanted is made in order, and beside it only what others do."""
    rest = list(wanted)
    beside = []
    for call in made:
        if rest and is_meant(call, rest[0]):
            del rest[0]
        else:
            beside.append(call)
    return not rest and _agree_any(beside, others)


def _without_missing(calls: list[Call]) -> list[Call]:
    """The calls without those that type no value, which the service leaves out."""
    kept: list[Call] = []
    for call in calls:
        if call != ["type", "__EMPTY__"]:
            kept.append(call)
        elif kept[-1][0] == "click":
            del kept[-1]
    return kept


def _ends(meant: list[Call], trace: Trace) -> bool:
    failures = [call for call in meant if call[0] == "declare_task_failed"]
    if not failures:
        return True
    reason = trace.ending.reason or ""
    return trace.ending.status != SUCCESS and is_meant(["declare_task_failed", reason], failures[0])


def untold(scene: Scene, text: str) -> list[Call]:
    """The calls that are meant though nothing in what the reader sees speaks of them."""
    seen = plain_words(text)
    named = SEEN - {"type", "click", "double_click", "wait"}
    calls = [call for call in normal(scene["calls"]) if call[0] in named]
    return [call for call in calls if not all(_stands(words, seen) for words in call[1].split("&"))]


def _stands(words: str, seen: str) -> bool:
    return any(plain_words(word) in seen for word in words.split("|"))


# Programs that mean the opposite

OPPOSITES = {
    " < ": " > ",
    " > ": " < ",
    " <= ": " >= ",
    " >= ": " <= ",
    " and ": " or ",
    " or ": " and ",
}

_TEXT = re.compile(r'"(?:\\"|[^"\\])*"|"""[\s\S]*?"""|#.*')
_CONDITION = re.compile(r"\bif (.*?) \{(?= |$)", re.MULTILINE)


def opposites(source: str) -> Iterator[str]:
    """Sources that mean something else: a condition is negated, or a word is the opposite."""
    texts = [found.span() for found in _TEXT.finditer(source)]
    for found in _CONDITION.finditer(source):
        yield f"{source[: found.start()]}if not ({found[1]}) {{{source[found.end() :]}"
    for word, opposite in OPPOSITES.items():
        changed = list(source)
        for found in re.finditer(word, source):
            if not any(start <= found.start() < end for start, end in texts):
                changed[found.start()] = opposite
                changed[found.start() + 1 : found.end()] = [""] * (len(word) - 1)
        if (text := "".join(changed)) != source:
            yield text
