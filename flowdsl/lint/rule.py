"""What a rule is: a name, its triggers, and a module that is loaded when one of them fires."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.source.record import Record
from flowdsl.syntax import ast

SHARED_KINDS = ("task", "type", "const", "fixture")
"""Kinds of names that other files may use."""

UNUSED_KINDS = ("import", "input", "parameter", "runtime variable", "secret", *SHARED_KINDS)
"""Kinds of names for which there are rules when nothing uses them."""


class Words(Record):
    """Fires on prose that holds one of `words`, in lower case, and has one of `roles`, if any.

    The rule is called with the `Prose`.
    """

    words: tuple[str, ...]
    roles: tuple[str, ...] = ()


class InSource(Record):
    """Fires once on a file whose source holds one of `texts`, in exactly this case.

    The rule is called with the `ast.Module`.
    """

    texts: tuple[str, ...]


class UnusedName(Record):
    """Fires on a name of one of `UNUSED_KINDS` that nothing uses.

    The rule is called with the `Unused`.
    """

    kind: str


class LinkedFiles(Record):
    """Fires once for each set of files that imports connect, after every single file.

    The rule is called with their modules.
    """


Trigger: TypeAlias = "type[ast.Node] | Words | InSource | UnusedName | LinkedFiles"
"""What makes a rule run. A class of the AST fires on each of its nodes that is a statement,
declaration, section, check, import or whole file."""

Check: TypeAlias = "Callable[[Any, Any], None]"
"""Checks the object that fired the trigger.

Takes the `LintContext`, which is in a higher layer, and that object.
"""

Condition: TypeAlias = "Callable[[Any, Any], object]"
"""True if a rule needs to be loaded; takes the arguments of a `Check`."""


class Rule(Record):
    """One rule.

    Its module holds `SPEC` (the diagnostic, named as the rule is), `check` and, where it has
    options, `OPTIONS`: the default of each option by name, a whole number. A module of several
    rules holds them as `RULES` instead.

    `module` is the full name of the module; without one, it is the name of the rule. A rule of
    FlowDSL's own has a `home` instead, a module of `lint.rules`. Where a trigger fires but `when`
    does not hold, the module is not imported.
    """

    name: str
    triggers: tuple[Trigger, ...]
    module: str = ""
    when: Condition | None = None
    home: str = ""

    @property
    def needs_whole_program(self) -> bool:
        """Whether the rule works only if all flows of a project are loaded."""
        return any(
            isinstance(trigger, LinkedFiles)
            or (isinstance(trigger, UnusedName) and trigger.kind in SHARED_KINDS)
            for trigger in self.triggers
        )

    def load(self) -> LoadedRule:
        """The implementation of the rule; imports its module."""
        from importlib import import_module

        name = self.module or self.name.replace("-", "_")
        module = import_module(f"flowdsl.lint.rules.{self.home}" if self.home else name)
        # A plugin may well call the sequence of its own rules so.
        for each in getattr(module, "RULES", ()):
            if isinstance(each, LoadedRule) and each.spec.name == self.name:
                return each
        return LoadedRule(module.SPEC, module.check, getattr(module, "OPTIONS", {}))


class LoadedRule(Record):
    """The contents of a rule's module."""

    spec: DiagnosticSpec
    check: Check
    options: Mapping[str, int] = {}
