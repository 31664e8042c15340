"""A record that is written out for the compiled build behaves as its metaclass makes it."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tools.compiled.build import prepare
from tools.compiled.modules import MODULES
from tools.compiled.records import BASE_TEXT, write_out_records

ROOT = Path(__file__).parents[3]
RECORDS = '''from __future__ import annotations

from flowdsl.source.record import Record, uncompared


class Point(Record, eq=True):
    """A place."""

    x: int
    y: int = 0
    note: str = uncompared(default="n")


class Tree(Record, base=True):
    start: int
    end: int

    def length(self) -> int:
        return self.end - self.start


class Leaf(Tree):
    words: list[str] = ["a"]


class Named(Record, kw_only=True):
    first: int = 1
    name: str


class One(Record, eq=True):
    only: str


class Nothing(Record):
    pass
'''


def run(text: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    base = ModuleType("flowdsl.source.native_record")
    exec(BASE_TEXT, vars(base))
    monkeypatch.setitem(__import__("sys").modules, base.__name__, base)
    module = ModuleType(name)
    exec(text, vars(module))
    return module


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    written = write_out_records(RECORDS)
    assert not re.search(r"^class \w+\(Record", written, re.MULTILINE)
    return run(RECORDS, "shapes", monkeypatch), run(written, "shapes", monkeypatch)


def test_they_are_made_compared_and_shown_alike(both: tuple[Any, Any]) -> None:
    def facts(module: Any) -> list[object]:
        point, leaf = module.Point(1, note="m"), module.Leaf(2, 5)
        return [
            repr(point),
            repr(leaf),
            repr(module.Named(name="n")),
            repr(module.Nothing()),
            point == module.Point(1, 0, "other"),
            point == module.Point(2),
            hash(point) == hash(module.Point(1, 0, "other")) == hash((1, 0)),
            hash(module.One("a")) == hash("a"),
            leaf == module.Leaf(2, 5),
            leaf.length(),
            module.Leaf(1, 2).words is module.Leaf(3, 4).words,
            repr(point.__replace__(y=3)),
        ]

    plain, written = both
    assert facts(plain) == facts(written)


def test_their_classes_say_the_same_of_themselves(both: tuple[Any, Any]) -> None:
    for name in ("Point", "Leaf", "Named", "One", "Nothing"):
        plain, written = (getattr(module, name) for module in both)
        for attribute in ("_fields", "_defaults", "__match_args__", "__doc__"):
            assert getattr(plain, attribute) == getattr(written, attribute), (name, attribute)
        assert vars(plain).get("__annotations__", {}) == vars(written)["__annotations__"]


def test_wrong_arguments_are_refused(both: tuple[Any, Any]) -> None:
    for module in both:
        for wrong in ((), (1, 2, "a", 4)):
            with pytest.raises(TypeError):
                module.Point(*wrong)
        with pytest.raises(TypeError):
            module.Named(1, "n")


@pytest.mark.parametrize(
    "text",
    [
        "class A(Record, Other):\n    x: int\n",
        "class A(Record, extra=('facts',)):\n    x: int\n",
        "@final\nclass A(Record):\n    x: int\n",
    ],
)
def test_what_is_not_foreseen_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="`A`"):
        write_out_records(text)


def test_a_module_without_records_stays_as_it_is() -> None:
    text = "class A(Other):\n    x: int = 1\n"
    assert write_out_records(text) is text


def test_every_module_can_be_prepared(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(
        ROOT / "flowdsl",
        tmp_path / "flowdsl",
        ignore=shutil.ignore_patterns("__pycache__", "*.so"),
    )
    prepare(tmp_path)
    for name in MODULES:
        compile((tmp_path / name).read_text(encoding="utf-8"), name, "exec")


def test_no_interpreted_class_derives_from_a_compiled_one() -> None:
    """None of such a class can be made, in the compiled build alone; a protocol may derive."""
    classes = re.compile(r"^class (\w+)(?:\((.*?)\))?:", re.MULTILINE | re.DOTALL)
    texts = {
        file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted((ROOT / "flowdsl").rglob("*.py"))
    }
    compiled = {
        name: path.removesuffix(".py").rpartition("/")[2]
        for path in MODULES
        for name, _ in classes.findall(texts[path])
    }
    derived = [
        f"{path}: {name}"
        for path, text in texts.items()
        if path not in MODULES
        for name, bases in classes.findall(text)
        if "Protocol" not in bases
        for base in re.findall(r"\w+", re.sub(r"\[.*\]", "", bases))
        if base in compiled and re.search(rf"\b{compiled[base]} import [^)]*\b{base}\b", text)
    ]
    assert derived == []
