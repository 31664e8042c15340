"""Settings of workflows, chains, `model` and `terminal`: their names and types."""

from __future__ import annotations

from typing import Any

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.suggest import rename_fix, suggest_known_names
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors, places
from ..names.scopes import ValueScope
from ..types import BOOL, STRING, ListOf, Optional, Type
from ..values.expressions import check_value
from .constants import constant_json


class SettingRule(Record):
    """The type of a setting, and the maximum length of a list (None: unlimited)."""

    type: Type
    limit: int | None = None


WORKFLOW_SETTINGS = {
    "title": SettingRule(STRING),
    "tags": SettingRule(ListOf(STRING)),
    "webhooks": SettingRule(BOOL),
    "file_exports": SettingRule(BOOL),
    "renamed_from": SettingRule(STRING),
    "protect": SettingRule(BOOL),
}
CHAIN_SETTINGS = {
    "title": SettingRule(STRING),
    "keep_session": SettingRule(BOOL),
    "priority": SettingRule(BOOL),
}
MODEL_SETTINGS = {
    "main": SettingRule(STRING),
    "cache_detection": SettingRule(STRING),
    "fallbacks": SettingRule(ListOf(Optional(STRING)), limit=2),
}
TERMINAL_SETTINGS = {
    "allow": SettingRule(ListOf(STRING)),
    "unrestricted": SettingRule(BOOL),
    "dates": SettingRule(BOOL),
}


SECTIONS = frozenset(
    ("always", "checks", "extra", "inputs", "model", "outputs", "secrets", "steps", "terminal")
)
"""The sections of a workflow in braces."""


def check_settings(
    scope: ValueScope, settings: tuple[ast.Setting, ...], rules: dict[str, SettingRule], owner: str
) -> dict[str, Any]:
    """Return the values of `settings` in JSON form, checked against `rules`.

    `owner` says in a message what they are settings of.
    """
    source = scope.source
    values: dict[str, Any] = {}
    first: dict[str, ast.Name] = {}
    for setting in settings:
        name = setting.name.text
        rule = rules.get(name)
        if rule is None:
            span = setting.name.span(source)
            help, fixes = suggest_known_names("setting", rules, name), rename_fix(span, rules)
            if name in SECTIONS and rules is WORKFLOW_SETTINGS:
                help = f"a section stands without `=`: `{name} {{ ... }}`"
                gap = Span(source, setting.name.end, setting.value.start)
                opened = source.text.startswith("{", setting.value.start)
                fixes = (Fix("leave out `=`", (Edit(gap, " "),), "safe"),) if opened else ()
            scope.report(
                errors.UNKNOWN_SETTING, span, name=name, owner=owner, help=help, fixes=fixes
            )
            continue
        spec = errors.DUPLICATE_SETTING
        if not scope.module.is_first(first, name, setting.name, spec, "set"):
            continue
        check_value(scope, setting.value, rule.type, places.SETTING, f"`{name}`")
        values[name] = constant_json(scope.program, setting.value)
        count = len(setting.value.items) if isinstance(setting.value, ast.ListExpr) else 0
        if rule.limit is not None and count > rule.limit:
            limit = rule.limit
            scope.report(
                errors.TOO_MANY_ENTRIES, setting.value, name=name, limit=limit, count=count
            )
    return values
