"""What occurs in a program: constructs of the language, and shapes that are known to be hard."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.statements import ROUNDS
from flowdsl.syntax.visit import children, walk

from .checked import files_of

PATTERNS = {
    "type of several lines": r'type """\n',
    "type with a bullet": r'type """\n(?: .*\n|\n)*? *- ',
    "type with blanks at the ends": r'type " .* "? into|type " .*" into',
    "type with a quote": r'type "[^\n]*\\"[^\n]*" into',
    "type with braces": r"type \"\\\{x",
    "type with [": r'type "\[',
    "type with ideographic blanks": 'type "\u3000',
    "type raw": 'type r"',
    "type nothing": 'type "" into',
    "type a full stop": r'type "Inv\. No\." into',
    "type a value": r"type [a-z{]",
    "type an optional value": r"type (memo|amount|since|maybe)\b",
    "type a secret": r"type \$",
    "type a secret in a text": r'type "[^"]*\{\$',
    "do with a secret": r'do "[^"]*\{\$',
    "do of several lines": r'do """',
    "do with a list or a record": r'do "Look at [{]',
    "type a list or a record in a text": r'type "all: [{]',
    "do nothing": r'do "\{# later #\}"',
    "press several times": r'press "[^"]*" 3 times',
    "using": r'using "fast"',
    "timeout": r"timeout \d",
    "retry with a wait": r"retry \w+ wait",
    "repeat with a wait": r"repeat max \w+ wait",
    "while with a wait": r"while .* max \w+ wait",
    "retry with else": r"^( *)retry [^\n]*\{\n(?:(?!\1\}).*\n)*\1\} else \{",
    "limit by a const": r"(max|retry) limit",
    "limit by an input": r"max n\b",
    "copy without a type": r"copy \w+ from",
    "for on failure": r"\} on failure \{",
    "for on failure as": r"\} on failure as \w+ \{",
    "emit += in a round": r"^( *)(?:repeat|while) [^\n]*\{\n(?:(?!\1\}).*\n)*? *emit \w+ \+=",
    "emit += in an attempt": r"^( *)retry [^\n]*\{\n(?:(?!\1\}).*\n)*? *emit \w+ \+=",
    "emit an empty list": r"emit \w+ \+?= \[\]",
    "keep null": r"keep \w+: \w+\? = null",
    "keep again": r"keep \w+ = ",
    "keep +=": r"keep \w+ \+= ",
    "emit += of a list": r"emit (all|found|tags) \+= ([a-z]\w*\.)*(names|more|tags|rows|v\w*|r)$",
    "+= of a written list": r"(emit|keep) \w+ \+= \[[^\]]",
    "emit null": r"emit \w+ = null",
    "emit a list literal": r"emit \w+ = \[[^\]]",
    "emit a record literal": r"emit \w+ \+?= \{ ",
    "record literal without an optional field": r"= \{ number: [^,]* \}",
    "record literal with null": r"(memo|amount): null",
    "untrusted input": "@untrusted",
    "optional input": r"\w+: \w+\?\n",
    "input that may be left out": r"\w+\?: \w+\n",
    "default of an input": r"\w+: (bool|string) = .*\n",
    "wire name of an input": r"inv: string @wire",
    "wire name of a field": r"no: string @wire",
    "default of a field": r"state: string = ",
    "machine input": "@machine",
    "pattern": "@pattern",
    "const from a file": "const words from",
    "enum of numbers": "type Size =",
    "enum with any other text": "type Remark =",
    "length": "@max_length",
    "doc of a declaration": r"^## .*\nworkflow",
    "doc of a step": r"## .*\n +step",
    "doc of an output": r"## .*\n +\w+: ",
    "always": r"always \{",
    "title": r"title = ",
    "for over an input list": r"for \w+ in (rows|names|more|client\.tags)\b",
    "for over a runtime list": r"extract (\w+):[^\n]*\n *for \w+ in \1\b",
    "for over a literal list": r"for \w+ in \[\"p\"",
    "for over a list with a value": r"for \w+ in \[\"Inv",
    "for over a count": r"for \w+ in (\d|limit)",
    "path of a loop variable": r"\be\d+\.\w",
    "an entry by its number": r"(?<!\{)\b[a-z][\w.]*\[[01]\]",
    "an entry by its number in a text": r"\{[a-z][\w.]*\[[01]\]\}",
    "a field of an entry by its number": r"\b[a-z][\w.]*\[[01]\]\.\w",
    "an entry of a loop's list": r"^( *)for \w+ in ([a-z][\w.]*) .*\n(?:(?!\1\}).*\n)*?.*\2\[0\]",
    "an entry under a count": r"^( *)if count of ([a-z][\w.]*) .*\n(?:(?!\1\}).*\n)*?.*\{\2\[",
    "an entry under a test of it": r"if (not )?([a-z][\w.]*\[[01]\]) is (not )?empty",
    "else finish": r"else finish",
    "else abort": r"else abort",
    "else fail": r"else fail",
    "else that is empty": r'" else \{ \}',
    "step that is empty": r"step [^\n]* \{ \}",
    "branch that is empty": r"if [^\n]* \{ \}",
    "for that is empty": r"for [^\n]* \{ \}",
    "is empty": r"(?<!not )\b[\w.{}]+ is empty",
    "not is empty": r"not [\w.{}]+ is empty",
    "is not empty": r"is not empty",
    "expect of a condition": r"\bexpect (?!\")",
    "wait until with a condition": r"wait until (?!\")",
    "else if": r"else if",
    "match with else": r"^( *)match [^\n]*\{\n(?:(?!\1\}).*\n)*\1(?:  )?else \{",
    "match without else": r"^( *)match [^\n]*\{\n(?:(?!\1\}|\1  else).*\n)*\1\}",
    "several values of a branch": r'^ *"[^"\n]*", "[^\n]* \{',
    "match of what may be missing": r"match (maybe|when|\w+\.(term|when)) ",
    "order": r" (<|>=|<=|>) ",
    "not in": r" not in \[",
    "a part of a value that may be missing": r"(memo|since|maybe) (contains|starts|ends)",
    "numbers in a list": r" in \[-?[0-9]",
    "a secret argument": r"key: \$",
    "a literal argument": r"call \w+\([^\n]*: \"",
    "a runtime argument": r"extract (\w+):(?s:.)*?call [\w.]+\([^\n]*: \1\b",
    "a loop item as an argument": r"call \w+\([^\n]*: e\d",
    "optional result field": r"-> \{[^}\n]*\?",
    "default of a parameter": r"\(.*\w+: \w+ = .*\)",
    "guard that leaves": r"is empty \{\n *(fail|abort|finish)",
    "argument overwritten by its result": r"call [^\n]*: (\w+)\.[^\n]* as \1\b",
    "several files": r"^#= ",
    "library": r"^#= @",
    "task named by its file": r"call tasks\.",
    "env in a text": r"\{env\.",
    "env as a value": r"(?<!\{)\benv\.\w+",
    "const that is a list": r"\b(places|pairs)\b",
    "for over a const": r"for \w+ in (places|pairs)\b",
    "any input": r"data: any$",
    "optional any input": r"data: any\?",
    "any that is read": r"extract \w+: any\b",
    "any as an output": r"emit it = (?!null)[a-z]",
    "time input": r"at: time$",
    "datetime input": r"stamp: datetime",
    "datetime in a format": r'(stamp|moment) as "',
    "wire name of an output": r"^ +code: string\? @wire",
    "wire name of a result": r"-> \{[^\n]*@wire",
    "literal without a field with a default": r"\{ no: [^,{}]* \}",
    "default inside a default": r"\bcase: Case = |usual: Case = ",
    "title with words of ours": r'step "(Up to|The task|It is not|Rules|Steps)',
    "title with a value": r'step "[^"\n]*\{',
    "post-run checks": r"checks \{",
    "chain": r"^chain ",
    "chain with a blank in a name": r"code: first\.outputs\.code",
}
"""Constructs that a regular expression finds in the source."""

