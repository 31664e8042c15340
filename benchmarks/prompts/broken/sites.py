"""Where the back end of the compiler can be broken, found in the trees of its modules.

Nobody chooses these places: every condition, call, element and variable of every function is one.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from keyword import iskeyword
from pathlib import Path
from typing import NamedTuple

from .imported import for_imports

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
    "flowdsl/prompt/sentences.py": "reads the sentences at import, before anything is broken",
    "flowdsl/semantics/control_flow/findings.py": "how messages tell of what `dataflow` finds",
    "flowdsl/semantics/control_flow/path_counts.py": "on how many paths, as messages tell",
    "flowdsl/semantics/control_flow/leaving.py:failure_words": "where a message stands",
    "flowdsl/semantics/control_flow/leaving.py:leaves_after": "whether warnings are given",
    "flowdsl/semantics/control_flow/replay.py:_ReplayWalk._find_unfit_part": "words of a message",
    "flowdsl/semantics/control_flow/replay.py:_label_requirement": "the labels of a message",
    "flowdsl/semantics/control_flow/replay.py:_report_nested": "the labels of a message",
    "flowdsl/semantics/control_flow/required_tools.py:_negate_condition": "the help of a message",
    "flowdsl/semantics/control_flow/required_tools.py:_replace_finish": "the help of a message",
    "flowdsl/semantics/control_flow/required_tools.py:_suggest_command": "the help of a message",
    "flowdsl/semantics/control_flow/required_tools.py:suggest_rewrite": "the help of a message",
}
"""Modules and functions that make no part of a payload, and do not decide whether there is one;
neither the law nor the corpus can say a word on them."""
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

Lines = tuple[int, int]
"""The first and the last line of a part of a file."""


class Change(NamedTuple):
    """The kind of a change, the code before and after it, and what makes it in the tree."""

    kind: str
    old: str
    new: str
    make: Callable[[], None]


@dataclass(frozen=True)
class Site:
    """One change of one function.

    `outer` is the name and the first line of the function of the module that it stands in,
    `function` the name of the innermost one, and `number` its position among changes of `outer`.
    A program has to come by one of `lines`, those of the statement without the bodies in it, for
    the change to matter. `id` stays the same while the function has the same code there, and `mark`
    while that code differs in its names alone.
    """

    path: str
    id: str
    mark: str
    kind: str
    function: str
    outer: tuple[str, int]
    lines: Lines
    number: int

    @property
    def places(self) -> frozenset[tuple[str, int | str]]:
        """What a program has to come by for the change to matter."""
        first, last = self.lines
        return frozenset((self.path, line) for line in range(first, last + 1))


def files() -> list[str]:
    """The files that are broken."""
    found = {path for place in PLACES for path in ROOT.glob(place)}
    names = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return [each for each in names if each not in NO_PART]


def sites(path: str) -> list[Site]:
    """Every change of a file, in order."""
    found: list[Site] = []
    seen: Counter[str] = Counter()
    marks: Counter[str] = Counter()
    text = _text(path).splitlines()
    for number, (name, outer, lines, change) in _numbered(path):
        if name in _for_imports() or f"{path}:{name}" in NO_PART:
            continue
        told = f"{path}:{name}: {change.kind}: {_short(change.old)} -> {_short(change.new)}"
        seen[told] += 1
        nth = f" #{seen[told]}" if seen[told] > 1 else ""
        statement = "\n".join(text[lines[0] - 1 : lines[1]])
        shape = _digest(f"{change.kind}: {_without_names(statement)}").hex()[:8]
        marks[shape] += 1
        mark = f"{shape}.{marks[shape]}"
        found.append(Site(path, told + nth, mark, change.kind, name, outer, lines, number))
    return found


def _without_names(code: str) -> str:
    """Some code with numbers in place of names, by the order in which these stand there."""
    names: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        word = match[0]
        return word if iskeyword(word) else names.setdefault(word, f"n{len(names)}")

    return re.sub(r"\b[^\W\d]\w*", number, " ".join(code.split()))


@cache
def _for_imports() -> frozenset[str]:
    return for_imports(ROOT, map(parsed, files()))


def drawn(seed: int, count: int, by: str = "kinds", paths: Sequence[str] = ()) -> list[Site]:
    """So many changes of all files, or of some: as many of each kind, or of each function.

    Their order is that of digests of their ids: an edit of the compiler changes the draw by what it
    edits alone.
    """
    heaps: defaultdict[str, list[Site]] = defaultdict(list)
    for path in paths or files():
        for site in sites(path):
            heaps[site.kind if by == "kinds" else f"{path}:{site.function}"].append(site)
    for heap in heaps.values():
        heap.sort(key=lambda site: _digest(f"{seed} {site.id}"))
    order = sorted(heaps) if by == "kinds" else sorted(heaps, key=lambda name: _digest(name))
    found: list[Site] = []
    while len(found) < count and any(heaps.values()):
        found += [heaps[name].pop() for name in order if heaps[name]]
    return found[:count]


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def parsed(path: str) -> ast.Module:
    return ast.parse(_text(path))


@cache
def _text(path: str) -> str:
    """A file as it was when the study began: an edit meanwhile would shift its changes."""
    return (ROOT / path).read_text(encoding="utf-8")


def broken(site: Site) -> ast.Module:
    """A module with the changed function alone, in the class that it stands in."""
    name, first = site.outer
    (holder, function) = next(
        (holder, each)
        for holder, each in _functions(_tree(site.path))
        if _name(holder, each) == name and _first_line(each) == first
    )
    changed = deepcopy(function)
    found = list(_in_function(changed, name))
    found[site.number][-1].make()
    outer: ast.stmt = changed
    if holder is not None:
        outer = ast.copy_location(ast.ClassDef(holder.name, [], [], [changed], []), holder)
    future = ast.ImportFrom("__future__", [ast.alias("annotations")], 0)
    return ast.fix_missing_locations(ast.Module([future, outer], []))


def _numbered(path: str) -> Iterator[tuple[int, tuple[str, tuple[str, int], Lines, Change]]]:
    """The changes of a file, each with its number in the function of the module."""
    for holder, function in _functions(_tree(path)):
        yield from enumerate(_in_function(function, _name(holder, function)))


@cache
def _tree(path: str) -> ast.Module:
    return parsed(path)


def _short(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


# Walking

Found = tuple[Lines, Change]


def _functions(tree: ast.Module) -> Iterator[tuple[ast.ClassDef | None, ast.FunctionDef]]:
    """The functions of a module and the methods of its classes, each with its class."""
    for statement in tree.body:
        match statement:
            case ast.FunctionDef():
                yield None, statement
            case ast.ClassDef():
                for inner in statement.body:
                    if isinstance(inner, ast.FunctionDef):
                        yield statement, inner
            case _:
                pass


def _name(holder: ast.ClassDef | None, function: ast.FunctionDef) -> str:
    return function.name if holder is None else f"{holder.name}.{function.name}"


def _first_line(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(each.lineno for each in function.decorator_list)])


def _in_function(
    function: ast.FunctionDef, name: str
) -> Iterator[tuple[str, tuple[str, int], Lines, Change]]:
    first = _first_line(function)
    for lines, change in _of_body(function, _own(function)):
        yield name, (name, first), lines, change


class Own(NamedTuple):
    """What a function has: its parameters and the variables that it sets, and texts in it."""

    names: list[str]
    texts: list[str]

    def within(self, function: ast.FunctionDef) -> Own:
        """What a function in it has besides."""
        inner = _own(function)
        return Own(sorted({*self.names, *inner.names}), sorted({*self.texts, *inner.texts}))


def _own(function: ast.FunctionDef) -> Own:
    texts = {
        node.value
        for node in _nodes(function)
        # One with a blank is a message.
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value
    }
    return Own(_names(function), sorted(texts))


def _names(function: ast.FunctionDef) -> list[str]:
    """The parameters of a function and the variables that it sets."""
    given = function.args
    found = {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
    for node in _nodes(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
    return sorted(found - {"self", "cls", "_"})


def _nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions in it."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield from _nodes(child)


def _of_body(function: ast.FunctionDef, own: Own) -> Iterator[Found]:
    """The changes of a function, and of functions in it with their names."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    for at, statement in enumerate(function.body):
        if statement in body:
            yield from _of_statement(function.body, at, statement)
            yield from _of_node(statement, own, _head(statement))


