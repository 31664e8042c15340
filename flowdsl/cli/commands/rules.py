"""`flowdsl rules`: every diagnostic and rule."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence

from flowdsl.catalog import diagnostics
from flowdsl.diagnostics.diagnostic import CATEGORY_SEVERITY, DiagnosticSpec
from flowdsl.lint.rules import RULES

from ..runtime.command_line.options import add_options
from ..runtime.console import Console
from ..runtime.exit_codes import SUCCESS
from ..views.table import items_json


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--category", choices=tuple(CATEGORY_SEVERITY), help="only this category")
    add_options(parser, "--json  one JSON object")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List the diagnostics of the checker and the rules of lint, by category and name."""
    order = list(CATEGORY_SEVERITY)
    specs = sorted(diagnostics().values(), key=lambda spec: (order.index(spec.category), spec.name))
    if arguments.category is not None:
        specs = [spec for spec in specs if spec.category == arguments.category]
    view = _as_json if arguments.json else _as_text
    console.out(view(specs, {rule.name for rule in RULES}))
    return SUCCESS


def _as_text(specs: Sequence[DiagnosticSpec], rules: Collection[str]) -> str:
    """A line for each: severity, category, name; rules of lint are marked."""
    width = max((len(spec.category) for spec in specs), default=0)
    lines = [
        (
            f"{spec.severity:<7}  {spec.category:<{width}}  "
            f"{spec.name}{' (lint)' * (spec.name in rules)}"
        )
        for spec in specs
    ]
    return "\n".join([*lines, "", "`flowdsl explain NAME` shows the page of one."])


def _as_json(specs: Sequence[DiagnosticSpec], rules: Collection[str]) -> str:
    """One object; `lint` says whether `[lint]` of the project file selects it."""
    items = [
        {
            "name": spec.name,
            "category": spec.category,
            "severity": spec.severity,
            "lint": spec.name in rules,
            "message": spec.message,
            "help": spec.help,
        }
        for spec in specs
    ]
    return items_json(items)
