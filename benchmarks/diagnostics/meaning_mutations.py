"""Mistakes of meaning, made on purpose in correct programs: is each an error, on the right line?

    python benchmarks/diagnostics/meaning_mutations.py [--programs FOLDER ...] [--show N]

Every mutation keeps the syntax: a sigil is swapped, a variable or a field misspelt, the only `emit`
of a required output dropped, a read moved in front of its set, a secret put into what is read, a
bound removed, a chain's reference broken, a `capture` (or another step of the main agent) put into
a branch that a stored value decides. All places of all programs are tried, none at random. Prints a
table by kind, and the mutations that were not reported on their line; exits 1 if fewer than 99 %
were.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from flowdsl.api import CompileOptions, MemoryFiles, analyze
from flowdsl.config.load import load_project
from flowdsl.diagnostics.diagnostic import ERROR
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.model import INPUT, PARAMETER, RUNTIME, SECRET
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.traversal import inner_blocks, refs_outside_blocks, statements
from flowdsl.semantics.types import BOOL, NUMBER, STRING, Enum, ListOf
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

ROOT = Path(__file__).parents[2]
PROGRAMS = (ROOT / "examples", ROOT / "tests/corpus/valid/samples")
GOAL = 0.99


class Program(NamedTuple):
    """Files by path, those that are checked, and how."""

    name: str
    files: dict[str, bytes]
    entries: list[str]
    options: CompileOptions


class Mutation(NamedTuple):
    """One mistake: the new text of a file, and the lines of it on which an error is right."""

    kind: str
    path: str
    about: str
    text: str
    lines: frozenset[int]


def programs(folders: list[Path]) -> Iterator[Program]:
    """The projects below the folders; a folder of flows without a project file is one, too."""
    for folder in folders:
        roots = [path.parent for path in sorted(folder.rglob("flowdsl.toml"))] or [folder]
        for root in roots:
            files = {
                path.relative_to(root).as_posix(): path.read_bytes()
                for path in sorted(root.rglob("*"))
                if path.is_file() and not any(part.startswith(".") for part in path.parts)
            }
            project = None
            if "flowdsl.toml" in files:
                project = load_project(files["flowdsl.toml"].decode(), "flowdsl.toml", Sink())
            entries = [path for path in files if path.endswith(".flow")]
            yield Program(root.name, files, entries, CompileOptions(project))


def mutations(program: Program) -> Iterator[Mutation]:
    """Every mutation of a program."""
    model = analyze(MemoryFiles(program.files), program.entries, program.options).model
    for module in model.modules:
        site = _Site(model, module)
        for declaration in module.declarations:
            yield from _in_declaration(site, declaration)


class _Site:
    """A file, and the model of its program."""

    def __init__(self, model: SemanticModel, module: ast.Module) -> None:
        self.model = model
        self.path = module.source.path
        self.source = module.source
        self.text = module.source.text

    def cut(self, start: int, end: int, new: str = "") -> str:
        return self.text[:start] + new + self.text[end:]

    def mutation(self, kind: str, about: str, text: str, *offsets: int) -> Mutation:
        """A mutation that should be reported on the lines of these offsets of the new text."""
        lines = frozenset(text.count("\n", 0, offset) + 1 for offset in offsets)
        return Mutation(kind, self.path, " ".join(about.split()), text, lines)


def _in_declaration(site: _Site, declaration: ast.Decl) -> Iterator[Mutation]:
    if isinstance(declaration, ast.TaskDecl | ast.WorkflowDecl | ast.ChainDecl):
        nodes = list(walk(declaration))
        in_text = {part for node in nodes if isinstance(node, ast.Text) for part in node.parts}
        for node in nodes:
            if isinstance(node, ast.Ref) and node in site.model.values:
                yield from _sigils(site, node, in_text=node in in_text)
                yield from _misspellings(site, node)
    if isinstance(declaration, ast.ChainDecl):
        yield from _chain_references(site, declaration)
    body = _body(declaration)
    if body is not None:
        yield from _dropped_emits(site, declaration, body)
        yield from _early_reads(site, body)
        yield from _read_secrets(site, declaration, body)
        yield from _bounds(site, body)
        yield from _frozen_branches(site, declaration, body)


def _body(declaration: ast.Decl) -> ast.Block | None:
    if isinstance(declaration, ast.TaskDecl):
        return declaration.body
    if isinstance(declaration, ast.WorkflowDecl):
        return next((i.body for i in declaration.items if isinstance(i, ast.StepsSection)), None)
    return None


# Names and sigils


def _sigils(site: _Site, ref: ast.Ref, *, in_text: bool) -> Iterator[Mutation]:
    if site.model.values[ref].kind not in (INPUT, PARAMETER, RUNTIME, SECRET):
        return
    written = site.text[ref.start : ref.end]
    inner = written.strip("{}$ ")
    other = inner if ref.secret else f"${inner}"
    form = f"{{{other}}}" if in_text else other
    text = site.cut(ref.start, ref.end, form)
    yield site.mutation("swapped sigil", f"{written} -> {form}", text, ref.start)


def _misspellings(site: _Site, ref: ast.Ref) -> Iterator[Mutation]:
    name = ref.name
    for wrong in (name.text[:-1], name.text + name.text[-1], name.text[1:] + name.text[:1]):
        if re.fullmatch(r"[A-Za-z_]\w*", wrong) and wrong != name.text:
            text = site.cut(name.start, name.end, wrong)
            yield site.mutation("misspelt variable", f"{name.text} -> {wrong}", text, ref.start)
    for part in ref.path:
        if isinstance(part, ast.FieldAccess) and len(part.name) > 1:
            start = site.text.index(part.name, part.start)
            text = site.cut(start, start + len(part.name), part.name + "x")
            yield site.mutation("misspelt field", f"{part.name} -> {part.name}x", text, ref.start)


def _chain_references(site: _Site, chain: ast.ChainDecl) -> Iterator[Mutation]:
    names = {item.name.text for item in chain.items if isinstance(item, ast.ChainStep)}
    for item in chain.items:
        if not isinstance(item, ast.ChainStep):
            continue
        for argument in item.arguments:
            ref = argument.value
            if not isinstance(ref, ast.Ref) or ref.name.text not in names:
                continue
            written = site.text[ref.start : ref.end]
            step, rest = written.split(".", 1)
            later = item.name.text
            for wrong in (f"{step}x.{rest}", f"{later}.{rest}", f"{step}.output.x", f"{written}x"):
                text = site.cut(ref.start, ref.end, wrong)
                about = f"{written} -> {wrong}"
                yield site.mutation("broken chain reference", about, text, ref.start)


# Paths


def _dropped_emits(site: _Site, declaration: ast.Decl, body: ast.Block) -> Iterator[Mutation]:
    """The only `emit` of each required output, removed.

    The error belongs on the line of the output, or of the task's result.
    """
    emits: dict[str, list[ast.EmitStmt]] = {}
    for statement in statements(body):
        if isinstance(statement, ast.EmitStmt):
            emits.setdefault(statement.name.text, []).append(statement)
    for name, place in _required(site, declaration):
        only = emits.get(name, [])
        if len(only) == 1:
            emit = only[0]
            text = site.cut(emit.start, emit.end)
            yield site.mutation("dropped emit", f"emit {name}", text, place)


def _required(site: _Site, declaration: ast.Decl) -> Iterator[tuple[str, int]]:
    if isinstance(declaration, ast.WorkflowDecl):
        for item in declaration.items:
            if isinstance(item, ast.OutputsSection):
                for field in item.fields:
                    if not isinstance(field.type, ast.OptionalType) and field.default is None:
                        yield field.name.text, field.name.start
    elif isinstance(declaration, ast.TaskDecl) and declaration.result is not None:
        type_ = site.model.declared_types.get(declaration.result)
        for field in getattr(type_, "fields", ()):
            if field.required:
                yield field.name, declaration.result.start


def _early_reads(site: _Site, body: ast.Block) -> Iterator[Mutation]:
    """A statement that sets a variable, moved behind the first one in its block that reads it."""
    blocks = [body]
    for statement in statements(body):
        blocks.extend(inner.block for inner in inner_blocks(statement))
    for block in blocks:
        for at, setter in enumerate(block.statements):
            if not isinstance(setter, ast.ExtractStmt | ast.CopyStmt):
                continue
            name = setter.name.text
            for reader in block.statements[at + 1 :]:
                refs = [ref for ref in refs_outside_blocks(reader) if ref.name.text == name]
                if not refs:
                    continue
                moved = site.text[setter.start : setter.end]
                between = site.text[setter.end : reader.end]
                text = f"{site.text[: setter.start]}{between}\n{moved}{site.text[reader.end :]}"
                shift = setter.end - setter.start
                offsets = [ref.start - shift for ref in refs]
                yield site.mutation("read before set", f"{name}", text, *offsets)
                break


# Secrets, bounds, replay


def _read_secrets(site: _Site, declaration: ast.Decl, body: ast.Block) -> Iterator[Mutation]:
    secrets = [
        symbol.name
        for symbol in site.model.declared_values.get(declaration, ())
        if symbol.kind == SECRET
    ]
    if not secrets:
        return
    for statement in statements(body):
        for name in ("source", "condition", "target", "file", "title", "reason"):
            text = getattr(statement, name, None)
            if isinstance(text, ast.Text) and text.form == ast.STRING:
                new = site.cut(text.end - 1, text.end - 1, f" {{${secrets[0]}}}")
                about = site.text[text.start : text.end]
                yield site.mutation("secret in a read", about, new, text.end)
        if isinstance(statement, ast.EmitStmt):
            new = site.cut(statement.value.start, statement.value.end, f"${secrets[0]}")
            yield site.mutation("secret in a read", "emit", new, statement.value.start)


def _bounds(site: _Site, body: ast.Block) -> Iterator[Mutation]:
    """A `max` removed, with the `@max_items` of the list, which would stand in for it."""
    for statement in statements(body):
        if not isinstance(statement, ast.ForStmt | ast.RepeatStmt):
            continue
        edits = []
        if statement.limit is not None:
            edits.append((site.text.rindex("max", 0, statement.limit.start), statement.limit.end))
        if isinstance(statement, ast.ForStmt):
            if not isinstance(statement.iterable, ast.Ref):
                continue
            symbol = site.model.values.get(statement.iterable)
            if symbol is None or symbol.span.source is not site.source:
                continue
            line_end = site.text.index("\n", symbol.span.start)
            found = re.compile(r"@max_items\([^)]*\)").search(
                site.text, symbol.span.start, line_end
            )
            if found is not None and statement.iterable.path == ():
                edits.append(found.span())
        text, offset = site.text, statement.start
        for start, end in sorted(edits, reverse=True):
            text = text[:start] + text[end:]
            if start < statement.start:
                offset -= end - start
        if edits:
            yield site.mutation("removed bound", site.text[statement.start :][:40], text, offset)


def _frozen_branches(site: _Site, declaration: ast.Decl, body: ast.Block) -> Iterator[Mutation]:
    """A step of the main agent inside a branch that an input or a stored value decides."""
    condition = next(
        (
            form
            for symbol in site.model.declared_values.get(declaration, ())
            if (form := _condition(symbol.kind, symbol.name, symbol.type)) is not None
        ),
        None,
    )
    if condition is None:
        return
    for statement in statements(body):
        if isinstance(statement, ast.CaptureStmt | ast.ExportStmt | ast.RunStmt | ast.CopyStmt):
            whole = site.text[statement.start : statement.end]
            text = site.cut(statement.start, statement.end, f"if {condition} {{\n{whole}\n}}")
            yield site.mutation("frozen branch", f"if {condition}: {whole}", text, statement.start)


def _condition(kind: str, name: str, type_: object) -> str | None:
    if kind not in (INPUT, PARAMETER):
        return None
    if type_ == BOOL:
        return name
    if type_ == STRING:
        return f'{name} == "Monday"'
    if type_ == NUMBER:
        return f"{name} > 10"
    if isinstance(type_, Enum):
        return f'{name} == "{type_.values[0]}"'
    return f"not {name} is empty" if isinstance(type_, ListOf) else None


# The study


def on_the_line(program: Program, mutation: Mutation) -> tuple[bool, bool, str]:
    """Whether a mutation is an error at all, whether on its line, and what was found."""
    files = MemoryFiles({**program.files, mutation.path: mutation.text.encode()})
    found = analyze(files, program.entries, program.options).diagnostics
    errors = [each for each in found if each.severity == ERROR]
    right = any(
        each.span.path == mutation.path and each.span.first.line in mutation.lines
        for each in errors
    )
    shown = ", ".join(f"{each.name}:{each.span.first.line}" for each in errors[:4]) or "no error"
    return bool(errors), right, shown


def main() -> int:
    """Runs the study and prints it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--programs", nargs="+", type=Path, default=list(PROGRAMS))
    parser.add_argument("--show", type=int, default=40, help="how many misses to list")
    arguments = parser.parse_args()
    counts: dict[str, list[int]] = {}
    misses: list[str] = []
    for program in programs(arguments.programs):
        clean = analyze(MemoryFiles(program.files), program.entries, program.options)
        if clean.has_errors:
            print(f"{program.name}: has errors before any mutation")
            return 1
        for mutation in mutations(program):
            any_error, right, shown = on_the_line(program, mutation)
            count = counts.setdefault(mutation.kind, [0, 0, 0])
            for at, true in enumerate((True, any_error, right)):
                count[at] += true
            if not right:
                lines = ",".join(map(str, sorted(mutation.lines)))
                where = f"{program.name}/{mutation.path}:{lines}"
                misses.append(f"{mutation.kind}: {where}: {mutation.about[:70]}: {shown}")
    print(f"{'kind':<24} {'tried':>6} {'error':>6} {'on its line':>12}")
    for kind, (tried, errors, right) in sorted(counts.items()):
        print(f"{kind:<24} {tried:>6} {errors:>6} {right:>12}")
    tried, errors, right = (sum(column) for column in zip(*counts.values(), strict=True))
    print(f"{'all':<24} {tried:>6} {errors:>6} {right:>12}   {right / tried:.2%}")
    for miss in misses[: arguments.show]:
        print("  not on its line: " + miss)
    return 0 if right >= GOAL * tried else 1


if __name__ == "__main__":
    sys.exit(main())
