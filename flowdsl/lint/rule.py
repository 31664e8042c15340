"""What a rule is: a name, its triggers, and a module that is loaded when one of them fires."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.source.record import Record
from flowdsl.syntax import ast

RETIRED = frozenset(("unquoted-ui-label",))
"""Rules that were dropped because they were wrong too often: a project may still name them."""

SHARED_KINDS = ("task", "type", "const")
"""Kinds of names that other files may use."""

UNUSED_KINDS = ("import", "input", "parameter", "runtime variable", "secret", *SHARED_KINDS)
"""Kinds of names that rules hear of when nothing uses them."""


class Words(Record):
    """Fires on prose that holds one of `words`, lower case, and has one of `roles` if any are given.

    The rule is called with the `Prose`.
    """

    words: tuple[str, ...]
    roles: tuple[str, ...] = ()


class AnyProse(Record):
    """Fires on all prose; the rule is called with the `Prose`."""


class InSource(Record):
    """Fires once on a file whose source holds one of `texts`, case and all.

    The rule is called with the `ast.Module`.
    """

    texts: tuple[str, ...]


class UnusedName(Record):
    """Fires on a name of this kind that nothing uses; the rule is called with the `Unused`.

    `kind` is one of `UNUSED_KINDS`.
    """

    kind: str


class LinkedFiles(Record):
    """Fires once for each set of files that imports connect, when every file has been seen.

    The rule is called with their modules.
    """


Trigger: TypeAlias = "type[ast.Node] | Words | AnyProse | InSource | UnusedName | LinkedFiles"
"""A class of the AST fires on every statement, declaration, section, check and import of it."""

Check: TypeAlias = "Callable[[Any, Any], None]"
"""Takes the `LintContext`, which stands above this module, and what fired the trigger."""

Condition: TypeAlias = "Callable[[Any, Any], bool]"
"""Whether a rule is worth loading; takes the same."""


class Rule(Record):
    """One rule. Its module holds `SPEC` (the diagnostic, named like the rule), `check` and, where it
    has options, `OPTIONS`: the name of each option with its default, a whole number.

    The module stands in the folder `room` of `lint.rules`; without `module` it is named like the rule.
    A module of several rules holds `SPECS`, by their names. What fires a trigger without meeting
    `when` is passed over, and does not import the module.
    """

    room: str
    name: str
    triggers: tuple[Trigger, ...]
    module: str = ""
    when: Condition | None = None

    @property
    def needs_whole_program(self) -> bool:
        """Whether the rule can tell something only when all flows of a project are there."""
        return any(
            isinstance(trigger, LinkedFiles)
            or (isinstance(trigger, UnusedName) and trigger.kind in SHARED_KINDS)
            for trigger in self.triggers
        )

    def load(self) -> LoadedRule:
        """The rule's implementation; imports its module."""
        from importlib import import_module

        name = self.module or self.name.replace("-", "_")
        module = import_module(f"flowdsl.lint.rules.{self.room}.{name}")
        spec = module.SPECS[self.name] if hasattr(module, "SPECS") else module.SPEC
        return LoadedRule(spec, module.check, getattr(module, "OPTIONS", {}))


class LoadedRule(Record):
    """What the module of a rule holds."""

    spec: DiagnosticSpec
    check: Check
    options: Mapping[str, int]