STATEMENTS = {
    "step": ast.StepStmt,
    "do": ast.DoStmt,
    "choose": ast.ChooseStmt,
    "type": ast.TypeStmt,
    "clear": ast.ClearStmt,
    "press": ast.PressStmt,
    "wait": ast.WaitStmt,
    "wait until": ast.WaitUntilStmt,
    "extract": ast.ExtractStmt,
    "copy": ast.CopyStmt,
    "emit": ast.EmitStmt,
    "keep": ast.KeepStmt,
    "expect": ast.ExpectStmt,
    "capture": ast.CaptureStmt,
    "export": ast.ExportStmt,
    "image": ast.ImageStmt,
    "run": ast.RunStmt,
    "if": ast.IfStmt,
    "match": ast.MatchStmt,
    "for": ast.ForStmt,
    "while": ast.WhileStmt,
    "repeat": ast.RepeatStmt,
    "retry": ast.RetryStmt,
    "call": ast.CallStmt,
    "fail": ast.FailStmt,
    "abort": ast.AbortStmt,
    "finish": ast.FinishStmt,
}
WITH_ELSE = (
    ast.ChooseStmt,
    ast.WaitUntilStmt,
    ast.ExtractStmt,
    ast.CopyStmt,
    ast.ExpectStmt,
    ast.RunStmt,
    *ROUNDS,
)


