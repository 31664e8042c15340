"""The statements of a generated program: each is right where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from . import texts
from .body import Body, Place
from .control import Control, closed
from .values import (
    ANY,
    BOOL,
    CASE,
    DATE,
    DATETIME,
    INT,
    NUMBER,
    ODD,
    PERIOD,
    READ_TYPES,
    REMARK,
    ROW,
    SCALARS,
    SIZE,
    STRING,
    Field,
    Param,
    State,
    Task,
    Type,
    variable,
)

DEEPEST = 3
MOST = 6
"""Statements in one block."""

TARGETS = (
    Field("a", STRING, True),
    Field("all", STRING.many()),
    Field("kind", STRING),
    Field("found", ROW.many()),
    Field("one", ROW, True, absent=True),
    Field("num", INT, True),
    Field("tags", STRING.many(), True),
    Field("ok", BOOL, True, absent=True),
    Field("it", ANY, True),
    Field("term", PERIOD, True),
    Field("size", SIZE, True),
    Field("remark", REMARK),
    Field("odd", ODD, True),
    Field("odds", ODD.many()),
    Field("case", CASE, True),
    Field("state", STRING, default=True, value='"open"'),
    Field("strange", ODD, default=True, value='{ no: "4" }'),
    Field("code", STRING, True, wire="Code No"),
    Field("cases", CASE.many(), wire="all cases"),
)
"""What a program may emit, and what a task may give back."""

PLAIN_RESULT = re.compile(r"(?:(?!\?: )[^=@])*")
"""The type of a result without defaults, names of its own in JSON, and fields left out."""

THEMED = (("any", "it"), ("chain", "code"))
"""What a program of a theme emits more often than others."""

MAIN_ONLY = ("copy", "run", "capture", "export", "image", "background")
"""Statements that need the main agent."""

MODELS = ("fast", "careful")

Make = Callable[[State, Place], str]


FORMATS = {
    DATE: ("dd.MM.yyyy", "EEEE, d MMMM yyyy", "dd.MM."),
    INT: ("0", "#,##0", "00000"),
    NUMBER: ("0.00", "#,##0.00", "#.##0,00", "# ##0,0"),
    DATETIME: ("dd.MM.yyyy HH:mm", "MM/dd/yyyy HH:mm:ss"),
}
"""Formats in which values of a type are typed."""


class Statements(Control):
    """Makes the statements of one body; `tasks` are those that it may call."""

    def __init__(self, body: Body, tasks: Sequence[Task]) -> None:
        super().__init__(body)
        self.tasks = tasks
        self._kinds: dict[str, Make] = {
            "do": self._do,
            "press": self._press,
            "type": self._type,
            "clear": lambda state, _: f"clear {self.instruction(state, texts.TARGETS)}",
            "wait": lambda *_: f"wait {self.c.pick(texts.DURATIONS)}",
            "extract": self._extract,
            "emit": self._emit,
            "keep": self._keep,
            "call": self._call,
            "if": self.if_,
            "choose": self._choose,
            "wait until": self._wait_until,
            "expect": self._expect,
            "step": self.step,
            "for": self.for_,
            "retry": self.retry,
            "repeat": self.repeat,
            "while": self.while_,
            "copy": self._copy,
            "run": self._run,
            "capture": lambda state, _: f"capture {self.instruction(state, texts.FILES)}",
            "export": lambda state, _: f"export file {self.instruction(state, texts.FILES)}",
            "image": self._image,
            "printed": self._printed,
            "guard": self.guard,
            "every value": self.every_value,
            "match": self.match,
            "background": self._background,
            "leave": self.leave,
        }

    def block(self, state: State, place: Place, least: int = 0) -> str:
        """Statements, one after the other, until none can be reached."""
        made: list[str] = []
        for _ in self.c.several(least, MOST - place.depth, 6 if least else 4):
            made.append(self.c.within(partial(self.statement, state, place)))
            if state.dead:
                break
        return "\n".join(made)

    def statement(self, state: State, place: Place) -> str:
        """One statement that may stand here."""
        called = any(self.body.may_call(task, state, place) for task in self.tasks)
        nests = place.depth < DEEPEST
        main, held = place.main, place.loop or place.repeated
        pictures = self.body.pictures
        guards = nests and any(each.optional for each in self.body.values(state))
        enums = self.body.having(state, lambda each: nests and bool(each.type.options))
        sure = [each for each in enums if closed(each) and not each.optional]
        kinds = [
            *(("do", 6), ("press", 3), ("type", 7), ("clear", 1), ("wait", 1)),
            *(
                ("extract", self.body.often("models", 6)),
                ("emit", 6),
                ("call", called * self._calling(place)),
            ),
            *(("if", 5 if nests else 0), ("guard", 2 if guards else 0)),
            *(("every value", 2 if sure else 0), ("match", 3 if enums else 0)),
            *(("choose", self.body.often("models", 2)), ("wait until", 2), ("expect", 3)),
            *((each, 2 if nests else 0) for each in ("step", "while", "repeat")),
            ("retry", nests * self.body.often("attempts", 4 if place.loop else 2)),
            ("for", 0 if not nests else self.body.often("loops", 6 if place.top else 3)),
            (
                "copy",
                self.body.often("attempts" if place.attempt else "", 3 * (1 + 2 * held) * main),
            ),
            *(
                (
                    "run",
                    self.body.often("commands", 2 * (1 + held)) if main and not pictures else 0,
                ),
            ),
            *(("capture", 1 if main else 0), ("export", 1 if main else 0)),
            ("image", 8 if main and pictures else 0),
            ("background", self.body.often("background", self._waits_for_nothing(place))),
            ("leave", 0 if place.top else 2),
            ("keep", 4),
            ("printed", 4 if self.body.printed and not pictures else 0),
        ]
        kind = self.c.weighted(kinds)
        if kind in MAIN_ONLY:
            self.body.main = True
        return self._kinds[kind](state, place)

    def _calling(self, place: Place) -> int:
        """How often a task is called: in an attempt of an entry more often than elsewhere."""
        in_entry = self.body.often("attempts", place.loop and place.attempt)
        return 10 * in_entry + self.body.often("finish", 10)

    def _waits_for_nothing(self, place: Place) -> bool:
        """Whether a value may be read here that is known after the run only."""
        given = "later" in self.body.targets  # by one reading: that of a second is open
        return place.main and not (self.body.task or place.loop or place.repeated or given)

    # Actions

    def _do(self, state: State, _: Place) -> str:
        patterns = texts.DO[-1:] if "any" in self.body.themes and self.c.flag() else texts.DO
        return f"do {self.body.text(state, patterns, secret=True)}"

    def _press(self, *_: object) -> str:
        times = " 3 times" if self.c.once_in(4) else ""
        return f'press "{self.c.pick(texts.KEYS)}"{times}'

    def _type(self, state: State, place: Place) -> str:
        target = self.instruction(state, texts.TARGETS)
        where = "over" if self.c.once_in(4) else "into"
        scalars = self.body.having(state, lambda each: each.type.scalar)
        shown = [each for each in scalars if each.type in FORMATS]
        kind = self.c.weighted(
            (
                ("text", 6),
                ("value", 3 if scalars else 0),
                ("format", 1 if shown else 0),
                ("day", 2 if place.main and not self.body.pictures else 0),
                ("secret", 2 if self.body.secrets else 0),
            )
        )
        match kind:
            case "value":
                return f"type {self.c.pick(scalars).code} {where} {target}"
            case "format":
                value = self.c.pick(shown)
                written = self.c.pick(FORMATS[value.type])
                return f'type {value.code} as "{written}" {where} {target}'
            case "day":
                self.body.main = True
                written = f' as "{self.c.pick(FORMATS[DATE])}"' if self.c.flag() else ""
                return f"type {self.c.pick(texts.DAYS)}{written} {where} {target}"
            case "secret":
                name = self.c.pick(self.body.secrets)
                value = self.c.pick((f"${name}", f'"{{${name}}}"', f'" {{${name}}}."'))
                return f'type {value} {where} "the PIN field"'
            case _:
                value = self.body.text(state, texts.TYPED, untrusted=True, typed=True)
                return f"type {value} {where} {target}"

    def _using(self, place: Place) -> str:
        """Which model looks at the screen; most often the one that the account chose."""
        if not place.main or (self.c.flag() and "models" not in self.body.themes):
            return ""
        self.body.main = True  # another one may be named beside the call
        return f' using "{self.c.pick(MODELS)}"'

    # What can fail

    def _choose(self, state: State, place: Place) -> str:
        using = self._using(place)
        target = self.instruction(state, texts.TARGETS)
        otherwise, other = self.otherwise(state, place)
        state.become(state.copy(), other)
        return f"choose {target}{using}{otherwise}"

    def _wait_until(self, state: State, place: Place) -> str:
        timeout = f" timeout {self.c.pick(texts.DURATIONS)}" if self.c.flag() else ""
        condition = self.instruction(state, texts.CONDITIONS)
        if self.c.once_in(3):
            condition = self._looks(state, condition)
        otherwise, other = self.otherwise(state, place)
        state.become(state.copy(), other)
        return f"wait until {condition}{timeout}{otherwise}"

    def _looks(self, state: State, first: str) -> str:
        """A condition that asks nothing but the screen."""
        found = f"{self.c.pick(('', 'not '))}sees {first}"
        for _ in self.c.several(0, 2):
            other = f"sees {self.instruction(state, texts.CONDITIONS)}"
            found = self.c.pick(
                (f"{found} or {other}", f"({found}) and {other}", f"not ({found} or {other})")
            )
        return found

    def _expect_condition(self, state: State, place: Place) -> str:
        """An `expect` of any condition, behind which the condition is so."""
        condition, screen, held, missing = self.body.condition(state)
        other = state.copy()
        other.present |= {missing} - {""}
        inner = place.inner(screen=screen)
        written = self.leave(other, inner) if self.c.flag() else self.braced(other, inner)
        if other.dead:
            state.present |= {held} - {""}
        state.become(state.copy(), other)
        return f"expect {condition} else {written}"

    def _expect(self, state: State, place: Place) -> str:
        if self.c.once_in(3):
            return self._expect_condition(state, place)
        condition = self.body.text(state, texts.CONDITIONS, untrusted=True)
        otherwise, other = self.otherwise(state, place)
        state.become(state.copy(), other)
        return f"expect {condition}{otherwise}"

    def _run(self, state: State, place: Place) -> str:
        command = self.body.text(state, texts.COMMANDS, fixed=True, command=True)
        decided = "commands" in self.body.themes or self.c.once_in(2 if place.outside else 4)
        if place.loop or not decided:
            return f"run {command}"
        otherwise, other = self.otherwise(state, place)
        self.body.decides = self.body.decides or otherwise != ""
        state.become(state.copy(), other)
        return f"run {command}{otherwise}"

    def _printed(self, state: State, place: Place) -> str:
        """A command whose output is kept, of an account whose focused agents have a terminal."""
        command = self.body.text(state, texts.COMMANDS, fixed=True, command=True)
        type_ = self.c.pick((STRING, STRING, INT, ROW, STRING.many(), ANY))
        return self._reads(state, place, "run", type_, command, "")

    def _image(self, state: State, _: Place) -> str:
        shows = f" shows {self.instruction(state, texts.TARGETS)}" if self.c.flag() else ""
        return f'image "./save.png"{shows}'

    # Values

    def _extract(self, state: State, place: Place) -> str:
        using = self._using(place)
        source = self.instruction(state, texts.SOURCES)
        type_ = ANY if "any" in self.body.themes and self.c.flag() else self.c.pick(READ_TYPES)
        return self._reads(state, place, "extract", type_, source, using)

    def _copy(self, state: State, place: Place) -> str:
        source = self.instruction(state, texts.SOURCES)
        return self._reads(
            state, place, "copy", self.c.pick((STRING, STRING, *SCALARS)), source, ""
        )

    def _reads(
        self, state: State, place: Place, verb: str, type_: Type, source: str, using: str
    ) -> str:
        output = self._output_to_read(verb)
        if output is not None:
            return self._reads_output(state, place, verb, output, source, using)
        optional = self.c.once_in(3)
        name = self.body.name_for(state, place, type_, optional)
        read = variable(name, type_, optional)
        written = f"{name}: {type_.written}{'?' if optional else ''}"
        if verb == "copy" and type_ == STRING and not optional and self.c.flag():
            written = name
        if optional:
            otherwise, other = "", replace(state, dead=True)
        else:
            again = f'extract {name}: {type_.written} from "the other cell"'
            first = again if self.c.once_in(3) else ""
            otherwise, other = self.otherwise(state, place, first)
            if first and first in otherwise and not other.dead:
                other.assign(read)
        state.assign(read)
        state.become(state.copy(), other)
        if verb == "run":
            return f"run {source} as {written}{otherwise}"
        return f"{verb} {written} from {source}{using}{otherwise}"

    def _output_to_read(self, verb: str) -> Field | None:
        """An output, or a field of the result, that a reading sets; None for a variable."""
        if not self.c.once_in(3):
            return None
        target = self.body.target(self.c.pick([each for each in TARGETS if each.type != ANY]))
        if target is None or target.name not in self.body.read:
            return None
        return target if verb != "copy" or target.type in SCALARS else None

    def _reads_output(
        self, state: State, place: Place, verb: str, target: Field, source: str, using: str
    ) -> str:
        before = state.copy()
        again = f'extract {target.name} from "the other cell"'
        first = again if self.c.once_in(3) else ""
        failed = state.copy()
        if verb == "copy":
            failed.lose(target.name)
        otherwise, other = self.otherwise(failed, place, first)
        value = variable(target.name, target.type, target.optional)
        if first and first in otherwise and not other.dead:
            other.assign_output(value)
        state.assign_output(value)
        if target.optional and otherwise and other.dead:
            state.present |= {target.name}
        elif target.optional and not otherwise:
            other = replace(before, dead=True)
        state.become(state.copy(), other)
        if verb == "run":
            return f"run {source} as {target.name}{otherwise}"
        return f"{verb} {target.name} from {source}{using}{otherwise}"

    def _background(self, state: State, place: Place) -> str:
        target = self.body.target(Field("later", STRING, True, absent=True))
        self.body.count += 1
        name = f"b{self.body.count}"
        source = self.instruction(state, texts.SOURCES)
        assert target is not None
        if self.c.flag():
            return f"extract {target.name} from {source} in background"
        return f"extract {name}: string? from {source} in background\nemit {target.name} = {name}"

    def _emit(self, state: State, place: Place) -> str:
        themed = [name for theme, name in THEMED if theme in self.body.themes]
        found = [each for each in TARGETS if each.name in themed]
        wanted = self.c.pick(found if found and self.c.flag() else TARGETS)
        target = self.body.target(wanted)
        if target is None:
            return self._press()
        return self.emit(state, place, target)

    def emit(self, state: State, place: Place, target: Field) -> str:
        """An `emit` of a target, `+=` where that may be."""
        if target.type.element is not None and not place.attempt and not self.c.once_in(3):
            trusted = self.body.is_trusted(target)
            if (whole := self._whole_list(state, target, trusted=trusted)) is not None:
                self._note_emitted(state, target)
                return f"emit {target.name} += {whole}"
            entry = Field("entry", target.type.element)
            value = self.body.value_for(state, entry, trusted=trusted)
            # Lists count as emitted in a workflow from the start; in a task not always.
            self._note_emitted(state, target)
            return f"emit {target.name} += {value}"
        value = self.body.value_for(state, target, trusted=self.body.is_trusted(target))
        self._note_emitted(state, target)
        return f"emit {target.name} = {value}"

    def _whole_list(self, state: State, target: Field, *, trusted: bool) -> str | None:
        """A list whose entries are added to another one; None where one entry is to be added."""
        if not self.c.once_in(3):
            return None
        wanted = replace(target, optional=True, absent=True)
        return self.body.value_for(state, wanted, trusted=trusted)

    def _note_emitted(self, state: State, target: Field) -> None:
        if target.name in self.body.read:
            state.assign_output(variable(target.name, target.type, target.optional))
        state.note_emitted(target.name)

    def _keep(self, state: State, place: Place) -> str:
        """A `keep`: of a new variable, or one that is set again or gets an entry."""
        known = [each for each in state.set.values() if each.runtime in self.body.kept]
        if known and not self.c.once_in(3):
            found = self.c.pick(known)
            element = found.type.element
            if element is not None and not place.attempt and not self.c.once_in(4):
                wanted = Field(found.runtime, found.type)
                if (whole := self._whole_list(state, wanted, trusted=True)) is not None:
                    return f"keep {found.runtime} += {whole}"
                entry = Field("entry", element)
                return f"keep {found.runtime} += {self.body.value_for(state, entry, trusted=True)}"
            written = f"keep {found.runtime}"
            wanted = Field(found.runtime, found.type, found.optional)
        else:
            type_ = self.c.pick((STRING, STRING.many(), INT, ROW, ODD, ODD.many(), CASE))
            optional = type_.element is None and self.c.flag()
            self.body.count += 1
            wanted = Field(f"k{self.body.count}", type_, optional)
            self.body.kept.add(wanted.name)
            written = f"keep {wanted.name}: {type_.written}{'?' if optional else ''}"
        value = self.body.value_for(state, wanted, trusted=True)
        state.assign(variable(wanted.name, wanted.type, wanted.optional))
        if value.startswith("[") and value != "[]":
            state.present |= {f"{wanted.name}[0]"}
        return f"{written} = {value}"

    def added(self, state: State, place: Place) -> str:
        lists = [each for each in TARGETS if each.type.element is not None]
        target = self.body.target(self.c.pick(lists))
        if target is None:
            return ""
        assert target.type.element is not None
        entry = Field("entry", target.type.element)
        value = self.body.value_for(state, entry, trusted=self.body.is_trusted(target))
        self._note_emitted(state, target)
        return f"emit {target.name} += {value}"

    # Calls

    def _call(self, state: State, place: Place) -> str:
        may_call = self.body.may_call
        task = self.c.pick([each for each in reversed(self.tasks) if may_call(each, state, place)])
        if task.finishes:
            self.body.finish()
        self.body.main = self.body.main or task.main
        self.body.loops = self.body.loops or task.loops
        self.body.decides = self.body.decides or task.decides
        given = [
            f"{param.name}: {self._argument(state, param)}"
            for param in task.params
            if not param.default or self.c.flag()
        ]
        call = f"call {task.name}({', '.join(given)})"
        state.dead = not task.returns
        if task.result is None or self.c.once_in(5):
            return call
        if PLAIN_RESULT.fullmatch(task.result.written) and self.c.once_in(3):
            optional = self.c.once_in(3)
            target = self.body.target(Field(f"got_{task.name}", task.result, optional))
            if target is not None and target.name in self.body.read:
                state.assign_output(variable(target.name, target.type, target.optional))
                state.present |= {target.name} if target.optional else set()
                return f"{call} as {target.name}"
        name = self.body.name_for(state, place, task.result, False, task.name)
        state.assign(variable(name, task.result))
        return f"{call} as {name}"

    def _argument(self, state: State, param: Param) -> str:
        if param.secret:
            return f"${self.c.pick(self.body.secrets)}"
        wanted = Field(param.name, param.type, param.optional)
        return self.body.value_for(state, wanted, trusted=not param.untrusted)
