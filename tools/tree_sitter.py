"""Build the tree-sitter parser for editors from the grammar of the language.

`python -m tools.tree_sitter` makes `editors/tree-sitter/src/grammar.json` from
`grammars/flowdsl.lark`, and has `tree-sitter generate` (0.22) make the parser of it; neither is
kept in git. A rule of the one grammar is a node of the other: a rule whose name begins with `?` is
hidden, and an alternative with a name of its own is a node of that name. `src/scanner.c` reads the
names that only what follows them tells from keywords (`FIELD`, `KEY` and so on).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from lark import Tree
from lark.load_grammar import load_grammar

from flowdsl.syntax.reference import grammar_text

FOLDER = Path(__file__).parents[1] / "editors" / "tree-sitter"

Node = dict[str, Any]

SCANNED = ("FIELD", "KEY", "ORIGIN", "ROOT")
"""What `scanner.c` reads, in the order of its tokens."""

_UNREAD = ("COMMENT", "WS", "BAD_STRING", "BAD_BLOCK", *SCANNED)
_WORD_ENDS = "(?![A-Za-z0-9_])"

# A quote after a backslash belongs to the text.
_PART = r'[^"\\\r\n{]+|\\+[^\\\r\n]|\{'
_BLOCK_PART = r'[^"\\{]+|"{0,2}\\+("{1,2}\\+)*("{0,2}[^"\\]|""")|"{1,2}|\{'
_VALUE = r'\{\{[^{}"\r\n\\]*\}\}|\{[^{}"\r\n\\]+\}'


class Translator:
    """Translates the rules of a Lark grammar; `rules` are those of tree-sitter, by name."""

    def __init__(self, text: str) -> None:
        grammar, _ = load_grammar(text, "flowdsl.lark", [], False)  # type: ignore[no-untyped-call]
        self._names = {str(each[0]) for each in grammar.rule_defs}
        self._aliases = {
            str(alias.children[1].name)
            for each in grammar.rule_defs
            for alias in each[2].find_data("alias")
            if alias.children[1] is not None
        }
        self._hidden = {str(each[0]) for each in grammar.rule_defs if each[3].expand1}
        self._templates = {
            str(name): (params, tree) for name, params, tree, _ in grammar.rule_defs if params
        }
        self.rules: dict[str, Node] = {}
        for name, params, tree, _ in grammar.rule_defs:
            if not params:
                self.rules[self._name_rule(str(name))] = self._alternatives(str(name), tree)
        for name, (tree, _) in grammar.term_defs:
            if name not in _UNREAD:
                self.rules[self.name_token(name)] = self._token(tree)
        self.rules |= {
            "string": _text('"', _PART),
            "block_token": _text('"""', _BLOCK_PART),
            "interpolation": _inside(_VALUE, 2),
            "comment": _pattern(r"#[^\r\n]*"),
        }

    def _name_rule(self, rule: str) -> str:
        return f"_{rule}" if rule in self._hidden else rule

    def name_token(self, terminal: str) -> str:
        name = terminal.lower()
        return f"{name}_token" if name in self._names | self._aliases else name

    def _alternatives(self, rule: str, tree: Any) -> Node:
        """Translate a rule; each alternative with a name becomes a rule of its own."""
        members = []
        for child in tree.children:
            if child.data != "alias" or child.children[1] is None:
                members.append(self._translate(child))
                continue
            name, content = str(child.children[1].name), self._translate(child.children[0])
            if name not in self._names and self.rules.setdefault(name, content) == content:
                members.append(_symbol(name))
                continue
            self.rules[f"_{rule}_{name}"] = content
            alias = {"type": "ALIAS", "content": _symbol(f"_{rule}_{name}")}
            members.append({**alias, "named": True, "value": name})
        return _choose(members)

    def _translate(self, tree: Any, given: dict[str, Node] | None = None) -> Node:
        match tree.data:
            case "expansions":
                return _choose([self._translate(each, given) for each in tree.children])
            case "expansion":
                members = [self._translate(each, given) for each in tree.children]
                return members[0] if len(members) == 1 else {"type": "SEQ", "members": members}
            case "maybe":
                return _choose([self._translate(tree.children[0], given), {"type": "BLANK"}])
            case "expr":
                content = self._translate(tree.children[0], given)
                kind = str(tree.children[1])
                if kind == "?":
                    return _choose([content, {"type": "BLANK"}])
                return {"type": "REPEAT" if kind == "*" else "REPEAT1", "content": content}
            case "alias":
                return self._translate(tree.children[0], given)
            case "value":
                return self._value(tree.children[0], given or {})
            case "literal":
                return _string(tree.children[0])
            case _:
                raise ValueError(tree)

    def _value(self, item: Any, given: dict[str, Node]) -> Node:
        if isinstance(item, Tree):
            if item.data != "template_usage":
                return self._translate(item, given)
            used: list[Any] = item.children
            params, tree = self._templates[str(used[0].name)]
            values = [self._translate(each, given) for each in used[1:]]
            return self._translate(tree, dict(zip(map(str, params), values, strict=True)))
        name = str(item.name)
        if name in given:
            return given[name]
        if not item.is_term:
            return _symbol(self._name_rule(name))
        return _symbol(self.name_token(name))

    def _token(self, tree: Any) -> Node:
        (first, *more) = tree.children
        if more:
            return _choose([self._token(each) for each in tree.children])
        if isinstance(first, Tree):
            return self._token(first)
        text = str(first)
        if text.startswith('"'):
            return _string(first)
        return _pattern(text[1:-1].replace(_WORD_ENDS, "").replace("(?:", "("))


