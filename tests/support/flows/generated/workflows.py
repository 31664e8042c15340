"""Random workflows that mean something: every name is declared, and set before it is read."""

from __future__ import annotations

from hypothesis import strategies as st

HEADER = """flow 1
type Row { number: string, amount: number, memo: string? }
task look(what: string) -> { seen: string, note: string? } {
  extract seen: string from "the {what}"
  if sees "a note" { extract note: string from "the note" emit note = note }
  emit seen = seen
}
task hurry(fast: bool) { if fast { } else { press "F6" } }
task save() { press "Ctrl+S" expect "Saved" else fail "not saved" }
"""
SECTIONS = """
  inputs { name: string, day: date, memo: string?, fast: bool = true, rows: Row[] @max_items(20) }
  secrets { pin: string }
  outputs { last: string?, all: string[], kind: string }
"""
SIMPLE = (
    'do "Open {name} and wait for {day}."',
    'do """\n  Click "Save".\n  Then type {name}\n  and go on.\n"""',
    'choose "the row of {name}"',
    'choose "the row of {day}" else abort "no row of {day}"',
    'type $pin into "the PIN field"',
    'type "{memo}" into "the Memo field"',
    'type day as "dd.MM.yyyy" into "the Day field"',
    'type """\n  Dear all,\n  - Press Delete.\n""" into "the Note field"',
    'type " {name}. " into "the Note field"',
    'clear "the Name field"',
    'press "Tab" 3 times',
    "wait 5s",
    'wait until "the grid is there" timeout 20s else fail "no grid"',
    'expect "the form is empty"',
    'expect "it is saved" else { press "Escape" abort "not saved" }',
    'expect "the file is there" else { capture "missing.png" fail "no file" }',
    "call save()",
    'capture "shot-{name}.png"',
    'export file "C:/out/{name}.pdf"',
    'run "Get-Date"',
    'run "Get-Item \'{day}.txt\'" else abort "no file"',
    'emit kind = "x {name}"',
)
HOLLOW = (
    'step "Part that is empty" { }',
    'do ""',
    'type "" into "the Memo field"',
    "call hurry(fast: true)",
    'expect "the form is empty" else { }',
    'wait until "the grid is there" else { }',
    'choose "the row of {name}" else { }',
    'run "Get-Date" else { }',
    "for row in rows max 20 { }",
)
"""Statements that come to nothing, or to nothing more than an action."""

CONDITIONS = (
    'sees "a dialog"',
    "fast",
    "memo is empty",
    "memo is not empty and not fast",
    'name == "x" or (sees "y" and day != "2026-01-01")',
)


class _Names:
    """Fresh names of runtime variables; one is never used twice."""

    def __init__(self) -> None:
        self.count = 0

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"


@st.composite
def workflows(draw: st.DrawFn) -> str:
    """The source text of one program with one workflow `w`."""
    names = _Names()
    body = _block(draw, names, depth=0, loop=False, attempt=False)
    return (
        f'{HEADER}workflow w {{{SECTIONS}\n  steps {{\nemit all += "first"\n{body}\nemit kind = '
        f'"end"\n  }}\n}}\n'
    )


def _block(draw: st.DrawFn, names: _Names, *, depth: int, loop: bool, attempt: bool) -> str:
    count = draw(st.integers(0 if depth else 1, 4 if depth < 2 else 2))
    return "\n".join(
        _statement(draw, names, depth=depth, loop=loop, attempt=attempt) for _ in range(count)
    )


def _statement(draw: st.DrawFn, names: _Names, *, depth: int, loop: bool, attempt: bool) -> str:
    kinds = ["simple", "simple", "hollow", "extract", "copy", "look"]
    if depth < 3:
        kinds += ["step", "if", "repeat", "retry"] + ([] if loop else ["for"])
    if not attempt:
        kinds.append("append")
    kind = draw(st.sampled_from(kinds))

    def inner(*, in_loop: bool = loop, in_attempt: bool = attempt) -> str:
        return _block(draw, names, depth=depth + 1, loop=in_loop, attempt=in_attempt)

    match kind:
        case "extract" | "copy":
            name = names.fresh()
            type_ = draw(st.sampled_from((": string", ": string?", "")))
            type_ = type_ or (": int" if kind == "extract" else "")
            use = f'do "Type {{{name}}}."'
            if type_.endswith("?"):
                use = f"if not {name} is empty {{ {use} }}"
            return f'{kind} {name}{type_} from "the {name}"\n{use}'
        case "hollow":
            return draw(st.sampled_from(HOLLOW[:-1] if loop else HOLLOW))
        case "look":
            name = names.fresh()
            return f"call look(what: name) as {name}\nemit last = {name}.seen"
        case "append":
            return "emit all += name"
        case "step":
            return f'step "Part of {{name}}" {{ {inner()} }}'
        case "if":
            condition = draw(st.sampled_from(CONDITIONS))
            otherwise = f" else {{ {inner()} }}" if draw(st.booleans()) else ""
            return f"if {condition} {{ {inner()} }}{otherwise}"
        case "repeat":
            return f'while not sees "the end" max 3 {{ {inner(in_attempt=True)} }}'
        case "retry":
            body = f'{inner(in_attempt=True)}\nexpect "done" else fail "again"'
            otherwise = ' else { abort "gave up" }' if draw(st.booleans()) else ""
            return f"retry 2 wait 5s {{ {body} }}{otherwise}"
        case "for":
            return f'for row in rows max 20 {{ do "Open {{row.number}}." {inner(in_loop=True)} }}'
        case _:
            return draw(st.sampled_from(SIMPLE))
