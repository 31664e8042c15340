"""Blocks of a generated program, and the statements that hold some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from . import texts
from .body import Body, Place
from .drawing import Chooser
from .values import CLIENT, INT, ROW, STRING, State, Type, Value, root_of, variable


class Control:
    """Makes the statements that hold others, which `block` makes."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.c: Chooser = body.c

    def block(self, state: State, place: Place, least: int = 0) -> str:
        """Statements, one after the other, until none can be reached."""
        raise NotImplementedError

    def braced(self, state: State, place: Place, least: int = 0, first: str = "") -> str:
        """A block in braces, behind a first statement that is made already."""
        inner = "" if state.dead else self.block(state, place, least)
        made = "\n".join(each for each in (first, inner) if each)
        return f"{{\n{made}\n}}" if made else "{ }"

    def added(self, state: State, place: Place) -> str:
        """An entry that a list gets, behind all that may fail in an attempt."""
        raise NotImplementedError

    def instruction(self, state: State, patterns: Sequence[str]) -> str:
        return self.body.text(state, patterns)

    def otherwise(self, state: State, place: Place, first: str = "") -> tuple[str, State]:
        """An `else`, maybe none, and what holds where it ends."""
        other = state.copy()
        kind = self.c.weighted((("", 4), ("leave", 3), ("block", 3)))
        if kind == "":
            other.dead = True
            return "", other
        if kind == "leave":
            return f" else {self.leave(other, place.inner(screen=True))}", other
        return f" else {self.braced(other, place.inner(screen=True), first=first)}", other

    def step(self, state: State, place: Place) -> str:
        doc = f"## {self.c.pick(texts.DOCS)}\n" if self.c.once_in(4) else ""
        title = self.body.text(state, texts.TITLES, fixed=True, title=True)
        inner = replace(place, depth=place.depth + 1)
        return f"{doc}step {title} {self.braced(state, inner)}"

    def if_(self, state: State, place: Place) -> str:
        words: list[str] = []
        ends: list[State] = []
        proven = state.present
        inner = place.inner(screen=False)
        for number in self.c.several(1, 3):
            if number and inner.main:
                # One more condition could be one that no screen decides.
                break
            condition, screen, held, missing = self.body.condition(state)
            if number == 0:
                inner = place.inner(screen=screen)
            then = state.copy()
            then.present |= {held} - {""}
            words.append(f"if {condition} {self.braced(then, inner)}")
            ends.append(then)
            state.present = (state.present & then.present) | ({missing} - {""})
        if self.c.flag():
            last = state.copy()
            words.append(self.braced(last, inner))
            ends.append(last)
        else:
            if all(_leaves(each) for each in words):
                proven = state.present
            ends.append(state.copy())
        state.present = proven
        state.become(*ends)
        return " else ".join(words)

    def every_value(self, state: State, place: Place) -> str:
        """A chain or `match` over all values of an enum, behind which one branch was taken."""
        enums = self.body.having(state, lambda each: closed(each) and not each.optional)
        found = self.body.choose(enums)
        inner = place.inner(screen=False)
        words: list[str] = []
        ends: list[State] = []
        for value in found.type.literals:
            then = state.copy()
            asked = self.c.pick((f"== {value}", f"in [{value}]"))
            words.append(f"if {found.code} {asked} {self.braced(then, inner)}")
            ends.append(then)
        state.become(*ends)
        return " else ".join(words)

    def match(self, state: State, place: Place) -> str:
        """A `match`: over all values, or over some of them and with an `else`."""
        enums = self.body.having(state, lambda each: bool(each.type.options))
        found = self.body.choose(enums)
        inner = place.inner(screen=False)
        some = found.type.literals[: self.c.number(1, len(found.type.literals))]
        joined = self.c.once_in(3)
        named = [", ".join(some)] if joined else list(some)
        cases: list[str] = []
        ends: list[State] = []
        for values in named:
            then = state.copy()
            then.present |= {found.code}
            cases.append(f"{values} {self.braced(then, inner)}")
            ends.append(then)
        if (
            found.optional
            or not closed(found)
            or len(some) < len(found.type.options)
            or self.c.once_in(4)
        ):
            last = state.copy()
            cases.append(f"else {self.braced(last, inner)}")
            ends.append(last)
        state.become(*ends)
        written = "\n".join(cases)
        return f"match {found.code} {{\n{written}\n}}"

    def guard(self, state: State, place: Place) -> str:
        """An `if` that leaves where a value is missing; behind it the value is there."""
        optional = self.body.having(state, lambda each: each.optional)
        found = self.body.choose(optional)
        leaving = self.leave(state.copy(), place.inner(screen=False))
        state.present |= {found.code}
        if self.c.once_in(3):
            return f"expect {found.code} is not empty else {leaving}"
        return f"if {found.code} is empty {{\n{leaving}\n}}"

    def for_(self, state: State, place: Place) -> str:
        read, iterable, element, runs = self._iterable(state, place)
        before = state.copy()
        inside, kept = self.pass_of(state)
        self.body.count += 1
        loop = Value(f"e{self.body.count}", element, command=False)
        listed = iterable.partition(" ")[0]
        if root_of(listed) in kept | {each.code for each in self.body.fixed}:
            inside.present |= {f"{listed}[0]"}
        self.body.fixed.insert(0, loop)
        fails = self.c.once_in(3)
        inner = replace(
            place,
            # An entry that fails ends no attempt of the main agent.
            main=place.main
            and not (place.loop or place.attempt or fails)
            and (place.top or self.c.flag()),
            depth=place.depth + 1,
            loop=True,
            top=False,
            locked=place.locked | kept,
        )
        before_main, self.body.main = self.body.main, False
        first = 'expect "it is there"' if fails else ""
        written = self.braced(inside, inner, first=first)
        # One whose body a focused agent can do runs anywhere.
        self.body.loops = self.body.loops or self.body.main
        self.body.main = self.body.main or before_main
        ends = [inside] if runs else [inside, before]
        if fails:
            failure, failed = self._on_failure(before, kept, inner)
            written += failure
            ends.append(failed)
        self.body.fixed.remove(loop)
        state.become(*ends)
        return f"{read}for {loop.code} in {iterable} {written}"

    def _on_failure(self, before: State, kept: frozenset[str], inner: Place) -> tuple[str, State]:
        """What is done where an entry fails, and what holds where it ends."""
        failed, _ = self.pass_of(before, kept)
        words = " on failure"
        if self.c.flag():
            self.body.count += 1
            name = f"why{self.body.count}"
            failed.assign(replace(variable(name, STRING), untrusted=True))
            words += f" as {name}"
        return f"{words} {self.braced(failed, inner)}", failed

    def pass_of(
        self, state: State, kept: frozenset[str] | None = None
    ) -> tuple[State, frozenset[str]]:
        """What holds where a pass, a round or an attempt begins.

        Also which variables it has from before, and must not set: the `kept` ones, if these are
        chosen already.
        """
        if kept is None:
            kept = frozenset(name for name in sorted(state.set) if not self.c.once_in(3))
        inside = state.next_pass()
        inside.set = {name: value for name, value in state.set.items() if name in kept}
        return inside, kept

    def _iterable(self, state: State, place: Place) -> tuple[str, str, Type, bool]:
        """What a loop goes through, with its bound.

        In front of it what reads it, if anything; then its entries, and whether there is one for
        sure.
        """
        lists = self.body.having(
            state, lambda each: each.type.name == "list" and not each.untrusted
        )
        kept = [each for each in lists if each.runtime]
        kind = self.c.weighted(
            (
                ("list", 6 if lists else 0),
                ("kept", 4 if kept else 0),
                ("literal", 2),
                ("count", 1),
                ("read", 4),
            )
        )
        most = self._most("3", "4", "limit", "1")
        match kind:
            case "list" | "kept":
                found = self.body.choose(kept if kind == "kept" else lists)
                assert found.type.element is not None
                return "", f"{found.code} max {most}", found.type.element, found.filled
            case "read":
                element = self.c.pick((STRING, ROW, INT, CLIENT))
                name = self.body.name_for(state, place, element.many(), False)
                state.assign(variable(name, element.many()))
                source = self.instruction(state, texts.SOURCES[:2])
                read = f"extract {name}: {element.written}[] from {source}\n"
                return read, f"{name} max {most}", element, False
            case "count":
                bound = f" max {self._most('4')}" if self.c.once_in(3) else ""
                return "", f"{self.c.number(1, 3)}{bound}", INT, True
            case _:
                found = self.body.having(
                    state,
                    lambda each: (
                        each.type == STRING
                        and not (each.optional or each.untrusted or each.constant)
                    ),
                )
                if found and self.c.flag():
                    return "", f'["Inv. No.", "{self.body.choose(found).text}"]', STRING, True
                # The entries of a list of known texts are of an enum.
                return "", '["p", "p q"]', Type("p | p q", "enum", options=("p", "p q")), True

    def _most(self, *numbers: str) -> str:
        """The bound of a loop: one of some numbers, or an input."""
        return self.c.pick(numbers if self.body.task else (*numbers, "n"))

    def retry(self, state: State, place: Place) -> str:
        body, kept = self.pass_of(state)
        inner = replace(
            place.inner(screen=True), repeated=True, attempt=True, locked=place.locked | kept
        )
        delay = f" wait {self.c.pick(texts.DURATIONS)}" if self.c.once_in(3) else ""
        written = self.block(body, inner)
        if not body.dead:
            words = self.body.text(body, texts.CONDITIONS, untrusted=True)
            end = self.c.pick(("", f" else fail {self.instruction(body, texts.REASONS)}"))
            last = self.added(body, place) if not place.attempt and self.c.once_in(3) else ""
            written = "\n".join(each for each in (written, f"expect {words}{end}", last) if each)
        otherwise = ""
        ends = [body]
        if self.c.flag():
            other, _ = self.pass_of(state, kept)
            other.present &= body.present
            outside = replace(
                inner, repeated=place.repeated, attempt=place.attempt, locked=place.locked
            )
            otherwise = f" else {self.braced(other, outside)}"
            ends.append(other)
        state.become(*ends)
        attempts = self.c.pick(("2", "3", "limit", "1"))
        return f"retry {attempts}{delay} {{\n{written}\n}}{otherwise}"

    def repeat(self, state: State, place: Place) -> str:
        """Rounds with a look after each, which may ask for what the round has set."""
        body, kept = self.pass_of(state)
        by_value = self.c.flag()
        inner = replace(place.inner(screen=not by_value), repeated=True, locked=place.locked | kept)
        written = self.braced(body, inner)
        condition = f"sees {self.body.text(body, texts.CONDITIONS, untrusted=True)}"
        if by_value and not body.dead:
            condition = f"{condition} or {self.body.condition(body)[0]}"
        negation = "not " if self.c.once_in(3) and not by_value else ""
        otherwise, other = self.otherwise(body, replace(place, main=inner.main))
        if body.dead:
            otherwise, other.dead = "", True
        state.become(body, other)
        bound = self._bound_of_rounds()
        return f"repeat {bound} {written} until {negation}{condition}{otherwise}"

    def _bound_of_rounds(self) -> str:
        wait = f" wait {self.c.pick(texts.DURATIONS)}" if self.c.once_in(3) else ""
        return f"max {self._most('2', '3', 'limit', '1')}{wait}"

    def while_(self, state: State, place: Place) -> str:
        """Rounds with a look before each, which asks for what is set before."""
        body, kept = self.pass_of(state)
        state.become(body.copy())
        condition, screen, _, _ = self.body.condition(state)
        if "sees " not in condition:
            # Values alone may be some that no round sets, and such a `while` is an error.
            words = self.body.text(state, texts.CONDITIONS, untrusted=True)
            condition = f"({condition}) or sees {words}"
        inner = replace(place.inner(screen=screen), repeated=True, locked=place.locked | kept)
        written = self.braced(body, inner)
        otherwise, other = self.otherwise(state, replace(place, main=inner.main))
        state.become(state.copy(), other)
        state.present &= body.present if not body.dead else state.present
        negation = "not " if self.c.flag() else ""
        return f"while {negation}({condition}) {self._bound_of_rounds()} {written}{otherwise}"

    def leave(self, state: State, place: Place) -> str:
        """A `fail`, an `abort` or a `finish`, behind which nothing is reached."""
        state.dead = True
        reason = self.instruction(state, texts.REASONS)
        kind = self.c.weighted((("fail", 3), ("abort", 2), ("finish", 3)))
        if kind == "finish" and self.body.may_finish(state, place):
            self.body.finish()
            return f"finish {reason}"
        return f"{kind if kind != 'finish' else 'fail'} {reason}"


def _leaves(block: str) -> bool:
    """Whether a block visibly ends with a statement that leaves."""
    return block.endswith("}") and block.split("\n")[-2:][0].startswith(("fail", "abort", "finish"))


def closed(value: Value) -> bool:
    """Whether a value is one of an enum whose values are all known."""
    return value.type.name in ("enum", "numbers")
