"""Settings of workflows, chains, `model` and `terminal`: which exist, and what they hold."""

from __future__ import annotations

from typing import Any

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from . import errors, places
from .constants import constant_json
from .expressions import check_value
from .program import Program
from .scopes import ValueScope, known_names, rename_fix
from .types import BOOL, STRING, ListOf, Type


class SettingRule(Record):
    """The type of a setting, and how many entries a list may have (None: any number)."""

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
    "fallbacks": SettingRule(ListOf(STRING), limit=2),
}
TERMINAL_SETTINGS = {
    "allow": SettingRule(ListOf(STRING)),
    "unrestricted": SettingRule(BOOL),
}


def check_settings(
    program: Program,
    scope: ValueScope,
    settings: tuple[ast.Setting, ...],
    rules: dict[str, SettingRule],
    owner: str,
) -> dict[str, Any]:
    """The values of `settings` in JSON form, checked against `rules`. `owner` names what they are settings of."""
    source = scope.module.source
    values: dict[str, Any] = {}
    first: dict[str, Span] = {}
    for setting in settings:
        name = setting.name.text
        span = setting.name.span(source)
        rule = rules.get(name)
        if rule is None:
            program.sink.report(
                errors.UNKNOWN_SETTING,
                span,
                name=name,
                owner=owner,
                help=known_names("setting", rules, name),
                fixes=rename_fix(span, rules),
            )
            continue
        if name in first:
            labels = (Label(first[name], "first set here"),)
            program.sink.report(errors.DUPLICATE_SETTING, span, name=name, labels=labels)
            continue
        first[name] = span
        check_value(program, scope, setting.value, rule.type, places.SETTING, f"`{name}`")
        values[name] = constant_json(program, setting.value)
        _check_limit(program, setting, rule, setting.value.span(source))
    return values


def _check_limit(program: Program, setting: ast.Setting, rule: SettingRule, span: Span) -> None:
    value = setting.value
    if rule.limit is None or not isinstance(value, ast.ListExpr):
        return
    if len(value.items) > rule.limit:
        program.sink.report(
            errors.TOO_MANY_ENTRIES,
            span,
            name=setting.name.text,
            limit=rule.limit,
            count=len(value.items),
        )
