"""Analysis finds on summaries of tasks what shows once tasks are inlined."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.compiler.pipeline import CompileOptions
from flowdsl.config.load import load_project
from flowdsl.config.project import Project
from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.ir import nodes
from flowdsl.ir.lowering.program import lower_program
from flowdsl.ir.passes.simplify import simplified
from flowdsl.ir.verify import decisions_outside, verify_program
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.modules import load_sources
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.source.files import MemoryFiles
from tests.support.effort import examples
from tests.support.flows.compiling import PROJECTS, read_folder
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.flows.generated.workflows import workflows
from tests.support.rows import in_rows

FROZEN, OUTSIDE = "branch-frozen-by-replay", "branch-outside-focused-action"
IN_LOOP, ONCE = "branch-frozen-in-loop", "decided-once"
DECISIONS = (FROZEN, IN_LOOP, OUTSIDE, ONCE)
"""What is found of decisions, the gravest first."""
VERIFIED = (
    '[project]\nname = "x"\n[platform]\nfocused_agent_tools = ["copy_to_clipboard", '
    '"execute_terminal_command"]\n'
)


def analyzed(
    files: MemoryFiles, entries: list[str], options: CompileOptions
) -> tuple[SemanticModel, tuple[Diagnostic, ...]]:
    sink = Sink()
    model = analyze_program(
        load_sources(files, entries, sink),
        options.environments,
        files,
        sink,
        capabilities=options.capabilities,
    )
    return model, sink.findings_in_order()


def inlined(model: SemanticModel, options: CompileOptions) -> nodes.Program:
    variables = options.environment.vars if options.environment else {}
    return simplified(lower_program(model, variables), options.capabilities)


def verified(model: SemanticModel, options: CompileOptions) -> list[tuple[str, int]]:
    """What verification finds in a program, by name and line."""
    sink = Sink()
    sources = {module.source.path: module.source for module in model.modules}
    verify_program(inlined(model, options), sources, options.capabilities, sink)
    return [(found.name, found.span.first.line) for found in sink.findings_in_order()]


def assert_complete(files: MemoryFiles, entries: list[str], options: CompileOptions) -> None:
    model, found = analyzed(files, entries, options)
    if not any(each.severity == ERROR for each in found):
        assert verified(model, options) == []


@in_rows("case", find_cases(CORPUS / "valid"), ids=lambda case: case.id)
def test_verification_finds_nothing_in_valid_programs(case: Case) -> None:
    assert_complete(MemoryFiles(case.files), case.entries, CompileOptions())


@in_rows("folder", PROJECTS, ids=lambda path: path.name)
def test_verification_finds_nothing_in_whole_projects(folder: object) -> None:
    files = read_folder(folder)  # type: ignore[arg-type]
    entries = sorted(name for name in files if name.endswith(".flow"))
    toml = files.get("flowdsl.toml")
    project = load_project(bytes(toml).decode(), "flowdsl.toml", Sink()) if toml else None  # type: ignore[arg-type]
    for environment in project.environments.values() if project else (None,):
        assert_complete(MemoryFiles(files), entries, CompileOptions(project, environment))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflows())
def test_verification_finds_nothing_in_random_workflows(source: str) -> None:
    assert_complete(MemoryFiles({"main.flow": source}), ["main.flow"], CompileOptions())


# Random programs of tasks that decide and join texts

CONSTS = (
    'const yes = true\nconst mode = "pdf"\n'
    'const root = r"C:\\"\nconst slash = "C:/"\nconst brace = "{ a"\nconst odd = r"x\\{y}"\n'
)
TASKS = 3
PARAMS = ("on", "kind", "text")


class Writer:
    """Writes one program; every statement and every `else` of it begins a line."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.in_for = False

    def program(self) -> str:
        tasks = "".join(
            f'task t{number}(on: bool, kind: string = "pdf", text: string = "a") '
            f"{{\n{self.block(number, 2)}}}\n"
            for number in range(TASKS)
        )
        body = self.block(TASKS, 3)
        for number in range(TASKS):
            if f"call t{number}(" not in tasks + body:
                body += f"call t{number}(on: true)\n"
        inputs = "inputs { on: bool, kind: string, text: string }"
        return f"flow 1\n{CONSTS}{tasks}workflow w {{\n{inputs}\nsteps {{\n{body}}}\n}}\n"

    def block(self, caller: int, depth: int) -> str:
        count = self.random.randint(1, 3)
        return "".join(self.statement(caller, depth) + "\n" for _ in range(count))

    def statement(self, caller: int, depth: int) -> str:
        pick = self.random.choice
        kinds = ["plain", "text", "main", "model"]
        kinds += ["call"] * 3 * (caller > 0) + ["decide"] * 3 * (depth > 0)
        kind = pick(kinds)
        if kind == "plain":
            return pick(('press "F5"', 'expect "x"', 'do "look"', 'choose "b" else abort "n"'))
        if kind == "text":
            return f'do "{self.text()}"'
        if kind == "main":
            command = f'run "dir {self.text()}"'
            failing = f"{command} else {{\n{self.block(caller, 0)}}}"
            plain = ('capture "a.png"', 'copy x from "y"', 'run "dir" else abort "n"')
            return pick((*plain, command, failing if depth else command))
        if kind == "model":
            return f'choose "row" using "{pick(("one", "two"))}"'
        if kind == "call":
            callee = self.random.randrange(caller)
            arguments = [f"on: {pick(('true', 'false', 'yes', 'on'))}"]
            if pick((True, False)):
                arguments.append(f"kind: {pick(('kind', 'mode', chr(34) + 'csv' + chr(34)))}")
            if pick((True, True, False)):
                values = ("text", "root", "slash", "odd", 'r"D:\\"', f'"{self.text()}"')
                arguments.append(f"text: {pick(values)}")
            return f"call t{callee}({', '.join(arguments)})"
        return self.decision(caller, depth - 1)

    def decision(self, caller: int, depth: int) -> str:
        if caller == TASKS and not self.in_for and not self.random.randrange(4):
            self.in_for = True
            inner = self.block(caller, depth)
            self.in_for = False
            return f"for n in 2 {{\n{inner}}}"
        inner = self.block(caller, depth)
        match self.random.randrange(5):
            case 0:
                return f'retry 2 {{\n{inner}expect "x" else fail "y"\n}}'
            case 1:
                return f"while not {self.condition()} max 3 {{\n{inner}}}"
            case 2:
                return f'expect "x" else {{\n{inner}}}'
            case 3:
                other = self.block(caller, depth)
                third = self.block(caller, depth)
                return (
                    f"if {self.condition()} {{\n{inner}}} else if {self.condition()} {{\n{other}}} "
                    f"else {{\n{third}}}"
                )
            case _:
                return f"if {self.condition()} {{\n{inner}}}"

    def condition(self) -> str:
        pick = self.random.choice
        simple = ("on", 'kind == "pdf"', 'sees "x"', "yes", 'mode == "pdf"', "not on")
        if pick((True, True, False)):
            return pick(simple)
        return f"{pick(simple)} {pick(('and', 'or'))} {pick(simple)}"

    def text(self) -> str:
        parts = ("a ", "{text}", "{kind}", "{root}", "{slash}", "{brace}", "/", "\\{ ", "\\\\{z")
        return "".join(self.random.choice(parts) for _ in range(self.random.randint(1, 4)))


