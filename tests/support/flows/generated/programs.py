"""Random programs: derivations of the grammar, and texts that are almost programs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from lark.grammar import NonTerminal
from lark.lexer import PatternStr

from flowdsl.syntax.reference import reference_parser

if TYPE_CHECKING:
    from lark import Lark
    from lark.grammar import Rule

NAMES = ("alpha", "b2", "type", "step", "present", "background", "output", "r", "in", "_x", "flow")
TEXTS = (
    '"plain"',
    '""',
    '"with {alpha} and {run.value[0]}"',
    '"{$secret} {# note #} \\{kept} \\"quoted\\""',
    '"C:\\Reports\\x # no comment"',
    '"{env.url} { \\"json\\": 1 } }"',
)
SAMPLES: dict[str, tuple[str, ...]] = {
    "NAME": NAMES,
    "FIELD": (*NAMES, "true", "not"),
    "KEY": (*NAMES, "null", "sees"),
    "ROOT": (*NAMES, "false"),
    "ORIGIN": (*NAMES, "null", "from"),
    "KEYNAME": ("'k v'", "''"),
    "RUNTIME": ("{{x}}", "{{ entry.rows[2]['a b'] }}"),
    "INT": ("0", "7", "-12"),
    "NUMBER": ("0.5", "-3.25"),
    "DURATION": ("500ms", "30s", "2m", "1h"),
    "SHIFT": ("+ 7d", "-2w", "+  1mo", "- 10y"),
    "COUNT_OF": ("count of", "count  of"),
    "AT_LEAST": ("at least", "at  least"),
    "AT_MOST": ("at most", "at\n most"),
    "START": ("start of week", "start  of\n month", "start of quarter", "start of year"),
    "STRING": TEXTS,
    "BLOCK": (
        '"""one"""',
        '"""\n    In "Box" type {alpha}.\n      {# c #}\n    Then \\""".\n  """',
        '""""""',
    ),
    "RAW": ('r"^[0-9]{2}\\d$"', 'r""'),
    "CMP": ("==", "!=", "<=", ">=", "<", ">"),
    "EMIT_OP": ("=", "+="),
    "SECRET": ("secret",),
}
BLANKS = (" ", " ", " ", "\n", "\n  ", "\r\n", "\t", " # note\n", "\n## doc\n", " \f ")
MAX_EXPANSIONS = 3_000
NOISE = (
    '"', '"""', "{", "}", "(", ")", "[", "]", ":", "=", "+=", ",", "'", "#", "\\", "\n", "}}", "{{",
    "é", "-", "5", "5x", "x", "“", "\0", "r\"", "else", "type", "workflow", "if", "in",
)  # fmt: skip


@cache
def lark() -> Lark:
    """The reference parser; compiling the grammar takes a quarter of a second."""
    return reference_parser()


@cache
def _grammar() -> tuple[dict[str, list[Rule]], dict[str, int], dict[str, str]]:
    rules: dict[str, list[Rule]] = {}
    for rule in lark().rules:
        rules.setdefault(rule.origin.name, []).append(rule)
    height: dict[str, int] = {}
    while len(height) < len(rules):
        for name, alternatives in rules.items():
            known = [
                1 + _rule_height(rule, height)
                for rule in alternatives
                if all(not isinstance(s, NonTerminal) or s.name in height for s in rule.expansion)
            ]
            if known and name not in height:
                height[name] = min(known)
    words = {
        terminal.name: terminal.pattern.value
        for terminal in lark().terminals
        if isinstance(terminal.pattern, PatternStr)
    }
    return rules, height, words


def _height(symbol: object, height: dict[str, int]) -> int:
    return height[symbol.name] if isinstance(symbol, NonTerminal) else 0


def program(
    rng: random.Random, depth: int = 12, samples: Mapping[str, Sequence[str]] = SAMPLES
) -> str:
    """A random valid file: a derivation that takes the shortest way out below `depth`."""
    rules, height, words = _grammar()
    pieces: list[str] = []
    pending: list[tuple[object, int]] = [(NonTerminal("file"), depth)]
    expanded = 0
    while pending:
        symbol, left = pending.pop()
        if isinstance(symbol, NonTerminal):
            alternatives = rules[symbol.name]
            expanded += 1
            if left <= 0 or expanded > MAX_EXPANSIONS:
                alternatives = [min(alternatives, key=lambda rule: _rule_height(rule, height))]
            # Rules of several parts are taken more often; otherwise most programs are nearly empty.
            (rule,) = rng.choices(alternatives, [_parts(rule) ** 2 for rule in alternatives])
            pending += [(part, left - 1) for part in reversed(rule.expansion)]
        else:
            name = symbol.name  # type: ignore[attr-defined]
            pieces.append(words.get(name) or rng.choice(samples[name]))
            # The lookahead of these terminals sees through spaces, not through comments.
            blanks = (
                BLANKS[:7] if name in ("FIELD", "KEY", "ROOT", "OPTIONAL", "ORIGIN") else BLANKS
            )
            pieces.append(rng.choice(blanks))
    # The edition is an INT like any other for the grammar.
    return "flow 1" + "".join(pieces[3:])


def _parts(rule: Rule) -> int:
    return 1 + sum(isinstance(symbol, NonTerminal) for symbol in rule.expansion)


def _rule_height(rule: Rule, height: dict[str, int]) -> int:
    return max((_height(symbol, height) for symbol in rule.expansion), default=0)


def mutated(rng: random.Random, text: str) -> str:
    """The text with one to three small changes."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text) + 1)
        until = min(len(text), at + rng.choice((0, 0, 1, 1, 2, 8)))
        text = text[:at] + rng.choice(("", "", *NOISE)) + text[until:]
    return text
