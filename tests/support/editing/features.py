"""Cases of editor features: files with a mark, and the expected answer beside them.

A case is `tests/corpus/ide/<feature>/<case>.txt`. Files begin with a line `=== path`; without one,
all of it is `a.flow`. One file has `<[CURSOR]>`, or `<[FROM]>` and `<[TO]>`. The answer is in
`<case>.answer.txt`; `python -m tests.support.editing.features --write` writes all of them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from flowdsl.compiler.pipeline import CompileOptions
from flowdsl.config.load import load_project
from flowdsl.diagnostics.diagnostic import Edit
from flowdsl.diagnostics.sink import Sink
from flowdsl.ide.completion.complete import complete
from flowdsl.ide.completion.project_file import complete_project_file, describe_key
from flowdsl.ide.completion.signature import find_signature
from flowdsl.ide.diagnostics import find_diagnostics
from flowdsl.ide.edits.actions import find_actions
from flowdsl.ide.edits.formatting import format_file, format_lines
from flowdsl.ide.names.hover import Hover, describe_place
from flowdsl.ide.names.navigation import find_definition, find_named_files, find_references
from flowdsl.ide.names.rename import RefusedRename, rename
from flowdsl.ide.preview import make_preview
from flowdsl.ide.session import Session
from flowdsl.ide.trial import apply_edits
from flowdsl.ide.views.folding import find_folds
from flowdsl.ide.views.hints import find_hints, find_lenses
from flowdsl.ide.views.symbols import Symbol, find_project_symbols, find_symbols
from flowdsl.ide.views.tokens import find_tokens
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile

CASES = Path(__file__).parents[2] / "corpus/ide"
CURSOR, FROM, TO = "<[CURSOR]>", "<[FROM]>", "<[TO]>"
_HEADER = re.compile(r"^=== (\S+)(?: (.*))?\n", re.MULTILINE)


class Case:
    """One case: its files, the file with the mark, and the range that is marked.

    `word` is what a case gives beside the mark, such as a new name: `=== a.flow new_name`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_text(encoding="utf-8")
        if not text.startswith("==="):
            text = f"=== a.flow\n{text}"
        pieces = _HEADER.split(text)[1:]
        self.files = dict(zip(pieces[::3], pieces[2::3], strict=True))
        words = dict(zip(pieces[::3], pieces[1::3], strict=True))
        self.word = next((each for each in words.values() if each), "")
        self.file = next(iter(self.files))
        self.start = self.end = 0
        for name, content in self.files.items():
            if CURSOR in content or FROM in content:
                self.file = name
                at = content.find(CURSOR if CURSOR in content else FROM)
                content = content.replace(CURSOR, "", 1).replace(FROM, "", 1)
                end = content.find(TO)
                self.files[name] = content.replace(TO, "", 1)
                self.start, self.end = at, (at if end < 0 else end)
        self.text = self.files[self.file]
        project = None
        if "flowdsl.toml" in self.files:
            project = load_project(self.files["flowdsl.toml"], "flowdsl.toml", Sink())
        flows = [name for name in self.files if name.endswith(".flow")]
        files = MemoryFiles(dict(self.files.items()))
        self.session = Session(files, CompileOptions(project), flows)

    @property
    def answer_path(self) -> Path:
        return self.path.with_suffix(".answer.txt")


def find_cases() -> Iterator[Path]:
    """The cases of all features, sorted."""
    return (each for each in sorted(CASES.rglob("*.txt")) if ".answer." not in each.name)


def answer(path: Path) -> str:
    """What the feature of a case answers, as text."""
    case = Case(path)
    return "".join(f"{line}\n" for line in ANSWERS[path.parent.name](case))


def _place(source: SourceFile, start: int) -> str:
    at = source.position(start)
    return f"{source.path}:{at.line}:{at.column}"


def _of_edits(edits: Iterable[Edit]) -> Iterator[str]:
    for name, text in sorted(apply_edits(edits).items()):
        yield f"=== {name}"
        yield text.rstrip("\n")


def _diagnostics(case: Case) -> Iterator[str]:
    found = find_diagnostics(case.session, case.session.check_group(case.file))
    for diagnostics in found.values():
        for each in diagnostics:
            place = _place(each.span.source, each.span.start)
            yield f"{place} {each.severity} {each.name}: {each.message}"
            if each.help:
                yield f"  {each.help}"


def _completion(case: Case) -> Iterator[str]:
    if case.file.endswith(".toml"):
        start, items = complete_project_file(case.text, case.start)
    else:
        start, items = complete(case.session, case.file, case.text, case.start)
    yield f"replaces {case.text[start : case.start]!r}"
    for item in items:
        shown = f"{item.kind} {item.label}" + (f": {item.detail}" if item.detail else "")
        if item.written != item.label:
            shown += f" -> {item.written!r}"
        yield shown
        for edit in item.edits:
            yield f"  and {edit.replacement!r} at line {edit.span.first.line}"


