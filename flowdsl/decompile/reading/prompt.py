"""Parses a prompt that FlowDSL wrote into the parts of a workflow."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from flowdsl.codegen.artifacts import ImageRef, ModelName
from flowdsl.codegen.prompt.document import emit_template
from flowdsl.compiler.collector import collector_paused
from flowdsl.ir import nodes
from flowdsl.ir.facts import facts_of_body
from flowdsl.ir.images import image_extension, image_hash
from flowdsl.ir.passes.numbering import restore_whole_lists
from flowdsl.ir.rewrite import rewrite_body
from flowdsl.ir.walk import BODIES, replace_variables, walk
from flowdsl.prompt.reading.outline import Outline, read_outline
from flowdsl.prompt.reading.texts import MAX_DIGITS, Texts
from flowdsl.prompt.words import say_sentence
from flowdsl.semantics.capabilities import DOCUMENTED, Capabilities
from flowdsl.source.record import replace

from ..model import NOWHERE, PromptHints, PromptProgram
from .boxes import find_saved_boxes, unwrap_saved_boxes, without_boxes
from .loops import finish_loops
from .main_lines import Main
from .sources import mark_stored_outputs, read_sources
from .statements import STRING, Unreadable, Words

MAX_LENGTH = 400_000
"""Maximum length of a prompt, in characters; prompts that a model can follow are much shorter."""

_DECISION = re.compile(rf"decision_([0-9]{{1,{MAX_DIGITS}}})")


def read_prompt(
    prompt: str,
    hints: PromptHints,
    capabilities: Capabilities = DOCUMENTED,
    *,
    edited: bool = False,
) -> PromptProgram | None:
    """Parse a prompt into the parts of its workflow; None if FlowDSL did not write it.

    `capabilities` are those that it was written for. If several workflows have the same prompt, the
    result is one of them. With `edited` the result may have another prompt.
    """
    if len(prompt) > MAX_LENGTH:
        return None
    with collector_paused():
        return _read_prompt_program(prompt, hints, capabilities, edited=edited)


def _read_prompt_program(
    prompt: str, hints: PromptHints, capabilities: Capabilities, *, edited: bool
) -> PromptProgram | None:
    outline = read_outline(prompt, _picture_names(hints))
    if outline is None:
        return None
    try:
        workflow = _reconstruct_workflow(outline, hints, capabilities)
        if not edited and _emit_prompt_of(workflow, outline, capabilities) != prompt:
            return None
        body = restore_whole_lists(workflow.body, workflow.sources)
        if any(isinstance(each, nodes.Assignment) and each.numbered for each in walk(body)):
            return None
        return PromptProgram(
            title=workflow.title,
            description=workflow.description,
            rules=workflow.rules,
            body=without_boxes(body, workflow.boxed or ()),
            sources=workflow.sources,
            untrusted=frozenset(
                node.name
                for node in walk((workflow.rules, workflow.body))
                if isinstance(node, nodes.Variable) and node.quoted and node.sigil == "input"
            ),
        )
    except (Unreadable, RecursionError):
        return None


def _reconstruct_workflow(
    outline: Outline, hints: PromptHints, capabilities: Capabilities
) -> nodes.Workflow:
    """Return a workflow that has this prompt, if there is one; raises `Unreadable`.

    It declares as many fields as the prompt reveals: a placeholder that is optional if the prompt
    mentions one, and the lists that certainly have an entry.
    """
    texts = Texts(*hints.names())
    words = Words(texts, capabilities)
    main = Main(words)
    nothing = len(outline.items) == 1 and outline.items[0].text == say_sentence("steps.nothing")
    body = () if nothing else main.body(outline.items)
    rules = tuple(map(texts.marked, outline.rules))
    body = rewrite_body(body, lambda inner: tuple(_unmark_variables(each, words) for each in inner))
    found = read_sources(hints)
    boxed = frozenset(words.boxed | find_saved_boxes(body, words.handed))
    body = unwrap_saved_boxes(body, boxed)
    sources = mark_stored_outputs(tuple(_unbox_source(source, boxed) for source, _ in found), body)
    names = {field.name for field in (*(hints.inputs or ()), *hints.secrets)}
    names |= facts_of_body(body).sets
    optional = nodes.OptionalType(inner=STRING)
    filled = tuple(
        nodes.FieldSpec(name=name, type=nodes.ListType(element=STRING), constraints={"minItems": 1})
        for name in sorted(main.filled)
    )
    return nodes.Workflow(
        origin=NOWHERE,
        name="",
        title=_read_text_literal(texts, outline.title),
        description=None
        if outline.description is None
        else _read_text_literal(texts, outline.description),
        inputs=filled + ((nodes.FieldSpec(name="", type=optional),) if outline.optional else ()),
        outputs=tuple(field for _, field in found),
        rules=tuple(_require_readable(rule) for rule in rules),
        body=finish_loops(body, names, hints),
        sources=sources,
        names=tuple(_find_taken_names(names, main.decisions)),
        apart=outline.apart or words.apart,
        boxed=tuple(sorted(boxed)),
    )


def _unbox_source(source: nodes.OutputSource, boxed: Collection[str]) -> nodes.OutputSource:
    """Return a source with the path that it has inside the value of its variable."""
    if source.variable not in boxed or source.path[:1] != (nodes.BOX,):
        return source
    return replace(source, path=source.path[1:], boxed=True)


def _picture_names(hints: PromptHints) -> dict[str, str]:
    return {
        address: f"{image_hash(picture)}.{image_extension(picture)}"
        for address, picture in hints.pictures.items()
    }


def _require_readable(text: nodes.Text | None) -> nodes.Text:
    if text is None:
        raise Unreadable
    return text


def _read_text_literal(texts: Texts, spelled: str) -> str:
    found = texts.literal(spelled)
    if found is None:
        raise Unreadable
    return found


def _unmark_variables(statement: nodes.Statement, words: Words) -> nodes.Statement:
    """Return a statement without the marks of variables that its own call has saved."""
    unmarked: nodes.Statement = replace_variables(statement, words.plain_variable, without=BODIES)
    return unmarked


def _find_taken_names(names: set[str], decisions: set[str]) -> Iterator[str]:
    """Return the names that are not free for decisions in this prompt.

    Numbers that the decisions skip belong to names that no statement uses any more: they were taken
    when the prompt was written. Raises `Unreadable` for decisions that are not numbered so.
    """
    yield from names - decisions
    numbers = [int(found[1]) for name in decisions if (found := _DECISION.fullmatch(name))]
    if len(numbers) < len(decisions) or max(numbers, default=0) > 10 * len(names | decisions) + 10:
        raise Unreadable
    given = {f"decision_{number}" for number in range(1, max(numbers, default=0))}
    yield from given - decisions


def _emit_prompt_of(workflow: nodes.Workflow, outline: Outline, capabilities: Capabilities) -> str:
    """Return the prompt of a workflow, with the outline's model names and picture addresses."""
    addresses = iter(outline.addresses)

    def resolve(part: ModelName | ImageRef) -> str:
        return part.alias if isinstance(part, ModelName) else next(addresses, "")

    return emit_template(workflow, capabilities).render(resolve)
