"""What the package imports comes with the base install, or with the extra whose part it is."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions, requires
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {"cloud": {"obstore"}, "lsp": {"lsprotocol", "pygls"}, "watch": {"watchfiles"}}
"""Of each extra for users, what only it brings."""


def distribution(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return name[0].lower().replace("_", "-")


def installed_with(requirements: Iterable[str]) -> set[str]:
    """The distributions that these bring, with all that they need."""
    found: set[str] = set()
    left = [distribution(each) for each in requirements]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            needed = requires(name) or () if name != "flowdsl" else ()
            left += [distribution(each) for each in needed if ";" not in each]
    return found


def imported() -> set[str]:
    """The top-level modules that the package imports anywhere, without Python's and its own."""
    names: set[str] = set()
    known = sys.stdlib_module_names | {"flowdsl"}
    for path in (ROOT / "flowdsl").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        # To parse all takes seconds. Lines of prose begin so, too, which does no harm.
        if known.issuperset(re.findall(r"(?m)^\s*(?:from|import)\s+(\w+)", text)):
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Import(names=aliases):
                    names |= {alias.name.partition(".")[0] for alias in aliases}
                case ast.ImportFrom(module=str(module), level=0):
                    names.add(module.partition(".")[0])
    return names - known


def test_what_is_imported_comes_with_the_base_install_or_an_extra() -> None:
    base = installed_with(PROJECT["dependencies"])
    providers = packages_distributions()
    missing = {
        name for name in imported() if not {distribution(each) for each in providers[name]} & base
    }
    assert missing == set().union(*EXTRAS.values())
    extras = PROJECT["optional-dependencies"]
    assert {
        name: set(map(distribution, extras[name])) for name in extras if name != "dev"
    } == EXTRAS
