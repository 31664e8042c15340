"""The input of every way of editing, and its output: variants of the sources to be judged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from flowdsl.codegen.artifacts import ImageRef, render_plain_json, stand_in
from flowdsl.deploy.resources.directory import find_image_url
from flowdsl.deploy.resources.workflow import CHECKS, MODELS, POLICIES
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.source.record import Record
from flowdsl.syntax import ast

from ..model import Payload
from ..writing.lines import LOOP_KEY
from ..writing.scope import PLAIN, RUNTIME, SECRET, Scope
from ..writing.value_types import ANY, STRING
from .editing import Edit, Overlap, apply_edits
from .goal import TAGS, Goal, normalise_fields
from .references import quotes_of
from .workspace import Built, Workspace

SETTINGS, STATEMENTS, FILE = "settings", "statements", "file"
"""How coarse an edit is.

It changes a setting or a field, statements, or a file that holds a part verbatim.
"""


Edits = tuple[Edit, ...]
Choices = list[Edits]
"""Alternative edits for one change, the most likely first."""


class SourceVariant(Record):
    """A variant of the sources: `texts` by path. `notes` are reported if it is chosen."""

    level: str
    texts: dict[str, str]
    notes: tuple[str, ...] = ()


class EditContext(Record):
    """The state of editing: the best sources so far, compiled, and their goal.

    `as_file` allows new files in the place of sections.
    """

    workspace: Workspace
    built: Built
    goal: Goal
    as_file: bool

    @property
    def symbol(self) -> WorkflowSymbol:
        return self.built.symbol(self.goal.address)

    @property
    def path(self) -> str:
        """Return the path of the workflow's file."""
        return self.symbol.module.source.path

    @property
    def source(self) -> str:
        """Return the text of the workflow's file."""
        return self.symbol.module.source.text

    @property
    def open_fields(self) -> frozenset[str]:
        """Return the fields of the workflow that differ from the goal."""
        return self.goal.open_fields(self.built.desired[self.goal.address])

    def module(self, path: str) -> ast.Module:
        """Return the parsed source file at a path."""
        return next(each for each in self.built.model.modules if each.source.path == path)

    def item(self, kind: type[ast.Node]) -> ast.Node | None:
        """Return the workflow's section of a kind, None if it has none."""
        items = self.symbol.declaration.items
        return next((each for each in items if isinstance(each, kind)), None)

    def find_setting(self, name: str) -> ast.Setting | None:
        """Return the workflow's setting called `name`, None if it has none."""
        for item in self.symbol.declaration.items:
            if isinstance(item, ast.Setting) and item.name.text == name:
                return item
        return None

    def attempt(
        self,
        level: str,
        edits: Iterable[Edit],
        *notes: str,
        files: Mapping[str, str] | None = None,
    ) -> Iterator[SourceVariant]:
        """Yield the attempt that applies edits and writes files, and one that also edits tests.

        Nothing if edits overlap or change nothing.
        """
        edits = tuple(edits)
        quotes = tuple(quotes_of(self.built.model, edits))
        for chosen in (edits, edits + quotes) if quotes else (edits,):
            try:
                texts = apply_edits(self.built.files, self.built.texts, chosen)
            except Overlap:
                return
            texts |= files or {}
            if texts != self.built.texts:
                yield SourceVariant(level, texts, notes)

    def scope(self, loop: str | None = None) -> Scope:
        """Return the names in scope; `loop` is the variable of the enclosing loop."""
        workflow = self.built.workflow(self.goal.address)
        symbol = self.symbol
        scope = Scope(())
        types = {field.name: field.type for field in (*workflow.inputs, *workflow.secrets)}
        for field in symbol.inputs:
            key = ("input", field.wire_name)
            scope.add(key, field.name, PLAIN, types.get(field.wire_name, ANY))
        for field in symbol.secrets:
            key = ("secret", field.wire_name)
            scope.add(key, field.name, SECRET, types.get(field.wire_name, STRING))
        for name in symbol.runtime:
            if name not in scope.taken:
                scope.add(("runtime", name), name, RUNTIME, ANY)
        if loop is not None:
            scope.put(LOOP_KEY, loop, PLAIN)
        return scope

    # Payloads

    def payload_to_reach(self) -> Payload:
        """Return the workflow as it should compile, in the form of a reply of the service."""
        return _make_reply_payload(dict(self.goal.values))

    def payload_as_built(self) -> Payload:
        """Return the workflow as it compiles now, in the form of a reply of the service."""
        return _make_reply_payload(normalise_fields(self.built.desired[self.goal.address]))

    def pictures(self) -> dict[str, bytes]:
        """Return the pictures of the workflow by their addresses in prompts."""
        found: dict[str, bytes] = {}
        for each in self.built.bundle.images.values():
            reference = ImageRef(each.sha256, each.extension)
            address = find_image_url(self.workspace.directory, reference) or stand_in(reference)
            found[address] = each.content
        return found


def _make_reply_payload(values: dict[str, object]) -> Payload:
    payload: Payload = {}
    models = {}
    for path, value in values.items():
        if path.startswith(f"{MODELS}."):
            models[path.removeprefix(f"{MODELS}.")] = value
        elif path in POLICIES and POLICIES[path].json_text:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            payload[path] = text
        elif "." not in path or path == TAGS:
            payload[path] = render_plain_json(value)
    if models:
        payload[MODELS] = models
    checks = payload.get(CHECKS)
    if isinstance(checks, list):
        payload[CHECKS] = [_restore_unknown_fields(check, values) for check in checks]
    return payload


def _restore_unknown_fields(
    check: Mapping[str, object], values: Mapping[str, object]
) -> dict[str, object]:
    """Return a check with its unknown fields, which have paths of their own in `values`."""
    check = {"name": ""} | dict(check)
    prefix = f"{CHECKS}.{check['name']}."
    more = {
        path.removeprefix(prefix): value
        for path, value in values.items()
        if path.startswith(prefix)
    }
    return check | more
