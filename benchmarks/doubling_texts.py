"""Texts of every kind for `doubling.py`, each of about as many characters as are asked for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

Files = dict[str, str]
Make = Callable[[int], Files]


def _repeated(piece: str, size: int) -> str:
    """`piece` again and again until `size` is reached, with a new number for `§` in each copy."""
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
    """One file, with `piece` as often as needed."""
    return lambda size: {"a.flow": before + _repeated(piece, size) + behind}


def _steps(piece: str, inputs: str = "") -> Make:
    head = f"flow 1\n\n## Works.\nworkflow w {{\n  {inputs}\n  steps {{\n"
    return _flow(head, piece, "\n  }\n}\n")


def _prose(words: str, role: str = 'do """\n', end: str = '\n"""') -> Make:
    head = f"flow 1\n\n## Works.\nworkflow w {{\n  steps {{\n{role}"
    return _flow(head, words, f"{end}\n  }}\n}}\n")


def _toml(before: str, piece: str, behind: str = "") -> Make:
    def make(size: int) -> Files:
        text = '[project]\nname = "x"\n' + before + _repeated(piece, size) + behind
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


def _deep(opening: str, closing: str, depth: int = 190) -> Make:
    return _steps(opening * depth + closing * depth + "\n")


def _prompt_file(size: int) -> Files:
    text = _repeated("Open the window of {name§} and {{value§}}, then `click` **it**.\n", size)
    return {"a.flow": 'flow 1\nworkflow w { prompt from "p.md" }\n', "p.md": text}


def _schema_file(size: int) -> Files:
    fields = _repeated('"f§": {"type": "string", "pattern": "^a§+$"},\n', size)
    text = '{"type": "object", "properties": {' + fields + '"z": {"type": "integer"}}}'
    return {
        "a.flow": 'flow 1\nworkflow w {\n  inputs from "s.json"\n  outputs from "s.json"\n'
        '  prompt from "p.md"\n}\n',
        "s.json": text,
        "p.md": "Go",
    }


def _gitignore(size: int) -> Files:
    return {"a.flow": "flow 1\n", ".gitignore": _repeated("*a§*/**/b[0-9]*\n", size)}


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
    "combining": "e\u0301\u0300\u200d",
    "right to left": "שלום \u202eabc\u202c ",
    "suppressions": "{# flow: ignore[vague-verb, target-by-look] why #} word ",
    "open suppressions": "{# flow: ignore[vague-verb ",
    "hash": "# ",
    "commas": "a, ",
    "dashes": "- a\n- b\n",
    "tabs": "a\tb\t",
}
"""Sorts of prose, each on one long line of a text block.