def _of_node(node: ast.AST, own: Own, lines: Lines) -> Iterator[Found]:
    """The changes of a node and of what is in it, without types and messages of errors."""
    if isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return  # an assertion on the lengths of a `zip`
    if isinstance(node, ast.FunctionDef):
        yield from _of_body(node, own.within(node))
        return
    for change in _of_this(node, own):
        yield lines, change
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        inner = value if isinstance(value, list) else [value]
        for at, each in enumerate(inner):
            if isinstance(each, ast.stmt):
                yield from _of_statement(value, at, each)
            if isinstance(each, ast.stmt | ast.match_case):
                yield from _of_node(each, own, _head(each))
            elif isinstance(each, ast.AST):
                yield from _of_node(each, own, lines)


def _head(node: ast.stmt | ast.match_case) -> Lines:
    """The lines of a statement or a case without the bodies in it."""
    first = node.pattern if isinstance(node, ast.match_case) else node
    match node:
        case ast.Match(subject=subject):
            return node.lineno, subject.end_lineno or node.lineno
        case ast.If() | ast.For() | ast.While() | ast.With() | ast.match_case():
            return first.lineno, max(first.lineno, node.body[0].lineno - 1)
        case ast.Try():
            return node.lineno, node.body[0].end_lineno or node.lineno
        case _:
            return first.lineno, first.end_lineno or first.lineno


