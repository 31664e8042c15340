"""How one change gets into a process: the function that it stands in has other code."""

from __future__ import annotations

import importlib
import inspect
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .sites import ROOT, Site, broken, files

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

    def _forget(self) -> None:
        """Clear what remembers results of these functions."""
        for module in self._modules:
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


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
