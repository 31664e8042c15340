"""Write out the records of modules that mypyc compiles, as classes that it can make native.

A `Record` gets its `__init__` from a metaclass when a program runs, so that mypyc could only keep
it an ordinary class, and would lose `eq=True` and the like. The attributes of such a class are
looked up by name from compiled code, which takes longer than in the interpreter. Here each class is
written as what its metaclass makes of it. Only the copy that is compiled is changed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

BASE = "flowdsl/source/native_record.py"
"""The path of the module with the base of native records, in a compiled build alone."""

BASE_TEXT = '''"""The base of the records of compiled modules; see `tools/compiled`."""

from __future__ import annotations

from typing import Any


class NativeRecord:
    def __repr__(self) -> str:
        fields: tuple[str, ...] = type(self)._fields  # type: ignore[attr-defined]
        shown = ", ".join([f"{name}={getattr(self, name)!r}" for name in fields])
        return f"{type(self).__name__}({shown})"

    def __replace__(self, **changes: Any) -> Any:
        fields: tuple[str, ...] = type(self)._fields  # type: ignore[attr-defined]
        return type(self)(**({name: getattr(self, name) for name in fields} | changes))


def describe(
    class_: Any,
    fields: tuple[str, ...],
    defaults: dict[str, Any],
    annotations: dict[str, str],
    kw_only: bool,
) -> None:
    """Set what `Record` keeps on a class: its fields, and their defaults and annotations."""
    class_._fields = fields
    class_._defaults = defaults
    class_.__annotations__ = annotations
    setattr(class_, "__match_args__", () if kw_only else fields)
'''

_IMPORTS = """
from typing import ClassVar as _ClassVar
from typing import Literal as _Literal

