"""Where the back end of the compiler can be broken, found in the trees of its modules.

Nobody chooses these places: every condition, call, element and variable of every function is one.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[3]
PLACES = (
    "flowdsl/ir/**/*.py",
    "flowdsl/codegen/**/*.py",
    "flowdsl/prompt/*.py",
    "flowdsl/semantics/control_flow/*.py",
)
NO_PART = {
    "flowdsl/ir/source_map.py": "places of lines, for traces",
    "flowdsl/ir/verify.py": "refuses what no pass makes",
    "flowdsl/prompt/cost.py": "what a prompt costs",
    "flowdsl/prompt/likeness.py": "which text is like a prompt, for imports",
}
"""Modules that make no part of a payload; neither the law nor the corpus can say a word on them."""

LONGEST = 100
"""Characters of the code that an id quotes."""

OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
BOUNDS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}

Change = tuple[str, str, str, Callable[[], None]]
"""The kind of a change, the code before and after it, and what makes it in the tree."""


@dataclass(frozen=True)
class Site:
    """One change of one function.

    `outer` is the name and the first line of the function of the module that it stands in, and
    `number` its position among all changes of the file. `id` stays the same while the function
    has the same code there.
    """

    path: str
    id: str
    kind: str
    outer: tuple[str, int]
    number: int


def files() -> list[str]:
    """The files that are broken."""
    found = {path for place in PLACES for path in ROOT.glob(place)}
    names = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return [each for each in names if each not in NO_PART]


def sites(path: str) -> list[Site]:
    """Every change of a file, in order."""
    found: list[Site] = []
    seen: Counter[str] = Counter()
    for number, (name, outer, change) in enumerate(_changes(parsed(path))):
        kind, old, new, _ = change
        told = f"{path}:{name}: {kind}: {_short(old)} -> {_short(new)}"
        seen[told] += 1
        nth = f" #{seen[told]}" if seen[told] > 1 else ""
        found.append(Site(path, told + nth, kind, outer, number))
    return found


def drawn(seed: int, count: int, paths: Sequence[str] = ()) -> list[Site]:
    """So many changes of all files, or of some: of each kind as many, while there are.

    Their order is that of digests of their ids: an edit of the compiler changes the draw by what it
    edits alone.
    """
    by_kind: defaultdict[str, list[Site]] = defaultdict(list)
    for path in paths or files():
        for site in sites(path):
            by_kind[site.kind].append(site)
    heaps = [
        sorted(by_kind[kind], key=lambda site: sha256(f"{seed} {site.id}".encode()).digest())
        for kind in sorted(by_kind)
    ]
    found: list[Site] = []
    while len(found) < count and any(heaps):
        found += [heap.pop() for heap in heaps if heap]
    return found[:count]


def parsed(path: str) -> ast.Module:
    return ast.parse(_text(path))


@cache
def _text(path: str) -> str:
    """A file as it was when the study began: an edit meanwhile would shift its changes."""
    return (ROOT / path).read_text(encoding="utf-8")


def broken(site: Site) -> ast.Module:
    """The tree of the file with the change made."""
    tree = parsed(site.path)
    for number, (_, _, change) in enumerate(_changes(tree)):
        if number == site.number:
            change[3]()
            return ast.fix_missing_locations(tree)
    raise AssertionError(site)


def _short(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


# Walking


def _changes(tree: ast.Module) -> Iterator[tuple[str, tuple[str, int], Change]]:
    """The changes in all functions of a module: the name of each, that of the outermost one."""
    for statement in tree.body:
        match statement:
            case ast.FunctionDef():
                yield from _in_function(statement, statement.name)
            case ast.ClassDef():
                for inner in statement.body:
                    if isinstance(inner, ast.FunctionDef):
                        yield from _in_function(inner, f"{statement.name}.{inner.name}")
            case _:
                pass


def _in_function(
    function: ast.FunctionDef, name: str
) -> Iterator[tuple[str, tuple[str, int], Change]]:
    first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    for change in _of_body(function, _names(function)):
        yield name, (name, first), change


def _names(function: ast.FunctionDef | ast.Lambda) -> list[str]:
    """The parameters of a function and the variables that it sets."""
    given = function.args
    found = {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
    for node in _own(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
    return sorted(found - {"self", "cls", "_"})


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions in it."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield from _own(child)


def _of_body(function: ast.FunctionDef, names: list[str]) -> Iterator[Change]:
    """The changes of a function, and of functions in it with their names."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    for at, statement in enumerate(function.body):
        if statement in body:
            yield from _of_statement(function.body, at, statement)
            yield from _of_node(statement, names)


def _of_node(node: ast.AST, names: list[str]) -> Iterator[Change]:
    """The changes of a node and of what is in it, without types and messages of errors."""
    if isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.FunctionDef):
        yield from _of_body(node, sorted({*names, *_names(node)}))
        return
    yield from _of_this(node, names)
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        inner = value if isinstance(value, list) else [value]
        for at, each in enumerate(inner):
            if isinstance(each, ast.stmt):
                yield from _of_statement(value, at, each)
            if isinstance(each, ast.AST):
                yield from _of_node(each, names)


