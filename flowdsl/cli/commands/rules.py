"""`flowdsl rules`: every diagnostic and rule."""

from __future__ import annotations

import argparse

from flowdsl.catalog import diagnostics
from flowdsl.diagnostics.diagnostic import CATEGORY_SEVERITY
from flowdsl.lint.rules import RULES

from ..runtime.console import Console
from ..runtime.exit_codes import SUCCESS
from ..views.rules import as_json, as_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--category", choices=tuple(CATEGORY_SEVERITY), help="only this category")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List the diagnostics of the checker and the rules of lint, by category and name."""
    order = list(CATEGORY_SEVERITY)
    specs = sorted(diagnostics().values(), key=lambda spec: (order.index(spec.category), spec.name))
    if arguments.category is not None:
        specs = [spec for spec in specs if spec.category == arguments.category]
    view = as_json if arguments.json else as_text
    console.out(view(specs, {rule.name for rule in RULES}))
    return SUCCESS
