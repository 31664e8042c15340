"""Random programs whose tasks give results.

Nested, in loops and branches, filled on some paths, folded by their arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

NAMES = ("look", "read_row", "open_it", "open", "find")
"""Names of tasks.

Inlining puts them in front of the names of variables, where one may begin like another.
"""

PLAIN = (
    'do "Open {what}."',
    'press "Tab"',
    'expect "it is {what}" else fail "no {what}"',
    'expect "there"',
)
TEXT_FIELDS = ("r1", "r2", "end")


@dataclass
class _Task:
    name: str
    flag: bool
    fields: dict[str, str] = field(default_factory=dict)
    loops: bool = False
    count: int = 0


class _Maker:
    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.tasks: list[_Task] = []
        self.count = 0

    def pick(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def maybe(self) -> bool:
        return self.draw(st.booleans())

    # Tasks

    def task(self, name: str) -> str:
        task = _Task(name, flag=self.maybe())
        body = self._body(task, depth=0, loop=False, counting=False)
        if self.maybe():
            task.fields["end"] = "string"
            body += '\nemit end = "the end"'
        self.tasks.append(task)
        params = "what: string, flag: bool" if task.flag else "what: string"
        fields = ", ".join(f"{name}: {type_}" for name, type_ in task.fields.items())
        result = f" -> {{ {fields} }}" if fields else ""
        return f"task {name}({params}){result} {{ {body} }}"

    def _body(self, task: _Task, *, depth: int, loop: bool, counting: bool) -> str:
        found = [
            self._statement(task, depth, loop, counting)
            for _ in range(self.draw(st.integers(1, 3)))
        ]
        return "\n".join(each for each in found if each) or 'press "F1"'

    def _statement(self, task: _Task, depth: int, loop: bool, counting: bool) -> str:
        kinds = ["do", "extract", "emit", "flag", "if", "call", "step", "append", "retry"]
        kind = self.pick(*kinds, *(() if loop or depth else ("for",)))

        def inner(*, counts: bool = counting, loops: bool = loop) -> str:
            return self._body(task, depth=depth + 1, loop=loops, counting=counts)

        match kind:
            case "do":
                return self.pick(*PLAIN)
            case "extract":
                return self._extract(task)
            case "emit":
                task.fields.setdefault("r2", "string?")
                return self.pick("emit r2 = what", 'emit r2 = "x {what}"', 'emit r2 = "const"')
            case "append" if not counting:
                task.fields.setdefault("list", "string[]")
                return self.pick("emit list += what", 'emit list += "c"')
            case "for":
                task.loops = True
                return f'for e in ["p", "q"] {{ do "See {{e}} {{what}}." {inner(loops=True)} }}'
            case "call" if self.tasks:
                return self._call_in(task, loop)
            case "flag" if task.flag and depth < 2:
                return self._branch("flag", inner)
            case "if" if depth < 2:
                return self._branch('sees "a {what}"', inner)
            case "step" if depth < 2:
                return f'step "Part {{what}}" {{ {inner()} }}'
            case "retry" if depth < 2:
                return f'retry 2 {{ {inner(counts=True)} expect "z" else fail "again" }}'
            case _:
                return ""

    def _branch(self, condition: str, inner: Callable[[], str]) -> str:
        otherwise = f" else {{ {inner()} }}" if self.maybe() else ""
        return f"if {condition} {{ {inner()} }}{otherwise}"

    def _extract(self, task: _Task) -> str:
        task.count += 1
        name = f"{self.pick('v', 'val', 'the_one')}{task.count}"
        type_ = self.pick("string", "int", "string?")
        written = f'extract {name}: {type_} from "the {name} of {{what}}"'
        if self.maybe():
            written += f'\ndo "Type {{{name}}}."'
        kept = {"string": "r1", "int": "num"}.get(type_)
        if kept is not None and self.maybe():
            task.fields.setdefault(kept, "int?" if kept == "num" else "string?")
            written += f"\nemit {kept} = {name}"
        return written

    def _call_in(self, task: _Task, loop: bool) -> str:
        called = self.draw(st.sampled_from(self.tasks))
        if called.loops and loop:
            return ""
        task.loops = task.loops or called.loops
        call = self._call(called, self.pick("what", '"lit"', '"in {what}"'), "true", "false")
        if not called.fields or not self.maybe():
            return call
        task.count += 1
        name, kept = f"val{task.count}", self.pick(*sorted(called.fields))
        target = {"list": ("list2", "string[]?"), "num": ("num", "int?")}.get(kept)
        target = ("r1", "string?") if kept in TEXT_FIELDS else target
        if target is None:
            return f'{call} as {name}\ndo "x {{{name}.{kept}}}"'
        task.fields.setdefault(*target)
        return f"{call} as {name}\nemit {target[0]} = {name}.{kept}"

    def _call(self, task: _Task, argument: str, *flags: str) -> str:
        flag = f", flag: {self.pick(*flags)}" if task.flag else ""
        return f"call {task.name}(what: {argument}{flag})"

    # The workflow

    def flow(self, *, depth: int, loop: bool, counting: bool) -> str:
        found = [
            self._flow_statement(depth, loop, counting) for _ in range(self.draw(st.integers(1, 3)))
        ]
        return "\n".join(each for each in found if each) or 'press "F2"'

    def _flow_statement(self, depth: int, loop: bool, counting: bool) -> str:
        kind = self.pick("call", "call", "call", "if", "for", "retry", "extract", "step", "keep")

        def inner(*, counts: bool = counting, loops: bool = loop) -> str:
            return self.flow(depth=depth + 1, loop=loops, counting=counts)

        match kind:
            case "call":
                return self._use(loop, counting)
            case "extract":
                self.count += 1
                return f'extract w{self.count}: string from "w" do "Use {{w{self.count}}}."'
            case "keep":
                return self._keep()
            case "if" if depth < 2:
                return self._branch('sees "m"', inner)
            case "step" if depth < 2:
                return f'step "Whole part" {{ {inner()} }}'
            case "for" if depth < 2 and not loop:
                return f"for row in rows {{ {inner(loops=True)} }}"
            case "retry" if depth < 2:
                return f'retry 3 {{ {inner(counts=True)} expect "z" else fail "no z" }}'
            case _:
                return ""

    def _keep(self) -> str:
        self.count += 1
        name = f"k{self.count}"
        if self.maybe():
            seen = f'if sees "k" {{ keep {name} = "other" }}'
            return f'keep {name}: string = name {seen} do "Say {{{name}}}."'
        added = f'if sees "k" {{ keep {name} += name }}'
        return f'keep {name}: string[] = [] {added} do "Say {{{name}}}."'

    def _use(self, loop: bool, counting: bool) -> str:
        task = self.draw(st.sampled_from(self.tasks))
        if task.loops and loop:
            return ""
        arguments = ("name", '"lit"', '"x {name}"', "day", *(("row",) if loop else ()))
        call = self._call(task, self.pick(*arguments), "true", "false", "fast")
        if not task.fields or not self.draw(st.integers(0, 3)):
            return call
        self.count += 1
        name = f"res{self.count}" if self.maybe() else task.name[0]
        kept = self.pick(*sorted(task.fields))
        value = f"{name}.{kept}"
        if kept in TEXT_FIELDS and self.maybe():
            return f"{call} as {name}\nemit {self.pick('a', 'last')} = {value}"
        if kept == "end" and not counting:
            return f"{call} as {name}\nemit all += {value}"
        return f'{call} as {name}\ndo "see {{{value}}}"'


@st.composite
def task_programs(draw: st.DrawFn) -> str:
    """The source text of a program with one workflow `w`, most often a valid one."""
    maker = _Maker(draw)
    names = draw(st.permutations(NAMES))[: draw(st.integers(1, 3))]
    tasks = "\n".join(maker.task(name) for name in names)
    body = maker.flow(depth=0, loop=False, counting=False)
    return f"""flow 1
{tasks}
workflow w {{
  inputs {{ name: string, day: date, fast: bool = true, rows: string[] @max_items(9) }}
  outputs {{ a: string?, all: string[], last: string? }}
  steps {{
{body}
emit all += "end"
  }}
}}
"""