def _hover(case: Case) -> Iterator[str]:
    found = None
    if case.file.endswith(".toml"):
        key = describe_key(case.text, case.start)
        found = None if key is None else Hover(*key)
    else:
        found = describe_place(case.session, case.file, case.start)
    if found is None:
        yield "nothing"
    else:
        yield f"about {case.text[found.start : found.end]!r}"
        # The words of prompts have goldens of their own.
        text, mark, prompt = found.text.partition("In the prompt:\n\n")
        lines = len(prompt.strip().split("\n")) - 2
        yield text + (mark and (prompt if case.word == "prompt" else f"{lines} lines of a prompt"))


def _definition(case: Case) -> Iterator[str]:
    span = find_definition(case.session, case.file, case.start)
    yield "nothing" if span is None else f"{_place(span.source, span.start)} {span.text}"


def _references(case: Case) -> Iterator[str]:
    found = find_references(case.session, case.file, case.start)
    if found is None:
        yield "nothing"
        return
    yield f"{found[0].kind} {found[0].name}"
    for source, each in found[1]:
        line = source.line(source.position(each.start).line).strip()
        yield f"{_place(source, each.start)} {each.role}: {line}"


def _rename(case: Case) -> Iterator[str]:
    found = rename(case.session, case.file, case.start, case.word)
    if isinstance(found, RefusedRename):
        yield f"refused: {found.reason}"
    else:
        yield from _of_edits(found)


def _symbols(case: Case) -> Iterator[str]:
    if case.word:
        for source, each in find_project_symbols(case.session, case.word):
            yield f"{_place(source, each.name_start)} {each.kind} {each.name}"
        return

    def lines(symbols: Iterable[Symbol], indent: str) -> Iterator[str]:
        for each in symbols:
            detail = f" ({each.detail})" if each.detail else ""
            yield f"{indent}{each.kind} {each.name}{detail}"
            yield from lines(each.children, indent + "  ")

    module = case.session.module_of(case.file)
    yield from lines(() if module is None else find_symbols(module), "")


def _tokens(case: Case) -> Iterator[str]:
    snapshot = case.session.analyze_file(case.file)
    module = snapshot.module(case.file)
    for each in () if module is None else find_tokens(snapshot, module):
        if each.type not in ("keyword", "string", "comment", "number") or case.word == "all":
            place = _place(SourceFile(case.file, case.text), each.start).partition(":")[2]
            modifiers = f" ({', '.join(each.modifiers)})" if each.modifiers else ""
            yield f"{place} {case.text[each.start : each.end]} {each.type}{modifiers}"


def _folding(case: Case) -> Iterator[str]:
    for each in find_folds(SourceFile(case.file, case.text)):
        yield f"{each.first}-{each.last} {each.kind}"


def _hints(case: Case) -> Iterator[str]:
    snapshot = case.session.analyze_file(case.file)
    module = snapshot.module(case.file)
    assert module is not None
    for each in find_hints(snapshot, module, 0, len(case.text)):
        yield f"{_place(module.source, each.offset)} {each.text}"
    for lens in find_lenses(case.session, snapshot, module):
        yield f"{_place(module.source, lens.start)} above: {lens.text}"


def _links(case: Case) -> Iterator[str]:
    for span, path in find_named_files(case.session.analyze_file(case.file), case.file):
        yield f"{_place(span.source, span.start)} {span.text} {path}"


def _formatting(case: Case) -> Iterator[str]:
    source = SourceFile(case.file, case.text)
    whole = case.start == case.end
    edits = format_file(source) if whole else format_lines(source, case.start, case.end)
    yield f"{len(edits)} edits"
    yield from _of_edits(edits)


def _actions(case: Case) -> Iterator[str]:
    for each in find_actions(case.session, case.file, case.start, case.end):
        if each.title.startswith(case.word):
            safe = " (safe)" if each.safe else ""
            yield f"--- {each.kind}: {each.title}{safe}"
            yield from _of_edits(each.edits)


def _signature(case: Case) -> Iterator[str]:
    found = find_signature(case.session, case.file, case.text, case.start)
    if found is None:
        yield "nothing"
        return
    yield found.text
    yield found.doc
    if found.active is not None:
        start, end = found.parameters[found.active]
        yield f"at {found.text[start:end]!r}"


def _preview(case: Case) -> Iterator[str]:
    found = make_preview(case.session, case.file, case.start)
    if found is None:
        yield "nothing"
        return
    yield f"{found.workflow}, {found.errors} errors, {found.text.count(chr(10)) + 1} lines"
    for each in found.lines:
        if each.statement not in ("title", "rules"):
            source = each.source
            yield f"{each.line} {each.statement} {source.path}:{source.start_line}"


ANSWERS: dict[str, Callable[[Case], Iterable[str]]] = {
    "actions": _actions,
    "completion": _completion,
    "definition": _definition,
    "diagnostics": _diagnostics,
    "folding": _folding,
    "formatting": _formatting,
    "hints": _hints,
    "hover": _hover,
    "links": _links,
    "preview": _preview,
    "references": _references,
    "rename": _rename,
    "signature": _signature,
    "symbols": _symbols,
    "tokens": _tokens,
}


def main() -> int:
    """Write every answer anew."""
    if sys.argv[1:] != ["--write"]:
        print(__doc__)
        return 64
    for path in find_cases():
        Case(path).answer_path.write_text(answer(path), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
