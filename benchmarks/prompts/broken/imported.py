"""Functions of the back end that only imports call; these have laws of their own."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path


def for_imports(root: Path, trees: Iterable[ast.Module]) -> frozenset[str]:
    """The functions that only imports call, of which the trees are modules of the back end."""
    words: defaultdict[bool, Counter[str]] = defaultdict(Counter)
    defined: Counter[str] = Counter()
    for path in root.glob("flowdsl/**/*.py"):
        text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
        words["decompile" in path.parts].update(re.findall(r"\w+", text))
        defined.update(re.findall(r"^def ([^\W_]\w*)", text, re.M))
    others, imports = words[False], words[True]
    found = {each for each in defined if others[each] <= defined[each] and imports[each]}
    for tree in trees:
        found |= _helpers(tree, found)
    return frozenset(found)


def _helpers(tree: ast.Module, callers: set[str]) -> set[str]:
    """The functions of a module that nothing in it names but some functions, and what they name."""
    named_by: defaultdict[str, set[str]] = defaultdict(set)
    for number, statement in enumerate(tree.body):
        by = getattr(statement, "name", str(number))
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id != by:
                named_by[node.id].add(by)
    own = [each.name for each in tree.body if isinstance(each, ast.FunctionDef)]
    found: set[str] = set()
    for _ in own:
        every = callers | found
        found |= {name for name in own if name[0] == "_" and set() < named_by[name] <= every}
    return found
