"""Generated programs that check without errors: a workflow `w`, and the tasks that it calls.

One may have several files; a line `#= PATH` begins each of those that it imports.

from hypothesis import given
@given(programs())
def test_(source: str) -> None: ...

program(7)     # the same text every time, without Hypothesis
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from hypothesis import strategies as st

from . import texts
from .body import Body, Place
from .drawing import Chooser, Dice, Drawn
from .statements import Statements
from .values import (
    ANY,
    BOOL,
    CASE,
    CLIENT,
    DATE,
    DATETIME,
    DECLARED_TYPES,
    INT,
    NUMBER,
    NUMBERED,
    ODD,
    PAIRS,
    PERIOD,
    PLACES,
    REMARK,
    ROW,
    SIZE,
    STRING,
    TIME,
    Param,
    State,
    Task,
    Type,
    Value,
    readable,
)

THEMES = ("finish", "loops", "attempts", "models", "background", "commands", "any", "chain")
"""What some programs hold more often than others, so that every pair of constructs occurs."""

FOLDERS = ("", "lib/", "@shared//")
"""The folders in which files of a program may stand; the last is a library."""

FILES: dict[str, str | bytes] = {
    f"{folder}{name}": content
    for folder in FOLDERS
    for name, content in {
        "save.png": b"\x89PNG\r\n\x1a\n",
        "words.txt": "CO-16: { 1 } data.\r\n\n  Press Delete. \n",
    }.items()
}
"""What stands beside a file of a program: a picture that it may show, and the text of a const."""

ENVIRONMENT = {"site": "Ward 7 [East]."}
"""The values of `env`."""

TASK_NAMES = ("look", "look_up", "open_it")
CONSTS = {
    "greeting": ('= "Hi. "', STRING),
    "empty": ('= ""', STRING),
    "limit": ("= 2", INT),
    "words": ('from "./words.txt"', STRING),
    "seven": ('= { no: "7" }', NUMBERED),
    "places": ('= ["Inv. No.", "a ] b"]', PLACES),
    "pairs": ('= [{ no: "8" }, { no: "9" }]', PAIRS),
}
INPUTS = (
    (Value("name", STRING), "name: string"),
    (Value("memo", STRING, optional=True), "memo: string?"),
    (Value("fast", BOOL), "fast: bool = true"),
    (Value("rows", ROW.many()), "rows: Row[] @max_items(3)"),
    (Value("note", STRING, untrusted=True), "note: string @untrusted @max_length(90)"),
    (Value("day", DATE, command=True), "day: date"),
    (Value("n", INT, command=True), "n: int @min(1) @max(9)"),
    (Value("period", PERIOD, command=True), "period: Period"),
    (Value("size", SIZE, command=True), "size: Size"),
    (Value("remark", REMARK), "remark: Remark"),
    (Value("reason", REMARK, optional=True), "reason: Remark?"),
    (Value("code", STRING, command=True), 'code: string @pattern(r"^[A-Z]{2}$")'),
    (Value("names", STRING.many(), filled=True), "names: string[] @min_items(1) @max_items(3)"),
    (Value("more", STRING.many(), optional=True), "more: string[]?"),
    (Value("amount", NUMBER, optional=True), "amount: number? @min(0)"),
    (Value("client", CLIENT), "client: Client"),
    (Value("inv", STRING), 'inv: string @wire("Inv. No.")'),
    (Value("head", STRING), 'head: string = "Dr. [x]"'),
    (Value("box", STRING), "box: string @machine"),
    (Value("since", DATE, optional=True), "since?: date"),
    (Value("odd", ODD), "odd: Odd"),
    (Value("odds", ODD.many()), "odds: Odd[] @max_items(3)"),
    (Value("case", CASE), 'case: Case = { odds: [{ no: "2" }] }'),
    (Value("data", ANY), "data: any"),
    (Value("more_data", ANY, optional=True), "more_data: any?"),
    (Value("at", TIME), "at: time"),
    (Value("stamp", DATETIME), 'stamp: datetime = "2026-01-31T10:00:00"'),
)
"""Inputs, as the body reads them and as they are declared."""

PARAMS = (
    Param("what", STRING),
    Param("flag", BOOL),
    Param("maybe", STRING, optional=True),
    Param("count", INT, default="3"),
    Param("on", DATE),
    Param("when", PERIOD, default='"weekly"'),
    Param("how_many", SIZE, default="2"),
    Param("code_of", REMARK),
    Param("list", STRING.many()),
    Param("entry", ROW),
    Param("outside", STRING, untrusted=True),
    Param("strange", ODD),
    Param("usual", CASE, default='{ odds: [{ no: "3" }] }'),
    Param("moment", DATETIME),
    Param("whole", ANY),
    Param("key", STRING, secret=True),
)


UNREADABLE = frozenset(
    (*(value.code for value, _ in INPUTS), *(each.name for each in PARAMS), *CONSTS, "later")
)
"""The names of outputs that mean something else, or are read in background."""


@st.composite
def programs(draw: st.DrawFn) -> str:
    """The source text of a program, which checks without errors most often."""
    return _make(Drawn(draw))


def program(seed: int, *, printed: bool = False) -> str:
    """The program of a seed; `printed`: for an account whose focused agents have a terminal."""
    return _make(Dice(seed), printed=printed)


def _make(c: Chooser, *, printed: bool = False) -> str:
    pictures = c.once_in(8)
    themes = frozenset(c.pick(THEMES) for _ in range(3)) if c.flag() else frozenset()
    outside = c.once_in(4) or "attempts" in themes
    style = Style(outside, pictures, themes, printed)
    tasks: list[Task] = []
    declared: list[str] = []
    for number in c.several(0, len(TASK_NAMES)):
        task, source = c.within(lambda number=number: _task(c, TASK_NAMES[number], tasks, style))
        tasks.append(task)
        declared.append(source)
    workflow = c.within(lambda: _workflow(c, tasks, style))
    folder = c.pick(("", "", "", *FOLDERS)) if declared else None
    chained = c.once_in(6) or "chain" in themes
    return _assembled(workflow, declared, folder, chained=chained)


class Style(NamedTuple):
    """What all bodies of a program share.

    `outside`: decisions of the screen may need the main agent. `pictures`, `themes` and `printed`
    are those of a `Body`.
    """

    outside: bool
    pictures: bool
    themes: frozenset[str]
    printed: bool


def _consts() -> list[Value]:
    return [
        *(
            Value(name, type_, constant=True, filled=type_.name == "list")
            for name, (_, type_) in CONSTS.items()
        ),
        *(Value(f"env.{name}", STRING, constant=True) for name in ENVIRONMENT),
    ]


def _task(c: Chooser, name: str, tasks: list[Task], style: Style) -> tuple[Task, str]:
    params = tuple(each for each in PARAMS if c.once_in(3)) or PARAMS[:1]
    body = Body(
        c,
        [
            *(
                Value(each.name, each.type, each.optional, untrusted=each.untrusted)
                for each in params
                if not each.secret
            ),
            *_consts(),
        ],
        tuple(each.name for each in params if each.secret),
        task=True,
        unreadable=UNREADABLE,
        pictures=style.pictures,
        themes=style.themes,
        printed=style.printed,
    )
    callable_ = [
        each for each in tasks if body.secrets or not any(param.secret for param in each.params)
    ]
    makes = Statements(body, callable_)
    state = State()
    finishes = "finish" in style.themes and c.flag()
    place = Place(main=finishes or c.flag(), outside=style.outside)
    written = makes.block(state, place, least=1)
    written = _covered(makes, state, place, written)
    if not state.dead and (finishes or c.once_in(8)):
        state.dead = True
        if body.may_finish(state, place) and (finishes or not c.once_in(4)):
            body.finish()
            written += '\nfinish "it is done"'
        else:
            written += '\nfail "it never works"'
    fields = tuple(body.targets.values())
    inline = f"{{ {', '.join(each.written for each in fields)} }}"
    result = Type(inline, "record", fields) if fields else None
    # Where decisions may need the main agent, one in the task may; attempts always may.
    may_decide = body.main and (style.outside or "retry " in written)
    does = (body.main, body.loops, body.decides or may_decide)
    task = Task(name, params, result, *does, not state.dead, body.finishes)
    arrow = f" -> {inline}" if fields else ""
    head = f"task {name}({', '.join(each.written for each in params)}){arrow}"
    return task, f"{head} {{\n{written}\n}}"


def _covered(makes: Statements, state: State, place: Place, written: str) -> str:
    """The body, with a use of what is set at its end, and with what every path has to emit."""
    pieces = [written]
    for value in state.set.values():
        parts = [each for each in readable(value, state.present) if each.type.scalar]
        if parts and not state.dead and makes.c.flag():
            pieces.append(f'type {makes.c.pick(parts).code} into "the field A"')
    for target in list(makes.body.targets.values()):
        begins = target.default and target.name not in state.lost
        given = target.optional or begins or target.name in state.emitted
        if not (state.dead or given):
            pieces.append(makes.emit(state, place, target))
    return "\n".join(pieces)


def _workflow(c: Chooser, tasks: list[Task], style: Style) -> str:
    body = Body(
        c,
        [*(value for value, _ in INPUTS if value.type != ANY), *_consts()],
        ("pin", "key"),
        unreadable=UNREADABLE,
        pictures=style.pictures,
        themes=style.themes,
        printed=style.printed,
    )
    makes = Statements(body, tasks)
    state = State()
    place = Place(main=True, outside=style.outside)
    written = makes.block(state, place, least=1)
    written = _covered(makes, state, place, written)
    if not state.dead and c.once_in(12):
        written += f"\nfinish {body.text(state, texts.REASONS)}"
    always = ""
    if c.once_in(4):
        start = replace(state, set={}, outputs={}, present=frozenset())
        rules = [body.text(start, texts.RULES, fixed=True) for _ in c.several(1, 2)]
        always = f"always {{ {' '.join(rules)} }}\n"
    checks = ""
    if c.once_in(8):
        start = replace(state, set={}, outputs={}, present=frozenset())
        found = [body.text(start, texts.CHECKS, fixed=True) for _ in c.several(1, 2)]
        checks = f"\nchecks {{\n{_lines(found)}\n}}"
    outputs = []
    for target in body.targets.values():
        doc = f"## {c.pick(texts.DOCS)}\n" if c.once_in(6) else ""
        outputs.append(f"{doc}{target.written}")
    section = f"outputs {{\n{_lines(outputs)}\n}}\n" if outputs else ""
    doc = f"## {c.pick(texts.DOCS)}\n" if c.once_in(4) else ""
    title = 'title = "Close. Now"\n' if c.once_in(6) else ""
    # No step may read an input of the type `any`; what a comment names is declared, too.
    title += "# data, more_data\n" if c.once_in(8) else ""
    return f"{doc}workflow w {{\n{title}{section}{always}steps {{\n{written}\n}}{checks}\n}}"


def _lines(lines: list[str]) -> str:
    return "\n".join(lines)


def _assembled(workflow: str, tasks: list[str], folder: str | None, *, chained: bool) -> str:
    """The files: what nothing names is left out.

    What is declared stands in a file of `folder`, which the one of the workflow imports; without
    one, all stands in one file. `chained`: a chain runs the workflow and one that gets its outputs.
    """
    kept: list[str] = []
    rest = workflow
    for source in reversed(tasks):
        if re.search(rf"\bcall {_name_of(source)}\(", rest):
            kept.insert(0, source)
            rest += source
    workflow = _with_sections(workflow, kept)
    if chained:
        workflow += _chain(workflow)
    whole = "\n".join((*kept, workflow))
    consts = [f"const {name} {value}" for name, (value, _) in CONSTS.items() if _names(whole, name)]
    types: list[str] = []
    for name, source in reversed(DECLARED_TYPES.items()):
        if re.search(rf"\b{name}\b", "\n".join((whole, *consts, *types))):
            types.insert(0, source)
    if folder is None or not kept:
        return _file(*types, *consts, whole)
    return _in_files(workflow, kept, [*types, *consts], folder)


def _with_sections(workflow: str, tasks: list[str]) -> str:
    """A workflow with its inputs and secrets, and with what its commands need."""
    inputs = [written for value, written in INPUTS if _names(workflow, value.code)]
    secrets = [f"{name}: string" for name in ("pin", "key") if f"${name}" in workflow]
    sections = ""
    if inputs:
        sections += f"inputs {{\n{_lines(inputs)}\n}}\n"
    if secrets:
        sections += f"secrets {{ {', '.join(secrets)} }}\n"
    if re.search(r"\btype (today|start of)\b", "\n".join((*tasks, workflow))):
        sections += "terminal { dates = true }\n"
    start = workflow.index("workflow w {\n") + len("workflow w {\n")
    return workflow[:start] + sections + workflow[start:]


def _chain(workflow: str) -> str:
    """A chain of a workflow, and of another one that is given its outputs."""
    inputs, outputs = (_declared(workflow, section) for section in ("inputs", "outputs"))
    secrets = re.findall(r"^secrets \{ (.*) \}$", workflow, re.M)
    given = [f"{name}: {name}" for name in inputs]
    given += [
        f"{each}: ${each}" for each in ("pin", "key") if f"{each}: string" in "".join(secrets)
    ]
    inputs = {name: each.replace(" @machine", "") for name, each in inputs.items()}
    plain = {name: re.sub(" = .*| @wire.*", "", written) for name, written in outputs.items()}
    taken = {name: re.sub(r"\?: (.*)", r": \1?", written) for name, written in plain.items()}
    refs = [f"{name}: first.outputs.{name}" for name in outputs]
    after = f"\ninputs {{\n{_lines(list(taken.values()))}\n}}" if taken else ""
    sections = f"\ninputs {{\n{_lines(list(inputs.values()))}\n}}" if inputs else ""
    sections += f"\nsecrets {{ {secrets[0]} }}" if secrets else ""
    return (
        f'\nworkflow w_after {{{after}\nsteps {{\ndo "Go on."\n}}\n}}'
        f"\nchain c {{{sections}\nstep first = run w({', '.join(given)})"
        f"\nstep second = run w_after({', '.join(refs)})\n}}"
    )


def _declared(workflow: str, section: str) -> dict[str, str]:
    """The lines of a section by the names that they declare."""
    found = re.search(rf"^{section} \{{\n(.*?)\n\}}$", workflow, re.M | re.S)
    lines = [] if found is None else found[1].split("\n")
    return {re.split(r"\??:", each)[0]: each for each in lines if not each.startswith("##")}


def _in_files(workflow: str, tasks: list[str], declared: list[str], folder: str) -> str:
    """The file of a workflow, and one each for its tasks, and for types and consts."""
    written = "@shared/" if folder.startswith("@") else f"./{folder}"
    names = [(_name_of(each), each) for each in declared]

    def used(source: str) -> str:
        found = [name for name, _ in names if re.search(rf"\b{name}\b", source)]
        return f'import {{ {", ".join(found)} }} from "{written}words.flow"' if found else ""

    # Those of the workflow are named by the file that they are in.
    workflow = re.sub(r"\bcall (\w+)\(", r"call tasks.\1(", workflow)
    main = (f'import "{written}tasks.flow" as tasks', used(workflow), workflow)
    body = "\n".join(tasks)
    beside = used(body).replace(written, "@shared/" if folder.startswith("@") else "./")
    files = [_file(*main), _beside(f"{folder}tasks.flow", _file(beside, body))]
    if declared:
        files.append(_beside(f"{folder}words.flow", _file(*declared)))
    return "".join(files)


def _name_of(declared: str) -> str:
    """The name of a task, type or const."""
    return re.match(r"(?:##.*\n)?(?:task|type|const) (\w+)", declared)[1]  # type: ignore[index]


def _file(*parts: str) -> str:
    return _indented("\n".join(("flow 1", *filter(None, parts)))) + "\n"


def _beside(path: str, text: str) -> str:
    return f"#= {path}\n{text}"


def _names(source: str, name: str) -> bool:
    """Whether a source may name an input or const: too often rather than not."""
    return re.search(rf'(?<![\w$."]){name}\b(?!:)', source) is not None


def _indented(source: str) -> str:
    """The source with its blocks indented; texts of several lines stay as they are."""
    lines: list[str] = []
    depth = 0
    inside = False
    for line in source.split("\n"):
        closes = not inside and line.startswith("}")
        depth -= closes
        lines.append(line if inside else "  " * depth + line)
        inside ^= line.count('"""') % 2 == 1
        depth += not inside and line.endswith("{")
    return "\n".join(lines)