def decisions(program: nodes.Program, options: CompileOptions) -> dict[int, str]:
    """What is wrong with every decision that does not fit, by its line, where it is worst."""
    found: dict[int, str] = {}
    for workflow in program.workflows:
        for each in decisions_outside(workflow.body, options.capabilities):
            line = each.statement.origin.start_line
            name = ONCE if isinstance(each.statement, nodes.Run) else OUTSIDE
            if not each.screen:
                name = FROZEN
            elif each.in_loop:
                name = IN_LOOP
            found[line] = min(name, found.get(line, name), key=DECISIONS.index)
    return found


def project(toml: str | None) -> Project | None:
    return load_project(toml, "flowdsl.toml", Sink()) if toml else None


@pytest.mark.parametrize("toml", [None, VERIFIED], ids=["documented", "verified"])
@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random=st.randoms(use_true_random=False))
def test_summaries_agree_with_inlining(toml: str | None, random: Random) -> None:
    source = Writer(random).program()
    files = MemoryFiles({"main.flow": source})
    options = CompileOptions(project(toml))
    model, found = analyzed(files, ["main.flow"], options)
    late = {
        FROZEN,
        IN_LOOP,
        "failure-needs-one-call",
        "backslash-before-variable",
        "brace-in-command",
        "unsafe-value-in-command",
    }
    # A condition of parameters alone does not keep a program from being inlined.
    late.add("repeat-never-ends")
    assert {each.name for each in found if each.severity == ERROR} <= late, source

    program = inlined(model, options)
    by_line = {each.span.first.line: each.name for each in found if each.name in DECISIONS}
    lines = source.split("\n")
    for line, name in decisions(program, options).items():
        assert by_line.pop(line, None) == name, source
    # An `if` that is all that another one holds is merged with it.
    assert all(lines[line - 2].startswith("if ") for line in by_line), source
    missed = {name for name, _ in verified(model, options)} - {each.name for each in found}
    assert missed == set(), source