def constructs(source: str) -> frozenset[str]:
    """The names of what occurs in a program, which is read and not checked."""
    found = {name for name, pattern in _COMPILED.items() if pattern.search(source) is not None}
    for path, text in files_of(source).items():
        for node in walk(parse_module(SourceFile(path, text), Sink())):
            match node:
                case ast.TaskDecl(body=body):
                    if any(isinstance(each, ast.FinishStmt) for each in walk(body)):
                        found.add("finish in a task")
                case ast.StepsSection(body=body):
                    pass
                case _:
                    continue
            found.update(_in_body(body))
            found.update(_nested(body, ()))
    return frozenset(found)


_COMPILED = {name: re.compile(pattern, re.M) for name, pattern in PATTERNS.items()}


def _in_body(block: ast.Block) -> Iterator[str]:
    calls: dict[str, int] = {}
    for node in walk(block):
        for name, class_ in STATEMENTS.items():
            if type(node) is class_:
                yield name
                if isinstance(node, WITH_ELSE):
                    yield f"{name} {_else(node.otherwise)}"
        match node:
            case ast.TypeStmt(display=display, over=over):
                if display is not None:
                    yield "type as"
                if over:
                    yield "type over"
            case ast.EmitStmt(append=True):
                yield "emit +="
            case ast.ExtractStmt(background=True):
                yield "extract in background"
            case ast.ExtractStmt(type=type_):
                yield f"extract {type(type_).__name__}"
            case ast.AndExpr() | ast.OrExpr() | ast.NotExpr() | ast.SeesExpr():
                yield type(node).__name__
            case ast.CountExpr():
                yield "count of"
            case ast.Ref(counted=ast.Ref()):
                yield "count of in a text"
            case ast.InExpr(values=ast.Ref()):
                yield "InExpr of a list"
            case ast.CompareExpr() | ast.EmptyExpr() | ast.InExpr() | ast.MatchesExpr():
                yield type(node).__name__
            case ast.TextRelationExpr(relation=relation):
                yield relation
            case ast.CallStmt(result=result, task=named):
                task = named.name.text
                calls[task] = calls.get(task, 0) + 1
                yield "call with a result" if result is not None else "call without a result"
            case ast.ForStmt(body=body):
                yield from (f"{each} in a for" for each in _holds(body))
            case ast.RetryStmt(body=body):
                yield from (f"{each} in a retry" for each in _holds(body))
            case ast.WhileStmt(body=body) | ast.RepeatStmt(body=body):
                yield from (f"{each} in a repeat" for each in _holds(body))
            case ast.IfBranch(body=body) | ast.MatchBranch(body=body):
                yield from (f"{each} in a branch" for each in _holds(body))
    if any(count > 1 for count in calls.values()):
        yield "a task called twice"