from flowdsl.source.native_record import NativeRecord as _NativeRecord
from flowdsl.source.native_record import describe as _describe
"""
_FUTURE = "from __future__ import annotations\n"


@dataclass(frozen=True)
class _Fields:
    """The fields of a class with those that it inherits: their annotations, and their defaults.

    A default is an expression. `apart` are the fields that are not compared.
    """

    annotations: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()
    eq: bool = False
    kw_only: bool = False


Edit = tuple[int, int, list[str]]
"""The lines from one index up to another, and what is put in their place."""


def write_out_records(text: str) -> str:
    """Return the text of a module with its records written out; the same text if it has none.

    Raises `ValueError` for a record that is declared in a way that is not foreseen here.
    """
    bases = {"Record": _Fields()}
    edits: list[Edit] = []
    lines = text.split("\n")
    for class_ in ast.parse(text).body:
        if not isinstance(class_, ast.ClassDef):
            continue
        names = [base.id for base in class_.bases if isinstance(base, ast.Name)]
        if not bases.keys() & names:
            continue
        if len(class_.bases) != 1 or class_.decorator_list:
            raise ValueError(f"`{class_.name}` is not derived from a record alone")
        options = {option.arg for option in class_.keywords}
        if options - {"eq", "kw_only", "base"}:
            raise ValueError(f"`{class_.name}` has an option that a native class cannot have")
        inherited = bases[names[0]]
        fields = replace(
            inherited,
            eq=inherited.eq or "eq" in options,
            kw_only=inherited.kw_only or "kw_only" in options,
        )
        edits += _edits_of_class(class_, names[0], fields, lines, bases, "base" in options)
    if not edits:
        return text
    for start, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        lines[start:end] = new
    return "\n".join(lines).replace(_FUTURE, _FUTURE + _IMPORTS, 1)


def _edits_of_class(
    class_: ast.ClassDef,
    parent: str,
    inherited: _Fields,
    lines: list[str],
    bases: dict[str, _Fields],
    is_base: bool,
) -> list[Edit]:
    own: dict[str, str] = {}
    defaults = dict(inherited.defaults)
    apart = set(inherited.apart)
    before: list[str] = []
    edits: list[Edit] = []
    methods: dict[str, ast.FunctionDef] = {}
    for statement in class_.body:
        if isinstance(statement, ast.FunctionDef):
            methods[statement.name] = statement
        if not isinstance(statement, ast.AnnAssign):
            continue
        assert isinstance(statement.target, ast.Name)
        name, annotation = statement.target.id, ast.unparse(statement.annotation)
        own[name] = annotation
        value = statement.value
        if value is None:
            continue
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "uncompared":
            apart.add(name)
            value = value.keywords[0].value
        defaults[name] = ast.unparse(value)
        if not isinstance(value, ast.Constant):  # All instances share what is made once.
            defaults[name] = f"_default_{class_.name}_{name}"
            before.append(f"{defaults[name]}: {annotation} = {ast.unparse(value)}")
        edits.append(
            (statement.lineno - 1, statement.end_lineno or 0, [f"    {name}: {annotation}"])
        )
    fields = replace(
        inherited,
        annotations=inherited.annotations | own,
        defaults=defaults,
        apart=frozenset(apart),
    )
    if is_base:
        bases[class_.name] = fields
    first = class_.lineno - 1
    last = next(
        at for at in range(first, len(lines)) if lines[at].partition("#")[0].rstrip().endswith(":")
    )
    base = "_NativeRecord" if parent == "Record" else parent
    edits.append((first, last + 1, [*before, f"class {class_.name}({base}):"]))
    if "__init__" in methods:
        edits += _edits_of_initialiser(methods["__init__"])
    end = class_.end_lineno or 0
    edits.append(
        (end, end, [*_members(class_, fields, methods), "", "", _describe(class_, fields, own)])
    )
    return edits


def _edits_of_initialiser(method: ast.FunctionDef) -> list[Edit]:
    """`write(self, "name", value)` as `self.name = value`, which a native class can prove."""
    edits: list[Edit] = []
    for statement in method.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "write":
            name = ast.literal_eval(call.args[1])
            new = f"        self.{name} = {ast.unparse(call.args[2])}"
            edits.append((statement.lineno - 1, statement.end_lineno or 0, [new]))
    return edits


def _members(
    class_: ast.ClassDef, fields: _Fields, methods: dict[str, ast.FunctionDef]
) -> list[str]:
    """The lines of the members that the metaclass adds."""
    matched = "" if fields.kw_only else ", ".join(f"_Literal[{n!r}]" for n in fields.annotations)
    members = [f"    __match_args__: _ClassVar[tuple[{matched or '()'}]]"]
    if fields.annotations and "__init__" not in methods:
        parameters = ", ".join(
            f"{name}: {annotation}"
            + (f" = {fields.defaults[name]}" if name in fields.defaults else "")
            for name, annotation in fields.annotations.items()
        )
        star = "*, " if fields.kw_only else ""
        members += ["", f"    def __init__(self, {star}{parameters}) -> None:"]
        members += [f"        self.{name} = {name}" for name in fields.annotations]
    if fields.eq:
        if "__eq__" not in methods:
            members += [
                "",
                "    def __eq__(self, other: object) -> bool:",
                "        if self is other:",
                "            return True",
                f"        return isinstance(other, {class_.name}) and "
                f"{_compared(fields, 'self')} == {_compared(fields, 'other')}",
            ]
        if "__hash__" not in methods:
            members += [
                "",
                "    def __hash__(self) -> int:",
                f"        return hash({_compared(fields, 'self')})",
            ]
    return members


def _compared(fields: _Fields, of: str) -> str:
    names = [f"{of}.{name}" for name in fields.annotations if name not in fields.apart]
    return names[0] if len(names) == 1 else f"({' '.join(f'{name},' for name in names)})"


def _describe(class_: ast.ClassDef, fields: _Fields, own: dict[str, str]) -> str:
    defaults = ", ".join(f"{name!r}: {value}" for name, value in fields.defaults.items())
    names = tuple(fields.annotations)
    return f"_describe({class_.name}, {names!r}, {{{defaults}}}, {own!r}, {fields.kw_only})"