def _of_statement(body: list[ast.stmt], at: int, statement: ast.stmt) -> Iterator[Change]:
    """A statement without which the function goes on."""

    def drop() -> None:
        body[at] = ast.copy_location(ast.Pass(), statement)

    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            pass
        case (
            ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom())
            | ast.AugAssign()
            | ast.For()
            | ast.If(orelse=[])
            | ast.Continue()
            | ast.Break()
            | ast.Assign(targets=[ast.Attribute() | ast.Subscript()])
        ):
            yield "drop statement", ast.unparse(statement), "pass", drop
        case _:
            pass


def _of_this(node: ast.AST, names: list[str]) -> Iterator[Change]:
    """The changes of one node."""
    match node:
        case ast.Compare(ops=[operator]):
            yield from _of_compare(node, operator)
        case ast.BoolOp():
            yield _changed(
                "bool", node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And()
            )
            yield from _dropped(node, node.values)
        case ast.If() | ast.While() | ast.IfExp():
            yield from _negated(node)
        case ast.comprehension(ifs=[test]):
            yield _changed("negate", node, "ifs", [_not(test)])
        case ast.Call():
            yield from _of_call(node)
        case ast.BinOp(op=ast.Add()):
            if not _are_numbers(node) and ast.dump(node.left) != ast.dump(node.right):
                yield _swapped_sides(node)
        case ast.Match():
            yield from _of_match(node)
        case ast.MatchOr():
            yield from _dropped(node, node.patterns)
        case ast.Constant(value=bool() as value):
            yield _changed("flip", node, "value", not value)
        case ast.Constant(value=int() as value):
            yield _changed("off by one", node, "value", value + 1)
        case ast.Tuple(ctx=ast.Load()) | ast.List(ctx=ast.Load()) | ast.Set():
            if len(node.elts) > 1:
                yield from _dropped(node, node.elts)
        case ast.Dict():
            yield from _of_dict(node)
        case ast.Name(ctx=ast.Load(), id=name) if name in names and len(names) > 1:
            other = names[(names.index(name) + 1) % len(names)]
            yield _changed("wrong variable", node, "id", other)
        case _:
            pass


def _changed(kind: str, node: ast.AST, field: str, value: object) -> Change:
    """A field of a node has another value."""
    before = getattr(node, field)
    old = ast.unparse(node)
    setattr(node, field, value)
    new = ast.unparse(node)
    setattr(node, field, before)
    return kind, old, new, lambda: setattr(node, field, value)


def _of_compare(node: ast.Compare, operator: ast.cmpop) -> Iterator[Change]:
    other = {**OPPOSITES, **BOUNDS}[type(operator)]
    yield _changed("compare", node, "ops", [other()])


def _not(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _negated(node: ast.If | ast.While | ast.IfExp) -> Iterator[Change]:
    """The condition turned round, where no other operator does the same."""
    test = node.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in OPPOSITES:
        return

    def negate() -> None:
        node.test = _not(test)

    yield "negate", ast.unparse(test), ast.unparse(_not(test)), negate


def _dropped(node: ast.AST, elements: list) -> Iterator[Change]:
    """Each of some elements left out; an operand that is left alone stands there twice."""
    needs_two = isinstance(node, ast.BoolOp | ast.MatchOr)
    for at, each in enumerate(elements):
        old = ast.unparse(node)
        rest = [*elements[:at], *elements[at + 1 :]]
        rest *= 2 if needs_two and len(rest) == 1 else 1

        def drop(rest: list = rest) -> None:
            elements[:] = rest

        yield "drop element", f"{ast.unparse(each)} of {old}", "", drop


def _of_dict(node: ast.Dict) -> Iterator[Change]:
    for at, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):

        def drop(at: int = at) -> None:
            del node.keys[at], node.values[at]

        told = "**" if key is None else ast.unparse(key)
        yield "drop element", f"{told}: {ast.unparse(value)}", "", drop


def _of_call(node: ast.Call) -> Iterator[Change]:
    for at in range(len(node.args) - 1):
        one, two = node.args[at : at + 2]
        starred = isinstance(one, ast.Starred) or isinstance(two, ast.Starred)
        if not starred and ast.dump(one) != ast.dump(two):
            swapped = [*node.args[:at], two, one, *node.args[at + 2 :]]
            yield _changed("swap", node, "args", swapped)
    for at, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            rest = [*node.keywords[:at], *node.keywords[at + 1 :]]
            yield _changed("drop element", node, "keywords", rest)


def _are_numbers(node: ast.BinOp) -> bool:
    """Whether the order of a sum makes no difference, as far as one sees."""
    return any(
        isinstance(each, ast.Constant) and isinstance(each.value, int)
        for side in (node.left, node.right)
        for each in ast.walk(side)
    )


def _swapped_sides(node: ast.BinOp) -> Change:
    left, right = node.left, node.right
    new = ast.unparse(ast.BinOp(right, node.op, left))

    def swap() -> None:
        node.left, node.right = right, left

    return "swap", ast.unparse(node), new, swap


def _of_match(node: ast.Match) -> Iterator[Change]:
    for one, two in zip(node.cases, node.cases[1:], strict=False):
        first, second = one.body, two.body
        if list(map(ast.dump, first)) == list(map(ast.dump, second)):
            continue

        def swap(one=one, two=two, first=first, second=second) -> None:
            one.body, two.body = second, first

        old = f"case {ast.unparse(one.pattern)}: … case {ast.unparse(two.pattern)}: …"
        yield "swap", old, "bodies swapped", swap