def _symbol(name: str) -> Node:
    return {"type": "SYMBOL", "name": name}


def _string(literal: str) -> Node:
    return {"type": "STRING", "value": json.loads(str(literal))}


def _pattern(value: str) -> Node:
    return {"type": "TOKEN", "content": {"type": "PATTERN", "value": value}}


def _choose(members: list[Node]) -> Node:
    return members[0] if len(members) == 1 else {"type": "CHOICE", "members": members}


def _inside(value: str, priority: int) -> Node:
    """Return a token that nothing precedes, not even blanks: a part of a text."""
    token = {"type": "IMMEDIATE_TOKEN", "content": {"type": "PATTERN", "value": value}}
    return {**token, "content": {"type": "PREC", "value": priority, "content": token["content"]}}


def _text(quote: str, part: str) -> Node:
    parts = _choose([_inside(part, 1), _symbol("interpolation")])
    members = [
        {"type": "STRING", "value": quote},
        {"type": "REPEAT", "content": parts},
        _inside(quote, 1),
    ]
    return {"type": "SEQ", "members": members}


def _quote(quote: str) -> Node:
    return {"type": "STRING", "value": quote}


def make_grammar() -> str:
    """Return `grammar.json`."""
    translator = Translator(grammar_text())
    grammar = {
        "name": "flowdsl",
        "word": "name",
        "rules": translator.rules,
        "extras": [_pattern(r"[ \t\r\n\f]+"), _symbol("comment")],
        "conflicts": [],
        "precedences": [],
        "externals": [_symbol(translator.name_token(each)) for each in SCANNED],
        "inline": [],
        "supertypes": [],
    }
    return json.dumps(grammar, indent=1) + "\n"


def generate_parser(folder: Path) -> Path:
    """Write `grammar.json` and what `tree-sitter` generates of it; return the folder of sources.

    `folder` is laid out as `editors/tree-sitter`. Raises `FileNotFoundError` where there is no
    `tree-sitter`, and `subprocess.CalledProcessError` where it refuses the grammar.
    """
    sources = folder / "src"
    sources.mkdir(parents=True, exist_ok=True)
    (sources / "grammar.json").write_text(make_grammar(), encoding="utf-8", newline="\n")
    command = ["tree-sitter", "generate", "--no-bindings", "src/grammar.json"]
    subprocess.run(command, cwd=folder, check=True)
    scanner = FOLDER / "src" / "scanner.c"
    if scanner.parent.resolve() != sources.resolve():
        shutil.copy(scanner, sources)
    return sources


def main() -> int:
    """Generate the parser in its place; the exit code."""
    try:
        generate_parser(FOLDER)
    except FileNotFoundError:
        sys.stderr.write(
            "`tree-sitter` is not on the path: install version 0.22, "
            "Debian's package `tree-sitter-cli`\n"
        )
        return 1
    except subprocess.CalledProcessError as failed:
        return failed.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