_GROUPS = {ast.ForStmt: "for", ast.RetryStmt: "retry"} | dict.fromkeys(ROUNDS, "repeat")
IN_GROUPS = (
    *("three loops deep", "copy in a for", "run in a for", "choose in a retry in a for"),
    *("call with a result in a retry in a for", "copy in a retry", "keep in a retry in a for"),
    *("two models in one body",),
)


def _nested(node: ast.Node, around: tuple[str, ...]) -> Iterator[str]:
    """What stands inside loops and attempts, by the groups around it."""
    loops = [each for each in around if each != "retry"]
    entry = "for" in around and "retry" in around[around.index("for") :]
    match node:
        case ast.CopyStmt():
            yield from (f"copy in a {each}" for each in around if each != "repeat")
        case ast.RunStmt() if "for" in around:
            yield "run in a for"
        case ast.ChooseStmt() if entry:
            yield "choose in a retry in a for"
        case ast.KeepStmt() if entry:
            yield "keep in a retry in a for"
        case ast.CallStmt(result=result) if entry and result is not None:
            yield "call with a result in a retry in a for"
    group = _GROUPS.get(type(node))
    if group is not None:
        if len(loops) >= 2 and group != "retry":
            yield "three loops deep"
        around = (*around, group)
    for child in children(node):
        yield from _nested(child, around)
    if isinstance(node, ast.Block) and not around and len(set(_models(node))) > 1:
        yield "two models in one body"


def _models(block: ast.Block) -> Iterator[str]:
    for node in walk(block):
        if isinstance(node, ast.ChooseStmt | ast.ExtractStmt) and node.model is not None:
            yield node.model.value


def _else(otherwise: ast.Otherwise | None) -> str:
    if otherwise is None:
        return "without else"
    return "else block" if isinstance(otherwise.action, ast.Block) else "else leaving"


def _holds(block: ast.Block) -> Iterator[str]:
    for node in walk(block):
        match node:
            case ast.CallStmt(result=result) if result is not None:
                yield "call with a result"
            case ast.EmitStmt(append=append):
                yield "emit +=" if append else "emit ="
            case ast.ForStmt():
                yield "for"
            case ast.ExtractStmt():
                yield "extract"


EXPECTED = frozenset(
    (
        *PATTERNS,
        *STATEMENTS,
        *(
            f"{name} {words}"
            for name in (
                "choose",
                "wait until",
                "extract",
                "copy",
                "expect",
                "run",
                "while",
                "repeat",
            )
            for words in ("without else", "else block", "else leaving")
        ),
        *("type as", "type over", "emit +=", "extract in background", "a task called twice"),
        *("extract NamedType", "extract OptionalType", "extract ListType"),
        *("AndExpr", "OrExpr", "NotExpr", "SeesExpr", "CompareExpr", "EmptyExpr"),
        *(
            "InExpr",
            "InExpr of a list",
            "count of",
            "count of in a text",
            "MatchesExpr",
            "contains",
            "starts with",
            "ends with",
        ),
        *("call with a result", "call without a result"),
        *(
            f"{what} in a {where}"
            for what in ("call with a result", "emit =", "extract", "for")
            for where in ("for", "retry", "repeat", "branch")
        ),
        *("emit += in a for", "emit += in a branch", "finish in a task", *IN_GROUPS),
    )
)
"""Every name that `constructs` may give."""

WANTED = frozenset(
    (
        *(name for name in STATEMENTS if name not in ("do", "press", "wait", "type", "clear")),
        *("several files", "library", "env in a text", "const that is a list", "any input"),
        *("time input", "datetime input", "wire name of a result", "post-run checks"),
        *("default inside a default", "always", "using", "finish in a task", "for on failure"),
        *("call with a result in a retry in a for", "three loops deep", "copy in a for"),
        *("two models in one body", "title with words of ours", "extract in background", "chain"),
        *("any as an output", "any that is read", "machine input", "copy in a retry"),
        "chain with a blank in a name",
    )
)
"""Constructs of which every pair is to occur."""

_PICTURE = "a picture makes the prompt HTML, in which no command can stand"
IMPOSSIBLE = {
    ("image", "run"): _PICTURE,
}
"""Pairs of `WANTED`, in order, that no program has, and why."""
