"""Texts of every kind for `doubling.py`, each of about as many characters as it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

Files = dict[str, str]
Make = Callable[[int], Files]


def repeated(piece: str, size: int) -> str:
    """Copies of `piece`, `§` in each replaced by its number, until `size` is reached."""
    parts: list[str] = []
    length = 0
    for number in count():
        if length >= size:
            return "".join(parts)
        part = piece.replace("§", str(number))
        parts.append(part)
        length += len(part)
    return ""


def _flow(before: str, piece: str, behind: str) -> Make:
    """One file: `piece` as often as it takes."""
    return lambda size: {"a.flow": before + repeated(piece, size) + behind}


def steps(piece: str, inputs: str = "") -> Make:
    head = f"flow 1\n\n## Works.\nworkflow w {{\n  {inputs}\n  steps {{\n"
    return _flow(head, piece, "\n  }\n}\n")


def _prose(words: str, role: str = 'do """\n', end: str = '\n"""') -> Make:
    head = f"flow 1\n\n## Works.\nworkflow w {{\n  steps {{\n{role}"
    return _flow(head, words, f"{end}\n  }}\n}}\n")


def _toml(before: str, piece: str, behind: str = "") -> Make:
    def make(size: int) -> Files:
        text = '[project]\nname = "x"\n' + before + repeated(piece, size) + behind
        return {"flowdsl.toml": text, "a.flow": "flow 1\n"}

    return make


def _many_files(size: int) -> Files:
    number = max(size // 120, 2)
    library = 'flow 1\nconst c = "x"\ntask t§() { press "Enter" }\n'
    files = {f"f{at}.flow": library.replace("§", str(at)) for at in range(number)}
    lines = "".join(f'import {{ t{at} }} from "./f{at}.flow"\n' for at in range(number))
    files["a.flow"] = f"flow 1\n{lines}"
    return files


def _import_chain(size: int) -> Files:
    number = max(size // 120, 2)
    files = {
        f"f{at}.flow": f'flow 1\nimport {{ t{at + 1} }} from "./f{at + 1}.flow"\n'
        f"task t{at}() {{ call t{at + 1}() }}\n"
        for at in range(number)
    }
    files[f"f{number}.flow"] = f'flow 1\ntask t{number}() {{ press "Enter" }}\n'
    return files


def _nested(opening: str) -> Make:
    """One statement in another, as deep as the size asks for."""

    def make(size: int) -> Files:
        depth = size // len(opening)
        return steps(opening * depth + 'press "Enter"' + " }" * depth + "\n")(1)

    return make


def _prompt_file(size: int) -> Files:
    text = repeated("Open the window of {name§} and {{value§}}, then `click` **it**.\n", size)
    return {"a.flow": 'flow 1\nworkflow w { prompt from "p.md" }\n', "p.md": text}


def _schema_file(size: int) -> Files:
    fields = repeated('"f§": {"type": "string", "pattern": "^a§+$"},\n', size)
    text = '{"type": "object", "properties": {' + fields + '"z": {"type": "integer"}}}'
    return {
        "a.flow": 'flow 1\nworkflow w {\n  inputs from "s.json"\n  outputs from "s.json"\n'
        '  prompt from "p.md"\n}\n',
        "s.json": text,
        "p.md": "Go",
    }


def _record(piece: str) -> Make:
    """Statements about an input with very many fields."""
    return lambda size: {
        "a.flow": "flow 1\ntype T {\n"
        + repeated("a§: string\n", size // 2)
        + "}\nworkflow w { inputs { r: T } steps {\n"
        + repeated(piece, size // 2)
        + "} }\n"
    }


def _choice(piece: str, before: str = "") -> Make:
    """Statements about an input that is one of very many words."""
    return lambda size: {
        "a.flow": "flow 1\nworkflow w { inputs { a: "
        + repeated('"c§" | ', size // 3)
        + '"z" } steps {\n'
        + before
        + repeated(piece, size)
        + "} }\n"
    }


def _call(parameters: str, arguments: str) -> Make:
    return lambda size: {
        "a.flow": "flow 1\ntask t(" + repeated(parameters, size // 2) + 'z: string) { do "{z}" }\n'
        "workflow w { steps { call t(" + repeated(arguments, size // 2) + 'z: "x") } }\n'
    }


def _test(piece: str, answer: str, before: str = "") -> Make:
    """A test that answers what a workflow asks."""
    return lambda size: {
        "a.flow": f"flow 1\n{before}workflow w {{ steps {{\n"
        + repeated(piece, size // 2)
        + '} }\ntest "t" for w { screen {\n'
        + repeated(answer, size // 2)
        + "} }\n"
    }


def _prompt_of(piece: str) -> Make:
    """A prompt file beside very many declared names."""
    return lambda size: {
        "a.flow": "flow 1\ntype T {\n"
        + repeated("name§: string?\n", size // 5)
        + "}\nworkflow w {\ninputs {\nr: T\n"
        + repeated("name§: string\n", size // 5)
        + "}\nsecrets {\n"
        + repeated("secret§: string\n", size // 5)
        + "}\noutputs {\n"
        + repeated("output§: string\n", size // 5)
        + '}\nprompt from "p.md"\n}\n',
        "p.md": repeated(piece, size // 5),
    }


def _required_schema(size: int) -> Files:
    names = repeated("f§ ", size // 3).split()
    fields = ", ".join(f'"{name}": {{"type": "string"}}' for name in names)
    needed = ", ".join(f'"{name}"' for name in names)
    flow = _schema_file(100)
    text = f'{{"type": "object", "properties": {{{fields}}}, "required": [{needed}]}}'
    return {**flow, "s.json": text}


def _gitignore(size: int) -> Files:
    return {"a.flow": "flow 1\n", ".gitignore": repeated("*a§*/**/b[0-9]*\n", size)}


_SENTENCES = {
    "looks": (
        "Click the red small button at the top right of the screen, the blue icon and the first "
        "link. "
    ),
    "look without end": "click the red blue large ",
    "the": "the ",
    "places": "the icon at the far very upper lower top bottom left ",
    "in the page of the": "Click the blue button in the page of the window ",
    "targets": (
        "Click the button. Press the icon in the dialog, then select the option and open the menu. "
    ),
    "verbs": "Make sure everything is handled correctly and deal with it appropriately. ",
    "vague opening": (
        "Handle the form § and take care of it as appropriate by clicking it, using the mouse. "
    ),
    "choices": "Select the row whose name is {who}, and choose {who} in the list of names. ",
    "choice without end": "select the option in the list that ",
    "bans": "Never click the button. Do not avoid it under any circumstances; don't do it. ",
    "coordinates": "Click at 100, 200 px and move the mouse to x=1 y=2. ",
    "digits": "move the pointer to 1 2 3 4 5 6 7 8 9 ",
    "tools": (
        "Use save_screenshot_as_run_attachment and copy_to_clipboard, then "
        "execute_terminal_command. "
    ),
    "sentences": "Open it. Close it. Wait! Is it open? ",
    "dots": "a.b. ",
    "blanks": " \t ",
    "one word": "a",
    "capitals": "A",
    "credentials": (
        "password: hunter§zq9X token=ghp_abcdefghij§klmnopqrstuvwxyz0123456789 key "
        "sk-abcdef§ghijkl "
    ),
    "base64": "aGVsbG8gd29ybGQh",
    "addresses": "https://user:pw@portal§.test/a?b=c#d ",
    "braces": "{a} {{b}} {$c} { d} {{ e }} \\\\{f} ",
    "opened braces": "{{a {b ",
    "comments": "{# a §#} word ",
    "open comments": "{# a ",
    "sentinels": "__EMPTY__ and __CLEAR__ ",
    "quotes": "' “ ” ‘ ’ ` ",
    "brackets": "([<>]) ",
    "unicode": "Öffne das Fenster § für Müller und drücke „Weiter“ 🙂 日本語 ",
    "escaped braces": "\\\\\\{name§} ",
    "escaped braces in a row": "\\{{{{{{{{",
    "combining": "e\u0301\u0300\u200d",
    "right to left": "שלום \u202eabc\u202c ",
    "suppressions": "{# flow: ignore[vague-verb, target-by-look] why #} word ",
    "open suppressions": "{# flow: ignore[vague-verb ",
    "hash": "# ",
    "commas": "a, ",
    "dashes": "- a\n- b\n",
    "tabs": "a\tb\t",
}
"""Sorts of prose, each on one long line of a text block; and the same with a line for each copy."""

KINDS: dict[str, Make] = {
    # Declarations and names.
    "workflows": _flow("flow 1\n", '## Does §.\nworkflow w§ { steps { do "Open § now" } }\n', ""),
    "tasks, none called": _flow("flow 1\n", 'task t§(a: string) { do "Open {a}" }\n', ""),
    "tasks, each calls the next": _flow("flow 1\n", "task t§() { call u§() }\n", ""),
    "calls of one task": steps("call t()\n"),
    "types": _flow("flow 1\n", "type T§ { a: string b: int }\n", ""),
    "types of one another": _flow("flow 1\n", "type T§ { a: T0 b: T§[] }\n", ""),
    "consts": _flow("flow 1\n", 'const c§ = "text §"\n', ""),
    "consts of one another": _flow('flow 1\nconst c = "a"\n', 'const d§ = "{c} §"\n', ""),
    "the same name": _flow("flow 1\n", 'const c = "text"\n', ""),
    "chains": _flow("flow 1\nworkflow w { steps { } }\n", "chain c§ { step a = run w() }\n", ""),
    "steps of a chain": _flow(
        "flow 1\nworkflow w { steps { } }\nchain c {\n", "step s§ = run w()\n", "}"
    ),
    "tests": _flow(
        'flow 1\nworkflow w { steps { do "a" } }\n',
        'test "t §" for w { prompt contains "a" }\n',
        "",
    ),
    "answers of a test": _flow(
        'flow 1\nworkflow w { steps { if sees "a" { press "Enter" } } }\n'
        'test "t" for w { screen {\n',
        'sees "b §" = true\n',
        "} }\n",
    ),
    "imports": lambda size: {
        "a.flow": "flow 1\n" + repeated('import { a§ } from "./b§.flow"\n', size)
    },
    "names of one import": lambda size: {
        "a.flow": "flow 1\nimport { " + repeated("t§, ", size) + 'z } from "./b.flow"\n',
        "b.flow": "flow 1\n" + repeated("task t§() { }\n", size),
    },
    "imported files": _many_files,
    "chain of imports": _import_chain,
    "unknown names beside many": _flow(
        "flow 1\n", 'const abc§ = "x"\ntask t§() { do "{abd§x}" call tx§() }\n', ""
    ),
    "variables": steps('read v§: string from "the field §"\nemit o = {{v§}}\n'),
    "extracts": steps('extract v§: string from "the field §"\ndo "Type {{v§}}"\n'),
    "one variable set again": steps('extract v: string from "the field"\n'),
    "unknown variables": steps('do "Type {{v§}} and {w§}"\n'),
    "inputs": _flow("flow 1\nworkflow w { inputs {\n", "a§: string\n", '} steps { do "x" } }\n'),
    "inputs, all used": lambda size: {
        "a.flow": "flow 1\nworkflow w { inputs {\n"
        + repeated("a§: string\n", size)
        + "} steps {\n"
        + repeated('do "Type {a§}"\n', size)
        + "} }\n"
    },
    "secrets": _flow("flow 1\nworkflow w { secrets {\n", "a§: string\n", '} steps { do "x" } }\n'),
    "outputs": _flow("flow 1\nworkflow w { outputs {\n", "a§: string\n", '} steps { do "x" } }\n'),
    "outputs, all emitted": lambda size: {
        "a.flow": "flow 1\nworkflow w { outputs {\n"
        + repeated("a§: string\n", size)
        + "} steps {\n"
        + repeated('emit a§ = "x"\n', size)
        + "} }\n"
    },
    "fields of a record": _flow("flow 1\ntype T {\n", "a§: string\n", "}\n"),
    "annotated fields": _flow(
        "flow 1\ntype T {\n",
        'a§: string @pattern(r"^[a-z]{2,§}x$") @example("abx") @example("b")\n',
        "}\n",
    ),
    "examples of one field": _flow(
        "flow 1\ntype T { a: string\n", '@pattern("^a+§$") @example("aa")\n', "}\n"
    ),
    "choices": _flow("flow 1\ntype T { a: ", '"c§" | ', '"z" }\n'),
    "parameters": _flow("flow 1\ntask t(", "a§: string, ", 'z: string) { do "x" }\n'),
    "entries of a list": _flow("flow 1\nconst c = [", '"a§", ', '"z"]\n'),
    "values of a record": _flow("flow 1\nconst c = {", ' a§: "x",', ' z: "x" }\n'),
    "allowed commands": _flow(
        "flow 1\nworkflow w { allow {\n", '"Get-Item §"\n', '} steps { do "x" } }\n'
    ),
    "checks": _flow(
        'flow 1\nworkflow w { steps { capture "a.png" }\nchecks {\n',
        'file "a§.pdf" exists\n',
        "} }\n",
    ),
    "captures and checks": lambda size: {
        "a.flow": "flow 1\nworkflow w { steps {\n"
        + repeated('capture "a§.png"\n', size)
        + "}\nchecks {\n"
        + repeated('file "b§.png" exists\nfiles matching r"^b§" exists\n', size)
        + "} }\n"
    },
    "rules of always": _flow(
        "flow 1\nworkflow w { always {\n", '"Never close window §"\n', '} steps { do "x" } }\n'
    ),
    # Statements.
    "do": steps('do "Open the window § and press Enter"\n'),
    "commands": steps("run \"Get-Item C:/a§; ls -la && cat 'x'\"\n"),
    "blanks behind a password": _flow(
        'flow 1\nworkflow w { steps { do "password is', " ", ';" } }\n'
    ),
    "passwords on one line": _flow('flow 1\nworkflow w { steps { do "', "password, ", '" } }\n'),
    "braces in one command": _flow('flow 1\nworkflow w { steps { run "', "\\{name§ ", '" } }\n'),
    "one long command": _flow(
        'flow 1\nworkflow w { steps { run "', "Get-Item C:/a; ls -la && cat 'x' | ", '" } }\n'
    ),
    "waits": steps("wait 5s\n"),
    "ifs": steps('if sees "a §" { press "Enter" } else { press "Tab" }\n'),
    "else ifs": steps('else if sees "a §" { press "Enter" }\n', 'steps { if sees "a" { }'),
    "ands": _flow(
        'flow 1\nworkflow w { steps { if sees "a"', ' and sees "b §"', ' { press "Enter" } } }\n'
    ),
    "loops": steps(
        'while not sees "a §" max 3 { press "Tab" }\nfor x§ in rows max 5 { do "Open {x§}" }\n',
        "inputs { rows: string[] }",
    ),
    "steps": steps('step "Do §" { do "Open the window" }\n'),
    "retries": steps('retry 2 { do "a §" abort "x" } else { abort "no" }\n'),
    "background": steps('background { extract a§: string from "x" }\n'),
    "ifs to the limit": _nested('if sees "a" { '),
    "steps to the limit": _nested('step "a" { '),
    "nested ifs": steps('if sees "a" { ' * 150 + 'press "Enter"' + " }" * 150 + "\n"),
    "nested steps": steps('step "a" { ' * 150 + 'press "Enter"' + " }" * 150 + "\n"),
    "nested brackets": _flow("flow 1\n", "const c§ = " + "[" * 150 + "1" + "]" * 150 + "\n", ""),
    "too deep": _flow("flow 1\n", "const c§ = " + "[" * 2000 + "1" + "]" * 2000 + "\n", ""),
    # Layout.
    "blank lines": _flow("flow 1\n", "\n", ""),
    "spaces": _flow("flow 1\n", " ", "\n"),
    "tabs": _flow("flow 1\n", "\t\t", "\n"),
    "comments": _flow("flow 1\n", "# a comment §\n", 'const c = "a"\n'),
    "comments between statements": steps('# a comment §\ndo "x" # and more\n'),
    "one long comment": _flow("flow 1\n# ", "a comment ", "\n"),
    "doc comments": _flow("flow 1\n", "## a comment §\n", 'const c = "a"\n'),
    "suppressions": steps("# flow: ignore[fixed-wait] slow §\nwait 5s\n"),
    "suppressions of nothing": _flow(
        "flow 1\n", "# flow: ignore[fixed-wait] slow §\n", 'const c = "a"\n'
    ),
    "unknown suppressions": _flow("flow 1\n", "# flow: ignore[fixed-wayt§]\n", 'const c = "a"\n'),
    "names in one suppression": _flow(
        "flow 1\n# flow: ignore[", "fixed-wait, ", "vague-verb] why\nconst c = 1\n"
    ),
    "fmt off and on": steps('# fmt: off\ndo   "x"\n# fmt: on\n'),
    "fmt off": steps('# fmt: off\ndo   "x"\n'),
    "carriage returns": steps('do "Open the window §"\r\n'),
    "lone carriage returns": steps('do "Open the window §"\r'),
    "one line": steps('do "Open the § window" wait 5s '),
    "one line with mistakes": steps('do "Open {unknown§}" '),
    "long name": lambda size: {
        "a.flow": f'flow 1\nconst {"a" * size} = "x"\nconst d = {"a" * (size - 1)}\n'
    },
    "long names": _flow("flow 1\n", f"const {'a' * 2000}§ = {'a' * 1990}b§\n", ""),
    "long path": _flow(
        'flow 1\nworkflow w { inputs { a: string } steps { do "{a', ".b", '}" } }\n'
    ),
    "long number": lambda size: {"a.flow": f"flow 1\nconst a = {'1' * size}\n"},
    "long fraction": lambda size: {"a.flow": f"flow 1\nconst a = 0.{'1' * size}\n"},
    "long raw text": _flow('flow 1\nconst c = r"', "a\\d{2} ", '"\n'),
    "escapes": _flow('flow 1\nconst c = "', '\\n \\" \\{ \\\\ ', '"\n'),
    "bad escapes": _flow('flow 1\nconst c = "', "\\q", '"\n'),
    "lines of a text block": _flow('flow 1\nconst c = """\n', "  line § of it  \n", '"""\n'),
    "indented lines of a text block": _flow(
        'flow 1\nconst c = """\n', "\t  line\n      other\n\n", '"""\n'
    ),
    "text blocks": steps('do """\n  Open the window §\n  and close it\n"""\n'),
    # Mistakes.
    "unterminated strings": steps('do "Open the window §\n'),
    "unterminated text blocks": _flow("flow 1\n", 'const c§ = """\n', ""),
    "stray quotes": _flow("flow 1\n", '" ', "\n"),
    "opened brackets": _flow("flow 1\n", "[({ ", "\n"),
    "closed brackets": _flow("flow 1\n", "} ] ) ", "\n"),
    "opened declarations": _flow("flow 1\n", "workflow w§ { steps {\n", ""),
    "words": _flow("flow 1\n", "open the window § and close it\n", ""),
    "misspelt keywords": steps('doo "Open the window §"\n'),
    "missing values": steps("do\n"),
    "strange characters": _flow("flow 1\n", "§ ¤ ∑ ", "\n"),
    "control characters": _flow('flow 1\nconst c = "', "\x01\x02 ", '"\n'),
    "byte order marks": _flow("flow 1\n", "\ufeff", "\n"),
    "colons": _flow("flow 1\n", "a: b; c, ", "\n"),
    "wrong types": steps('for x§ in "abc" max 3 { emit a = x§ }\n'),
    "wrong arguments": _flow(
        "flow 1\ntask t(a: string) { }\nworkflow w { steps {\n", 'call t(b§: "x", c: 3)\n', "} }\n"
    ),
    "wrong values": _flow(
        "flow 1\nworkflow w { inputs {\n", 'a§: int = "x" @min("a") @maxx(3)\n', "} steps { } }\n"
    ),
    "unknown settings": _flow("flow 1\nworkflow w {\n", 'tytle§ = "x"\n', "steps { } }\n"),
    "unused": steps('extract v§: string from "the field §"\n', "inputs { " + "a: string " + "}"),
    # Names of what is large.
    "fields, all read": _record('do "{r.a§}"\n'),
    "fields, all unknown": _record('do "{r.b§}"\n'),
    "fields, all misspelt": _record('do "{r.aa§}"\n'),
    "arguments of one call": _call("a§: string, ", 'a§: "x", '),
    "unknown arguments of one call": _call("a§: string, ", 'b§: "x", '),
    "parameters, all read": lambda size: {
        "a.flow": "flow 1\ntask t("
        + repeated("a§: string, ", size)
        + "z: string) {\n"
        + repeated('run "x {a§}"\n', size)
        + "}\nworkflow w { steps { call t("
        + repeated('a§: "\\\\{x", ', size)
        + 'z: "x") } }\n'
    },
    "entries of a const, all read": lambda size: {
        "a.flow": "flow 1\nconst c = {" + repeated(' a§: "x",', size) + ' z: "x" }\n'
        "workflow w { steps {\n" + repeated('do "{c.a§}"\n', size) + "} }\n"
    },
    "calls without arguments": lambda size: {
        "a.flow": "flow 1\ntask t("
        + repeated("a§: string, ", size // 2)
        + 'z: string) { do "x" }\n'
        "workflow w { steps {\n" + repeated("call t()\n", size // 2) + "} }\n"
    },
    "a large choice for a number": lambda size: {
        "a.flow": "flow 1\ntask t(a: int) { }\nworkflow w { inputs { a: "
        + repeated('"c§" | ', size // 2)
        + '"z" } steps {\n'
        + repeated("call t(a: a)\n", size // 2)
        + "} }\n"
    },
    "a large record for a number": lambda size: {
        "a.flow": "flow 1\ntask t(a: int) { }\nworkflow w { inputs { a: {"
        + repeated("a§: string, ", size // 2)
        + "z: string } } steps {\n"
        + repeated("call t(a: a)\n", size // 2)
        + "} }\n"
    },
    "a long const in many messages": lambda size: {
        "a.flow": 'flow 1\nconst c = "'
        + "a" * (size // 2)
        + '"\ntask t(a: "x" | "y") { }\nworkflow w { steps {\n'
        + repeated("call t(a: c)\n", size // 2)
        + "} }\n"
    },
    "long names in many messages": lambda size: {
        "a.flow": "flow 1\n"
        + "".join(f'const {letter * (size // 16)} = "x"\n' for letter in "abcdefgh")
        + "workflow w { steps {\n"
        + repeated('do "{x§}"\n', size // 2)
        + "} }\n"
    },
    "values of a choice, all compared": _choice('if a == "c§" { press "Enter" }\n'),
    "values of a choice, one if": _choice(
        ' else if a == "c§" { press "Enter" }', 'if a == "z" { }'
    ),
    "values of a choice, all unknown": _choice('if a == "d§" { press "Enter" }\n'),
    "screens of a test, all unknown": _test(
        'if sees "a §" { press "Enter" }\n', 'sees "b §" = true\n'
    ),
    "screens of a test, all known": _test(
        'if sees "a §" { press "Enter" }\n', 'sees "a §" = true\n'
    ),
    "reads of a test": _test('extract v§: string from "f"\n', 'v§ = "x"\n'),
    "reads of a test, all unknown": _test('extract v§: string from "f"\n', 'w§ = "x"\n'),
    "calls in a test, all unknown": _test("call t() as v§\n", 'w§.a = "x"\n', "task t() { }\n"),
    "reasons of tests": lambda size: {
        "a.flow": "flow 1\nworkflow w { steps {\n"
        + repeated('if sees "a §" { abort "b §" }\n', size)
        + "} }\n"
        + repeated('test "t§" for w { expect abort "c §" }\n', size)
    },
    "steps of a chain, all read": lambda size: {
        "a.flow": "flow 1\nworkflow w { inputs { a: string? } outputs { b: string }\n"
        + 'steps { emit b = "x" } }\nchain c {\n'
        + "step s0 = run w()\n"
        + repeated("step r§ = run w(a: s0.b)\n", size)
        + "}\n"
    },
    "prompt file: unknown": _prompt_of("{b§} and {$d§}, then {{f§}}.\n"),
    "prompt file: misspelt": _prompt_of("{naem§} and {$secrte§}, then {{ouptut§}}.\n"),
    "prompt file: declared": _prompt_of("{name§} and {$secret§}, then {{output§}}.\n"),
    "prompt file: fields": _prompt_of("{r.name§}\n"),
    "prompt file: unknown fields": _prompt_of("{r.b§}\n"),
    "prompt file: misspelt fields": _prompt_of("{r.naem§}\n"),
    "prompt file: one long path": lambda size: {
        **_prompt_of("x\n")(100),
        "p.md": "{r" + repeated(".b", size) + "}",
    },
    "schema from a file: required": _required_schema,
    # Other files.
    "prompt from a file": _prompt_file,
    "schema from a file": _schema_file,
    ".gitignore": _gitignore,
    "toml: one long line": _toml('key = "', "a token = § ", '"\n'),
    "toml: a long word": _toml('k = "', "a", '"\n'),
    "toml: dashes": _toml("", "a-b_", " = 1\n"),
    "toml: brackets": _toml("", "[[", "\n"),
    "toml: header without end": _toml("[", "key ", "\n"),
    "toml: blanks": _toml("", " ", "key\n"),
    "toml: blanks behind secrets": _toml("api_key", " ", "\n"),
    "toml: quotes": _toml("api_key = ", '"', "\n"),
    "toml: env and file": _toml("api_key = {", "env = ", "\n"),
    "toml: env open": _toml("api_key = {", "env = ' ", "\n"),
    "toml: words behind a secret": _toml("api_key = ", "abc ", "\n"),
    "toml: one word behind a secret": _toml("api_key = ", "abc", "\n"),
    "toml: equals": _toml("[env.api_key]\n", "a = ", "\n"),
    "toml: many lines": _toml("[env.x.vars]\n", 'v§ = "text"\n'),
    "toml: environments": _toml("", '[env.e§]\napi = "local"\n'),
    "toml: unknown keys": _toml("", 'nmae§ = "x"\n'),
    "toml: unknown tables": _toml("", '[envv§]\napi = "local"\n'),
    "toml: tags": _toml("", '[tags.t§]\ngroup = "g§"\n'),
    "toml: adopt": _toml(
        "",
        '[[adopt]]\nenv = "e§"\naddress = "workflow.w§"\n'
        'id = "0c7d3f9e-0000-4000-8000-000000000000"\n',
    ),
    "toml: rules": _toml("[lint]\nignore = [", '"fixed-wait§", ', "]\n"),
    "toml: forbidden words": _toml("", '[[lint.forbid]]\ntext = "old portal §"\nmessage = "no"\n'),
    "toml: dotted key": _toml("", "a.", "b = 1\n"),
    "toml: nested arrays": _toml("[project.x]\n", "a§ = [[[[1]]]]\n"),
    "toml: comments": _toml("", "# a comment with a key = §\n"),
    "toml: multi-line string": _toml('secret = """\n', "line §\n", '"""\n'),
}

for _name, _words in _SENTENCES.items():
    KINDS[f"prose, one line: {_name}"] = _prose(_words)
    KINDS[f"prose, lines: {_name}"] = _prose(_words + "\n")
    KINDS[f"prose, many texts: {_name}"] = steps(f'do """\n{_words * 2}\n"""\n')
    KINDS[f"prose, target: {_name}"] = _prose(_words, 'choose """\n')
    KINDS[f"prose, rule: {_name}"] = _prose(_words, 'expect """\n')

for _name in ("commands", "ifs", "variables", "unknown variables", "calls of one task", "steps"):
    KINDS[f"one line: {_name}"] = lambda size, make=KINDS[_name]: {
        path: text.replace("\n", " ").replace("flow 1 ", "flow 1\n")
        for path, text in make(size).items()
    }

_DEEPEST = "blocks stand in one another at most 200 deep"
BOUNDS = {"ifs to the limit": (2_000, _DEEPEST), "steps to the limit": (2_000, _DEEPEST)}
"""The largest size of kinds that the language bounds, and how."""
