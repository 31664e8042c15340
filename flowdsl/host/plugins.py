"""Rules of installed packages, by the entry points that `[lint] plugins` names."""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.lint.rule import Rule

GROUP = "flowdsl.rules"


def load_plugins(names: Iterable[str]) -> tuple[tuple[Rule, ...], list[tuple[str, str]]]:
    """The rules behind the entry points of the group `flowdsl.rules` with these names, and the others with what is wrong.

    An entry point is a sequence of `Rule`. A package runs only when the project file names it.
    """
    from importlib.metadata import entry_points

    rules: list[Rule] = []
    problems: list[tuple[str, str]] = []
    for name in names:
        found = list(entry_points(group=GROUP, name=name))
        if not found:
            known = ", ".join(f"`{each.name}`" for each in entry_points(group=GROUP)) or "none"
            reason = f"no installed package has it; those that are installed: {known}"
            problems.append((name, reason))
            continue
        try:
            loaded = tuple(found[0].load())
            for rule in loaded:
                rule.load()
        except Exception as error:  # noqa: BLE001 - foreign code may fail in any way
            problems.append((name, f"it cannot be loaded: {type(error).__name__}"))
            continue
        rules += loaded
    return tuple(rules), problems
