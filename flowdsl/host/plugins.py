"""Lint rules of installed packages, by the entry points that `[lint] plugins` names.

A pull request can change every file of the repository that holds the project, and must not bring
code that runs where it is checked. So a package counts only when it lies outside of that
repository, or in a folder where the running Python installs packages. Such a folder is not tracked
by git, even when a virtual environment lies in the project.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, EntryPoint, distributions
from importlib.util import find_spec

from flowdsl.lint.rule import Rule

GROUP = "flowdsl.rules"


def load_plugins(names: Iterable[str], root: str) -> tuple[tuple[Rule, ...], list[tuple[str, str]]]:
    """Return the rules of the entry points `names`, and the names without rules, with reasons.

    An entry point is in the group `flowdsl.rules` and is a sequence of `Rule`. A package runs only
    if the project file names it and it lies outside of the repository around `root`, the project's
    folder.
    """
    repository = _Repository(root)
    rules: list[Rule] = []
    problems: list[tuple[str, str]] = []
    for name in names:
        try:
            with repository.hidden():
                loaded = tuple(repository.entry_point(name).load())
                for rule in loaded:
                    rule.load()
        except _UnusablePlugin as unusable:
            problems.append((name, str(unusable)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may fail in any way
            problems.append((name, f"it cannot be loaded: {type(error).__name__}"))
        else:
            rules += loaded
    return tuple(rules), problems


class _UnusablePlugin(Exception):
    """An entry point cannot be used; the message completes a sentence that names it."""


class _Repository:
    """The files that a pull request can change.

    They are the git work tree around a folder, the outermost when there are several, or without git
    that folder.
    """

    def __init__(self, root: str) -> None:
        root = os.path.realpath(root)
        top = root
        for folder in _walk_upwards(root):
            if os.path.lexists(os.path.join(folder, ".git")):
                top = folder
        self._top = top
        self._installed = [os.path.realpath(folder) for folder in _site_folders()]
        self._offered: list[EntryPoint] = []
        self._refused: list[tuple[str, str]] = []
        for distribution in distributions():
            place = _place_of_metadata(distribution)
            try:
                offered = distribution.entry_points.select(group=GROUP)
            except (TypeError, ValueError, OSError):  # another package's file is damaged
                continue
            for entry_point in offered:
                if self._can_change(place):
                    self._refused.append((entry_point.name, place))
                else:
                    self._offered.append(entry_point)

    def entry_point(self, name: str) -> EntryPoint:
        """Return the entry point `name`; raises `_UnusablePlugin` if its code may not run."""
        offered = [each for each in self._offered if each.name == name]
        if not offered:
            for refused, place in self._refused:
                if refused == name:
                    raise self._within("the package that has it", place)
            known = ", ".join(f"`{each.name}`" for each in self._offered) or "none"
            raise _UnusablePlugin(f"no installed package has it; those that are installed: {known}")
        parts = offered[0].module.split(".")
        for count in range(1, len(parts) + 1):
            # Finding a module runs its parents, and each of them was checked before.
            spec = find_spec(".".join(parts[:count]))
            for place in () if spec is None else _places_of_code(spec):
                if self._can_change(place):
                    raise self._within("its code", place)
        return offered[0]

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Return a context in which imports find nothing inside the repository."""
        before = sys.path[:]
        sys.path[:] = [place for place in sys.path if not self._can_change(place or os.curdir)]
        try:
            yield
        finally:
            sys.path[:] = before

    def _within(self, what: str, place: str) -> _UnusablePlugin:
        path = os.path.relpath(os.path.realpath(place), self._top).replace(os.sep, "/")
        return _UnusablePlugin(
            f"{what}, `{path}`, lies in the repository of the project, where a pull request can "
            "change it; install it from "
            "elsewhere, and not in editable mode"
        )

    def _can_change(self, place: str) -> bool:
        """Whether a pull request can change files at `place`."""
        folders = list(_walk_upwards(os.path.realpath(place)))
        return any(_is_same_folder(folder, self._top) for folder in folders) and not any(
            _is_same_folder(folder, installed)
            for folder in folders
            for installed in self._installed
        )


def _walk_upwards(path: str) -> Iterator[str]:
    """Yield a path, then the folders above it, the nearest first."""
    while True:
        yield path
        above = os.path.dirname(path)
        if above == path:
            return
        path = above


def _is_same_folder(one: str, other: str) -> bool:
    """Whether both are one folder, also if the file system ignores case."""
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:
        return False


def _site_folders() -> list[str]:
    """Return the folders in which the running Python installs packages."""
    import site

    return [
        *site.getsitepackages(),
        *([site.getusersitepackages()] if site.ENABLE_USER_SITE else []),
    ]


def _place_of_metadata(distribution: Distribution) -> str:
    """Return the folder of a distribution's metadata, or else its parent folder."""
    return str(getattr(distribution, "_path", distribution.locate_file("")))


def _places_of_code(spec: ModuleSpec) -> list[str]:
    """Return the places of a module's code; several folders for a namespace package."""
    if spec.has_location and spec.origin is not None:
        return [spec.origin]
    return list(spec.submodule_search_locations or ())