Beside them the same with a line end for each copy.
"""

KINDS: dict[str, Make] = {
    # Declarations and names.
    "workflows": _flow("flow 1\n", '## Does §.\nworkflow w§ { steps { do "Open § now" } }\n', ""),
    "tasks, none called": _flow("flow 1\n", 'task t§(a: string) { do "Open {a}" }\n', ""),
    "tasks, each calls the next": _flow("flow 1\n", "task t§() { call u§() }\n", ""),
    "calls of one task": _steps("call t()\n"),
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
        (
            'flow 1\nworkflow w { steps { if sees "a" { press "Enter" } } }\ntest "t" for w { '
            "screen {\n"
        ),
        'sees "b §" = true\n',
        "} }\n",
    ),
    "imports": lambda size: {
        "a.flow": "flow 1\n" + _repeated('import { a§ } from "./b§.flow"\n', size)
    },
    "names of one import": lambda size: {
        "a.flow": "flow 1\nimport { " + _repeated("t§, ", size) + 'z } from "./b.flow"\n',
        "b.flow": "flow 1\n" + _repeated("task t§() { }\n", size),
    },
    "imported files": _many_files,
    "chain of imports": _import_chain,
    "unknown names beside many": _flow(
        "flow 1\n", 'const abc§ = "x"\ntask t§() { do "{abd§x}" call tx§() }\n', ""
    ),
    "variables": _steps('read v§: string from "the field §"\nemit o = {{v§}}\n'),
    "extracts": _steps('extract v§: string from "the field §"\ndo "Type {{v§}}"\n'),
    "one variable set again": _steps('extract v: string from "the field"\n'),
    "unknown variables": _steps('do "Type {{v§}} and {w§}"\n'),
    "inputs": _flow("flow 1\nworkflow w { inputs {\n", "a§: string\n", '} steps { do "x" } }\n'),
    "inputs, all used": lambda size: {
        "a.flow": "flow 1\nworkflow w { inputs {\n"
        + _repeated("a§: string\n", size)
        + "} steps {\n"
        + _repeated('do "Type {a§}"\n', size)
        + "} }\n"
    },
    "secrets": _flow("flow 1\nworkflow w { secrets {\n", "a§: string\n", '} steps { do "x" } }\n'),
    "outputs": _flow("flow 1\nworkflow w { outputs {\n", "a§: string\n", '} steps { do "x" } }\n'),
    "outputs, all emitted": lambda size: {
        "a.flow": "flow 1\nworkflow w { outputs {\n"
        + _repeated("a§: string\n", size)
        + "} steps {\n"
        + _repeated('emit a§ = "x"\n', size)
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
        + _repeated('capture "a§.png"\n', size)
        + "}\nchecks {\n"
        + _repeated('file "b§.png" exists\nfiles matching r"^b§" exists\n', size)
        + "} }\n"
    },
    "rules of always": _flow(
        "flow 1\nworkflow w { always {\n", '"Never close window §"\n', '} steps { do "x" } }\n'
    ),
    # Statements.
    "do": _steps('do "Open the window § and press Enter"\n'),
    "commands": _steps("run \"Get-Item C:/a§; ls -la && cat 'x'\"\n"),
    "one long command": _flow(
        'flow 1\nworkflow w { steps { run "', "Get-Item C:/a; ls -la && cat 'x' | ", '" } }\n'
    ),
    "waits": _steps("wait 5s\n"),
    "ifs": _steps('if sees "a §" { press "Enter" } else { press "Tab" }\n'),
    "else ifs": _steps('else if sees "a §" { press "Enter" }\n', 'steps { if sees "a" { }'),
    "ands": _flow(
        'flow 1\nworkflow w { steps { if sees "a"', ' and sees "b §"', ' { press "Enter" } } }\n'
    ),
    "loops": _steps(
        'repeat until sees "a §" max 3 { press "Tab" }\nfor x§ in rows max 5 { do "Open {x§}" }\n',
        "inputs { rows: string[] }",
    ),
    "steps": _steps('step "Do §" { do "Open the window" }\n'),
    "retries": _steps('retry 2 { do "a §" abort "x" } else { abort "no" }\n'),
    "background": _steps('background { extract a§: string from "x" }\n'),
    "nested ifs": _steps('if sees "a" { ' * 150 + 'press "Enter"' + " }" * 150 + "\n"),
    "nested steps": _steps('step "a" { ' * 150 + 'press "Enter"' + " }" * 150 + "\n"),
    "nested brackets": _flow("flow 1\n", "const c§ = " + "[" * 150 + "1" + "]" * 150 + "\n", ""),
    "too deep": _flow("flow 1\n", "const c§ = " + "[" * 2000 + "1" + "]" * 2000 + "\n", ""),
    # Layout.
    "blank lines": _flow("flow 1\n", "\n", ""),
    "spaces": _flow("flow 1\n", " ", "\n"),
    "tabs": _flow("flow 1\n", "\t\t", "\n"),
    "comments": _flow("flow 1\n", "# a comment §\n", 'const c = "a"\n'),
    "comments between statements": _steps('# a comment §\ndo "x" # and more\n'),
    "one long comment": _flow("flow 1\n# ", "a comment ", "\n"),
    "doc comments": _flow("flow 1\n", "## a comment §\n", 'const c = "a"\n'),
    "suppressions": _steps("# flow: ignore[fixed-wait] slow §\nwait 5s\n"),
    "suppressions of nothing": _flow(
        "flow 1\n", "# flow: ignore[fixed-wait] slow §\n", 'const c = "a"\n'
    ),
    "unknown suppressions": _flow("flow 1\n", "# flow: ignore[fixed-wayt§]\n", 'const c = "a"\n'),
    "names in one suppression": _flow(
        "flow 1\n# flow: ignore[", "fixed-wait, ", "vague-verb] why\nconst c = 1\n"
    ),
    "fmt off and on": _steps('# fmt: off\ndo   "x"\n# fmt: on\n'),
    "fmt off": _steps('# fmt: off\ndo   "x"\n'),
    "carriage returns": _steps('do "Open the window §"\r\n'),
    "lone carriage returns": _steps('do "Open the window §"\r'),
    "one line": _steps('do "Open the § window" wait 5s '),
    "one line with mistakes": _steps('do "Open {unknown§}" '),
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
    "text blocks": _steps('do """\n  Open the window §\n  and close it\n"""\n'),
    # Mistakes.
    "unterminated strings": _steps('do "Open the window §\n'),
    "unterminated text blocks": _flow("flow 1\n", 'const c§ = """\n', ""),
    "stray quotes": _flow("flow 1\n", '" ', "\n"),
    "opened brackets": _flow("flow 1\n", "[({ ", "\n"),
    "closed brackets": _flow("flow 1\n", "} ] ) ", "\n"),
    "opened declarations": _flow("flow 1\n", "workflow w§ { steps {\n", ""),
    "words": _flow("flow 1\n", "open the window § and close it\n", ""),
    "misspelt keywords": _steps('doo "Open the window §"\n'),
    "missing values": _steps("do\n"),
    "strange characters": _flow("flow 1\n", "§ ¤ ∑ ", "\n"),
    "control characters": _flow('flow 1\nconst c = "', "\x01\x02 ", '"\n'),
    "byte order marks": _flow("flow 1\n", "\ufeff", "\n"),
    "colons": _flow("flow 1\n", "a: b; c, ", "\n"),
    "wrong types": _steps('for x§ in "abc" max 3 { emit a = x§ }\n'),
    "wrong arguments": _flow(
        "flow 1\ntask t(a: string) { }\nworkflow w { steps {\n", 'call t(b§: "x", c: 3)\n', "} }\n"
    ),
    "wrong values": _flow(
        "flow 1\nworkflow w { inputs {\n", 'a§: int = "x" @min("a") @maxx(3)\n', "} steps { } }\n"
    ),
    "unknown settings": _flow("flow 1\nworkflow w {\n", 'tytle§ = "x"\n', "steps { } }\n"),
    "unused": _steps('extract v§: string from "the field §"\n', "inputs { " + "a: string " + "}"),
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
        (
            '[[adopt]]\nenv = "e§"\naddress = "workflow.w§"\nid = '
            '"0c7d3f9e-0000-4000-8000-000000000000"\n'
        ),
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
    KINDS[f"prose, many texts: {_name}"] = _steps(f'do """\n{_words * 2}\n"""\n')
    KINDS[f"prose, target: {_name}"] = _prose(_words, 'choose """\n')
    KINDS[f"prose, rule: {_name}"] = _prose(_words, 'expect """\n')