def _of_statement(body: list[ast.stmt], at: int, statement: ast.stmt) -> Iterator[Found]:
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
            change = Change("drop statement", ast.unparse(statement), "pass", drop)
            yield _head(statement), change
        case _:
            pass


def _of_this(node: ast.AST, own: Own) -> Iterator[Change]:
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
            for value in (False,) if isinstance(node, ast.While) else (True, False):
                yield _decided(node, "test", node.test, value)
        case ast.comprehension(ifs=[test]):
            yield _changed("negate", node, "ifs", [_not(test)])
            for value in (True, False):
                yield _decided(node, "ifs", test, value)
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
        case ast.Constant(value=str() as value) if value in own.texts and len(own.texts) > 1:
            yield _changed("wrong text", node, "value", _next(own.texts, value))
        case ast.Name(ctx=ast.Load(), id=name) if name in own.names and len(own.names) > 1:
            yield _changed("wrong variable", node, "id", _next(own.names, name))
        case _:
            pass


def _changed(kind: str, node: ast.AST, field: str, value: object) -> Change:
    """A field of a node has another value."""
    before = getattr(node, field)
    old = ast.unparse(node)
    setattr(node, field, value)
    new = ast.unparse(node)
    setattr(node, field, before)
    return Change(kind, old, new, lambda: setattr(node, field, value))


def _of_compare(node: ast.Compare, operator: ast.cmpop) -> Iterator[Change]:
    other = {**OPPOSITES, **BOUNDS}[type(operator)]
    yield _changed("compare", node, "ops", [other()])


def _next(names: list[str], name: str) -> str:
    return names[(names.index(name) + 1) % len(names)]


def _decided(node: ast.AST, field: str, test: ast.expr, value: bool) -> Change:
    """A condition that always holds, or never does."""
    constant = ast.copy_location(ast.Constant(value), test)
    new = [constant] if field == "ifs" else constant
    return Change("decide", ast.unparse(test), str(value), lambda: setattr(node, field, new))


def _not(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _negated(node: ast.If | ast.While | ast.IfExp) -> Iterator[Change]:
    """The condition turned round, where no other operator does the same."""
    test = node.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in OPPOSITES:
        return

    def negate() -> None:
        node.test = _not(test)

    yield Change("negate", ast.unparse(test), ast.unparse(_not(test)), negate)


def _dropped(node: ast.AST, elements: list) -> Iterator[Change]:
    """Each of some elements left out; an operand that is left alone stands there twice."""
    needs_two = isinstance(node, ast.BoolOp | ast.MatchOr)
    for at, each in enumerate(elements):
        old = ast.unparse(node)
        rest = [*elements[:at], *elements[at + 1 :]]
        rest *= 2 if needs_two and len(rest) == 1 else 1

        def drop(rest: list = rest) -> None:
            elements[:] = rest

        yield Change("drop element", f"{ast.unparse(each)} of {old}", "", drop)


def _of_dict(node: ast.Dict) -> Iterator[Change]:
    for at, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):

        def drop(at: int = at) -> None:
            del node.keys[at], node.values[at]

        told = "**" if key is None else ast.unparse(key)
        yield Change("drop element", f"{told}: {ast.unparse(value)}", "", drop)


def _of_call(node: ast.Call) -> Iterator[Change]:
    for at in range(len(node.args) - 1):
        one, two = node.args[at : at + 2]
        starred = isinstance(one, ast.Starred) or isinstance(two, ast.Starred)
        if not starred and ast.dump(one) != ast.dump(two):
            swapped = [*node.args[:at], two, one, *node.args[at + 2 :]]
            yield _changed("swap", node, "args", swapped)
    for at, keyword in enumerate(node.keywords):
        if keyword.arg not in (None, "strict"):
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

    return Change("swap", ast.unparse(node), new, swap)


def _of_match(node: ast.Match) -> Iterator[Change]:
    for one, two in zip(node.cases, node.cases[1:], strict=False):
        first, second = one.body, two.body
        if list(map(ast.dump, first)) == list(map(ast.dump, second)):
            continue

        def swap(one=one, two=two, first=first, second=second) -> None:
            one.body, two.body = second, first

        old = f"case {ast.unparse(one.pattern)}: … case {ast.unparse(two.pattern)}: …"
        yield Change("swap", old, "bodies swapped", swap)
