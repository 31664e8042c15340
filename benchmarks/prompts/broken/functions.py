"""Other code for functions of this process: with a change in it, or telling what they come by."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .sites import ROOT, Site, broken, files, parsed

Key = tuple[str, str, int]
"""A function by its file, its name and its first line."""


class Gone(Exception):
    """There is no such function to be changed in this process."""


class Functions:
    """The functions of the compiler's back end in this process."""

    def __init__(self) -> None:
        self._modules = [importlib.import_module(_module(path)) for path in files()]
        self._found: defaultdict[Key, list[FunctionType]] = defaultdict(list)
        for module in self._modules:
            for function in _functions(module):
                self._found[_key(function.__code__)].append(function)

    @contextmanager
    def broken(self, site: Site) -> Iterator[None]:
        """This process with one change in it; raises `Gone`.

        What other modules remember of it meanwhile stays, so that a study gives each change a
        process of its own.
        """
        key = (str(ROOT / site.path), *site.outer)
        functions = self._found.get(key, [])
        whole = compile(broken(site), key[0], "exec", dont_inherit=True)
        codes = [each for each in _codes(whole) if _key(each) == key]
        if not functions or len(codes) != 1:
            raise Gone(f"{len(functions)} functions, {len(codes)} codes")
        before = [function.__code__ for function in functions]
        if any(code.co_freevars != codes[0].co_freevars for code in before):
            raise Gone("it needs other variables of where it stands")
        try:
            for function in functions:
                function.__code__ = codes[0]
            self._forget()
            yield
        finally:
            for function, code in zip(functions, before, strict=True):
                function.__code__ = code
            self._forget()

    @contextmanager
    def watched(self) -> Iterator[set[tuple[str, int | str]]]:
        """The lines of statements that are come by meanwhile."""
        found: set[tuple[str, int | str]] = set()
        for module in self._modules:
            vars(module)[_SEEN] = found
        plain = [function.__code__ for function, _ in self._telling]
        for function, code in self._telling:
            function.__code__ = code
        self._forget()
        try:
            yield found
        finally:
            for (function, _), code in zip(self._telling, plain, strict=True):
                function.__code__ = code

    @cached_property
    def _telling(self) -> list[tuple[FunctionType, CodeType]]:
        """The functions, each with code that adds the lines it comes by to a set."""
        pairs = []
        for path in files():
            tree = ast.fix_missing_locations(_Telling(path).visit(parsed(path)))
            whole = compile(tree, str(ROOT / path), "exec", dont_inherit=True)
            codes = {_key(code): code for code in _codes(whole)}
            pairs += [
                (function, code)
                for key, code in codes.items()
                for function in self._found.get(key, ())
                if function.__code__.co_freevars == code.co_freevars
            ]
        return pairs

    def _forget(self) -> None:
        """Clear what remembers results of these functions."""
        for module in self._modules:
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


_SEEN = "_seen_lines"
"""The variable of each module that holds the set, while it is watched."""


class _Telling(ast.NodeTransformer):
    """Puts a note of its line before each statement of a file.

    The patterns of a `match` are taken for come by wherever the `match` is.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(node, field, None)
            if isinstance(inner, list) and not isinstance(node, ast.Module | ast.ClassDef):
                setattr(node, field, [new for each in inner for new in self._told(each)])
        return node

    def _told(self, statement: ast.stmt) -> Iterator[ast.stmt]:
        lines = {statement.lineno}
        if isinstance(statement, ast.Match):
            lines |= {each.pattern.lineno for each in statement.cases}
        for line in sorted(lines):
            place = ast.Constant((self._path, line))
            adding = ast.Attribute(ast.Name(_SEEN, ast.Load()), "add", ast.Load())
            yield ast.copy_location(ast.Expr(ast.Call(adding, [place], [])), statement)
        yield statement


def _module(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    """The functions of a module and the methods of its classes."""
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        for each in vars(value).values() if inspect.isclass(value) else (value,):
            yield from _plain(each)


def _plain(value: Any) -> Iterator[FunctionType]:
    """The function in a property, a cache or a static method."""
    match value:
        case property():
            value = value.fget
        case cached_property():
            value = value.func
        case staticmethod() | classmethod():
            value = value.__func__
        case _:
            pass
    unwrapped = inspect.unwrap(value) if callable(value) else value
    if isinstance(unwrapped, FunctionType):
        yield unwrapped


def _key(code: CodeType) -> Key:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)
