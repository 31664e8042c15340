"""Parses the post-run checks of a payload into the checks of a workflow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.codegen.checks import TYPES, emit_checks
from flowdsl.deploy.resources.workflow import CHECKS
from flowdsl.diagnostics.suggest import join_names
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM
from flowdsl.prompt.reading.texts import Texts
from flowdsl.prompt.text import spell_variable
from flowdsl.semantics.declarations.wire import CHECK_FIELDS
from flowdsl.source.record import Record

from .model import NOWHERE, PromptHints
from .notes import quote_payload_words
from .payload import CLEANUP, StoredWorkflow
from .writing.type_names import source_names

_KINDS: dict[str, Any] = {type_: kind for kind, type_ in TYPES.items()}


class ReadChecks(Record):
    """The checks of a workflow, and the inputs in them that are marked as untrusted text.

    `checks` is None if the workflow has neither checks nor a clean-up.
    """

    checks: tuple[nodes.PostRunCheck, ...] | None
    cleanup: nodes.Text | None
    untrusted: frozenset[str]


class _Unsaid(Exception):
    """Raised for a check that no source compiles to; its text is the reason."""


def read_checks(stored: StoredWorkflow, hints: PromptHints) -> ReadChecks | str:
    """Return the checks that compile to the items of `stored`, or the reason why there are none."""
    reader = _CheckReader(hints)
    checks: list[nodes.PostRunCheck] = []
    try:
        cleanup = None if stored.cleanup is None else reader.text(stored.cleanup)
    except _Unsaid as reason:
        return f"the clean-up {reason}"
    for item in stored.checks:
        try:
            checks.append(reader.check(item))
        except _Unsaid as reason:
            name = quote_payload_words(item["name"])
            return f"{f'`{name}`' if name else 'a check'} {reason}"
    untrusted = {piece.name for piece in _find_check_variables(checks, cleanup) if piece.quoted}
    return ReadChecks(
        tuple(checks) if checks or cleanup else None,
        cleanup,
        frozenset(untrusted),
    )


def find_renamed_inputs(read: ReadChecks, inputs: Iterable[nodes.FieldSpec]) -> set[str]:
    """Return the illegal wire names in checks, which `inputs` would rename."""
    names = source_names(inputs)
    used = {piece.name for piece in _find_check_variables(read.checks or (), read.cleanup)}
    return {name for name in used if names.get(name, name) != name}


def checks_document(stored: StoredWorkflow) -> dict[str, Any]:
    """The content of a file for `checks from`."""
    fields: dict[str, Any] = {}
    if stored.checks:
        fields[CHECKS] = stored.checks
    if stored.cleanup is not None:
        fields[CLEANUP] = stored.cleanup
    return fields


def check_texts(stored: StoredWorkflow) -> Iterator[str]:
    """Return the texts of checks and clean-up, in which the service substitutes variables."""
    for check in stored.checks:
        names = check.get("file_names")
        found = [check.get("check_prompt"), check.get("loop_item_filename_template")]
        for text in (*found, *(names if isinstance(names, list) else ())):
            if isinstance(text, str):
                yield text
    if stored.cleanup is not None:
        yield stored.cleanup


def _emit_check_item(check: nodes.PostRunCheck) -> dict[str, Any]:
    item: dict[str, Any] = render_plain_json(emit_checks((check,))[0])
    return item


def _find_differing_fields(written: dict[str, Any], item: dict[str, Any]) -> list[str]:
    """Return the fields in which the item that we would write differs from the stored one."""
    wanted = {"allow_missing_attachments": False} | item
    return [
        key
        for key in {**wanted, **written}
        if (key in written) != (key in wanted)
        or json.dumps(written[key], sort_keys=True) != json.dumps(wanted[key], sort_keys=True)
    ]


def _find_check_variables(
    checks: Iterable[nodes.PostRunCheck], cleanup: nodes.Text | None
) -> Iterator[nodes.Variable]:
    """Return the inputs that checks and the clean-up name, inside texts or as whole values."""
    for text in (*(text for check in checks for text in _find_check_texts(check)), cleanup or ()):
        for piece in text:
            if isinstance(piece, nodes.Variable) and piece.sigil == "input":
                yield piece


def _find_check_texts(check: nodes.PostRunCheck) -> Iterator[nodes.Text]:
    yield check.statement
    if check.target is not None:
        yield from (*check.target.names, check.target.template)
        yield tuple(each for each in (check.target.items, check.target.count_from) if each)


class _CheckReader:
    """Parses the items of one workflow; its hints tell inputs from secrets."""

    def __init__(self, hints: PromptHints) -> None:
        self._texts = Texts(*hints.names())

    def check(self, item: dict[str, Any]) -> nodes.PostRunCheck:
        """Return the check that compiles to an item; raises `_Unsaid`."""
        kind = _KINDS.get(item["type"])
        if kind is None:
            raise _Unsaid(
                f"has the type `{quote_payload_words(item['type'])}`, which this version does not "
                "know"
            )
        if not item["name"]:
            raise _Unsaid("has no name")
        model, count = item.get("model"), item.get("expected_match_count")
        if not isinstance(model, str | None):
            raise _Unsaid("names a model by no text")
        if not isinstance(item.get("description"), str | None):
            raise _Unsaid("is described by no text")
        if not isinstance(count, int | None) or isinstance(count, bool):
            raise _Unsaid("expects a count that is no whole number")
        target = self._target(item) if "file_target_mode" in item else None
        if (target is None) != (kind in ("schema", "output")):
            raise _Unsaid(
                "names no file" if target is None else "names a file, which is not looked at"
            )
        each = target is not None and target.mode == "loop_items"
        statement = self.text(item.get("check_prompt", ""), item=each)
        if (not statement) != (kind in ("file", "schema")):
            words = "has a statement, which its type does not take"
            raise _Unsaid(words if statement else "has no statement")
        if_present = item.get("allow_missing_attachments") is True
        check = nodes.PostRunCheck(
            origin=NOWHERE,
            kind=kind,
            name=item["name"],
            description=item.get("description"),
            target=target,
            if_present=if_present and target is not None,
            statement=statement,
            model=model,
            extra={key: value for key, value in item.items() if key not in CHECK_FIELDS},
        )
        differing = _find_differing_fields(_emit_check_item(check), item)
        if differing:
            raise _Unsaid(f"has {join_names(differing)} as no check in source has it")
        return check

    def _target(self, item: dict[str, Any]) -> nodes.FileTarget:
        mode = item["file_target_mode"]
        match mode:
            case "exact" if isinstance(item.get("file_names"), list):
                names = tuple(map(self.text, item["file_names"]))
                if names and all(names):
                    return nodes.FileTarget(mode="exact", names=names)
            case "regex" if isinstance(item.get("file_name_regex"), str):
                count_from = item.get("expected_match_count_ref")
                return nodes.FileTarget(
                    mode="regex",
                    pattern=item["file_name_regex"],
                    count=item.get("expected_match_count"),
                    count_from=None if count_from is None else self._variable(count_from),
                )
            case "loop_items":
                items = self._variable(item.get("loop_input"), kept=True)
                template = self.text(item.get("loop_item_filename_template"), item=True)
                if template:
                    return nodes.FileTarget(mode="loop_items", items=items, template=template)
            case _ if mode not in ("exact", "regex"):
                words = quote_payload_words(str(mode))
                raise _Unsaid(f"finds its files by `{words}`, which this version does not know")
        raise _Unsaid("names no file")

    def _variable(self, written: Any, *, kept: bool = False) -> nodes.Variable:
        """Return the single input, or (`kept`) the single stored variable, that a text consists of.

        Raises `_Unsaid` for any other text.
        """
        text = self.text(written, kept=kept)
        if len(text) != 1 or not isinstance(text[0], nodes.Variable):
            raise _Unsaid("has a text in place of an input")
        return text[0]

    def text(self, written: Any, *, item: bool = False, kept: bool = False) -> nodes.Text:
        """Return the text that code generation writes as `written`.

        Raises `_Unsaid` if `written` is not a text, and for variables that no check may contain.
        With `item`, the text may contain the variable of the current list entry (`LOOP_ITEM`), with
        `kept` any variable that the run stores.
        """
        if not isinstance(written, str):
            raise _Unsaid("lacks a text")
        text = self._texts.text(written)
        if text is None:
            raise _Unsaid("has braces that are no variable")
        for piece in text:
            if not isinstance(piece, nodes.Variable):
                continue
            if piece.sigil == "secret":
                raise _Unsaid(f"names the secret {_quote_variable(piece)}, which no check may hold")
            entry = item and piece.name == LOOP_ITEM
            if piece.sigil == "runtime" and not (kept or entry):
                raise _Unsaid(
                    f"names the runtime value {_quote_variable(piece)}, which no check may hold"
                )
        return text


def _quote_variable(variable: nodes.Variable) -> str:
    return f"`{quote_payload_words(spell_variable(variable))}`"
