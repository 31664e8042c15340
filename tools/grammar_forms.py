"""The syntax of constructs as people read it, from `grammars/flowdsl.lark`.

choose: "choose" text [using] [otherwise]   ->   choose "text" [using "model"] [else …]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lark import Token, Tree
from lark.load_grammar import load_grammar

_GRAMMAR = Path(__file__).parents[1] / "grammars" / "flowdsl.lark"
_SHOWN = {
    "STRING": '"…"',
    "RAW": 'r"pattern"',
    "INT": "N",
    "int": "N",
    "NUMBER": "1.5",
    "DURATION": "5s",
    "NAME": "name",
    "FIELD": "name",
    "KEY": "name",
    "ORIGIN": "name",
    "OPTIONAL": "?",
    "CMP": "==",
    "SHIFT": "± 7d",
    "START": "start of month",
    "EMIT_OP": "= | +=",
    "CONTAINS": "contains",
    "STARTS": "starts",
    "ENDS": "ends",
    "SECRET": "secret",
    "COUNT_OF": "count of",
    "annotation": "@annotation",
    "answer": "answer",
    "background": "in background",
    "bind": "name = value",
    "block": "{ statements }",
    "call_arg": "name: value",
    "case_value": "value",
    "check": "check",
    "cond": "condition",
    "const_ref": "const",
    "count": "N",
    "dotted": "name",
    "expectation": '"text" | condition',
    "field": "field",
    "held": "{ name: value, … }",
    "iterable": "list",
    "limit": "N",
    "list": "[value, …]",
    "literal": "value",
    "members": "list",
    "object": "{ name: value, … }",
    "on_failure": "on failure [as name] { statements }",
    "operand": "value",
    "otherwise": "else …",
    "param": "[secret] name: type [= value]",
    "ref": "value",
    "setting": "name = value",
    "target": "files",
    "test_item": "line",
    "text": '"text"',
    "type": "type",
    "using": 'using "model"',
    "value": "value",
    "wf_item": "part",
    "chain_item": "part",
    "bare_target": '"name"',
    "and_": "condition",
    "not_": "condition",
    "import_name": "name [as name]",
}
"""Terminals and rules that are shown as a word or a sample; others are shown by their own rule."""


class Form(NamedTuple):
    """One alternative of a rule: the name of its node, its text, and its keywords in order."""

    alias: str
    text: str
    keywords: tuple[str, ...]


class Grammar:
    """The rules of the grammar by name."""

    def __init__(self) -> None:
        text = _GRAMMAR.read_text("utf-8")
        loaded, _ = load_grammar(text, "flowdsl.lark", [], False)  # type: ignore[no-untyped-call]
        self._rules: Mapping[str, Tree[Any]] = {
            str(name).lstrip("?!"): tree for name, _, tree, _ in loaded.rule_defs
        }

    def find_forms(self, rule: str) -> Iterator[Form]:
        """Return the alternatives of a rule, those that only old spellings use left out."""
        for alternative in self._rules[rule].children:
            alias = rule
            if isinstance(alternative, Tree) and alternative.data == "alias":
                alternative, name = alternative.children
                alias = str(getattr(name, "name", name) or rule)
            if not alias.startswith("former_"):
                keywords = tuple(_find_keywords(alternative))
                yield Form(alias, self._show(alternative), keywords)

    def find_members(self, rule: str) -> frozenset[str]:
        """Return the rules and terminals that a rule is made of."""
        values = self._rules[rule].find_data("value")
        return frozenset(
            str(tree.children[0].name) for tree in values if hasattr(tree.children[0], "name")
        )

    def find_clauses(self, rule: str) -> Iterator[str]:
        """Return the parts of a rule that may be left out and begin or end with a keyword."""
        for tree in self._rules[rule].find_data("maybe"):
            text = self._show(tree.children[0])
            if text.split()[0].isalpha():
                yield text

    def _show(self, tree: Any) -> str:
        if isinstance(tree, Token):
            return str(tree).strip('"')
        if not isinstance(tree, Tree):
            return self._show_named(str(tree.name))
        parts = tree.children
        match tree.data:
            case "expansion":
                return _join([_enclose(self._show(part), len(parts)) for part in parts])
            case "expansions":
                return " | ".join(self._show(part) for part in parts)
            case "alias":
                return self._show(parts[0])
            case "maybe":
                return f"[{self._show(parts[0])}]"
            case "expr":
                return self._show_repeated(parts[0], str(parts[1]))
            case "template_usage":
                return f"{self._show(parts[1])}, …"
            case _:
                return self._show(parts[0])

    def _show_repeated(self, part: Any, operator: str) -> str:
        text = self._show(part)
        if operator == "?":
            return f"[{text}]"
        if "SHIFT" in str(part):
            return text if operator == "+" else f"[{text}]"
        return f"{text} …" if operator == "+" else f"[{text} …]"

    def _show_named(self, name: str) -> str:
        if name in _SHOWN:
            return _SHOWN[name]
        return " | ".join(form.text for form in self.find_forms(name))


def _enclose(text: str, beside: int) -> str:
    """Put alternatives among other parts into parentheses."""
    return f"({text})" if beside > 1 and " | " in text and text[0] not in "[{" else text


def _join(parts: list[str]) -> str:
    text = " ".join(part for part in parts if part)
    for before, after in (
        (" ,", ","),
        ("( ", "("),
        (" )", ")"),
        ("name ([", "name(["),
        (" :", ":"),
    ):
        text = text.replace(before, after)
    return text.replace("name ?", "name?")


def _find_keywords(tree: Any) -> Iterator[str]:
    """The keywords that an alternative itself writes."""
    if isinstance(tree, Token):
        if tree.type == "STRING" and str(tree).strip('"').isalpha():
            yield str(tree).strip('"')
    elif isinstance(tree, Tree):
        for part in tree.children:
            yield from _find_keywords(part)
