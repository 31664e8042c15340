"""The LALR(1) parser: a loop over the integer tables of `tables.py`.

It does not recurse, so no input can reach Python's recursion limit. The stack is three parallel
lists that the caller owns; after an error they hold everything that has been read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from .lexer import END, KEYWORDS, TERMINAL, Lexemes, is_word
from .operations import ADD, EXTEND, LIST, NODE
from .tables import ACCESS, END_STATE, GOTOS, PICKS, ROWS, RULES, STATE_ROWS

Build: TypeAlias = Callable[[Any, int, int, Sequence[Any]], Any]
"""Builds the value of a rule from the builder, the start and end of its text, and its children.

A child is the value of another rule, the index of a kept token, or None for an optional part that
is left out.
"""
Rule: TypeAlias = tuple[int, int, Callable[[list[Any]], Sequence[Any]], dict[int, int], Build]
"""The data to reduce a rule.

These are the number of its symbols, its operation (see `operations`), the function that picks its
children, the gotos of its symbol, and its `Build`.
"""

RULE_NAMES = tuple(rule[4] for rule in RULES)

_ACTIONS = [ROWS[number] for number in STATE_ROWS]
"""For each state the action of each terminal that fits."""

_NAME = TERMINAL["NAME"]
_FIELD = TERMINAL["FIELD"]
_KEY = TERMINAL["KEY"]
_EQUAL = TERMINAL["EQUAL"]
_EMIT_OP = TERMINAL["EMIT_OP"]
_OPENERS = frozenset({"LBRACE", "LSQB", "LPAR", "NOT"})
MAX_DEPTH = 200
"""The deepest nesting of brackets and negations. Later phases walk the tree recursively, with a few
frames for each level."""


class Stack:
    """The parser stack: states of the parser, and for each symbol its value and start offset.

    `states` has one more entry than `values` and `starts`, the state before the first symbol.
    """

    __slots__ = ("starts", "states", "values")

    def __init__(self) -> None:
        self.states = [0]
        self.values: list[Any] = []
        self.starts: list[int] = []


def resolve_terminal(tokens: Lexemes, index: int, state: int) -> int | None:
    """Return the terminal that a token is in a parser state; None if no candidate fits.

    Decides as Lark's contextual lexer does: the forms with a lookahead first, then a keyword, then
    a name.
    """
    actions = _ACTIONS[state]
    kind = tokens.kinds[index]
    if kind in actions:
        return kind
    if kind == _EQUAL:
        return _EMIT_OP if _EMIT_OP in actions else None
    word = tokens.words[index]
    if not is_word(word):
        return None
    keyword = KEYWORDS.get(word)
    if keyword in actions:
        return keyword
    return _NAME if _NAME in actions else None


def make_rules(build_of: Callable[[str], Build]) -> list[Rule]:
    """Return the rules of the tables for `run`.

    `build_of` returns the `Build` of a rule, by the rule's name.
    """
    by_name = {name: build_of(name) for name in RULE_NAMES}
    return [
        (size, operation, PICKS[pick], GOTOS[goto], by_name[name])
        for (size, operation, pick, goto, _), name in zip(RULES, RULE_NAMES, strict=True)
    ]


def run(
    tokens: Lexemes, stack: Stack, index: int, rules: Sequence[Rule], builder: object = None
) -> int:
    """Parse from token `index` on.

    Returns the index of the first token that does not fit, or -1 when the file is read.
    `make_rules` are those of the function `make_rules`, whose functions get `builder`. Also stops
    at a token that nests deeper than `MAX_DEPTH`.
    """
    states, values, starts = stack.states, stack.values, stack.starts
    kinds, places, ends = tokens.kinds, tokens.starts, tokens.ends
    actions = _ACTIONS
    state = states[-1]
    room = MAX_DEPTH
    while True:
        term = kinds[index]
        row = actions[state]
        if term not in row:
            found = resolve_terminal(tokens, index, state)
            if found is None:
                return index
            term = kinds[index] = found
        action = row[term]
        while action < 0:
            size, operation, pick, goto, build = rules[~action]
            if size == 1:
                if operation == NODE:
                    values[-1] = build(builder, starts[-1], ends[index - 1], pick(values[-1:]))
                elif operation == LIST:
                    values[-1] = [values[-1]]
                state = states[-1] = goto[states[-2]]
            else:
                if operation == NODE:
                    values[-size] = build(
                        builder, starts[-size], ends[index - 1], pick(values[-size:])
                    )
                elif operation == ADD:
                    values[-size].append(values[-1])
                elif operation == LIST:
                    values[-size] = list(pick(values[-size:]))
                elif operation == EXTEND:
                    values[-size] += pick(values[-size:])
                else:
                    values[-size] = pick(values[-size:])
                del values[1 - size :], starts[1 - size :], states[-size:]
                state = goto[states[-1]]
                states.append(state)
            row = actions[state]
            action = row[term] if term in row else 0  # noqa: SIM401 - without a call
        if not action:
            return -1 if state == END_STATE and term == END else index
        if len(states) > room:
            depth = nesting_depth(states)
            if depth >= MAX_DEPTH:
                return index
            room = len(states) + MAX_DEPTH - depth
        state = action
        states.append(state)
        values.append(index)
        starts.append(places[index])
        index += 1


def nesting_depth(states: Sequence[int]) -> int:
    """Return the number of open brackets and negations.

    The tree is never deeper than a small multiple of it.
    """
    return sum(symbol in _OPENERS for symbol in symbols_of_states(states))


def symbols_of_states(states: Sequence[int]) -> list[str]:
    """Return the grammar symbols on a state stack."""
    return [ACCESS[state] for state in states[1:]]


def shift_terminal(states: list[int], term: int) -> bool:
    """Move a bare stack of states over one terminal.

    Returns False if it does not fit; the stack is then unusable.
    """
    action = _ACTIONS[states[-1]].get(term, 0)
    while action < 0:
        size, _, _, goto, _ = RULES[~action]
        del states[-size:]
        states.append(GOTOS[goto][states[-1]])
        if states[-1] == END_STATE and term == END:
            return True
        action = _ACTIONS[states[-1]].get(term, 0)
    states.append(action)
    return action > 0


def count_fitting_tokens(tokens: Lexemes, states: Sequence[int], index: int, limit: int) -> int:
    """Count the tokens from `index` on that fit after a stack of states, up to `limit`.

    The end of the text counts as `limit`.
    """
    trial = list(states)
    count = 0
    while count < limit:
        term = resolve_terminal(tokens, index + count, trial[-1])
        if term is None or not shift_terminal(trial, term):
            return count
        if term == END:
            return limit
        count += 1
    return count


def is_terminal_allowed(states: Sequence[int], term: int) -> bool:
    """Whether a terminal may come next."""
    return shift_terminal(list(states), term)


def find_expected_terminals(states: Sequence[int]) -> list[int]:
    """Return the terminals that may come next, in numeric order."""
    offered = sorted(_ACTIONS[states[-1]])
    return [term for term in offered if is_terminal_allowed(states, term)]
