"""Decisions that a replay would not make again.

The recorded actions of the main agent are replayed without asking it; a focused agent decides
afresh on every run. So a decision is safe if one focused agent can carry out everything that
depends on it, and is a trap if something inside needs the main agent: the replay then takes the
branch of the recorded run.

An example, where no focused agent has a terminal (`run`):

    if sees "a menu" { press "Escape" }    safe: a focused agent looks and presses
    if sees "an alert" { run "ipconfig" }  warning: only another screen can tell the replay
    if urgent { run "ipconfig" }           error: no screen tells, the branch is frozen
    run "ipconfig" else abort "no"         info: the main agent decides it on the recorded run only
    for row in rows { run "a" else ... }   error: it decides it for the first entry only
    call report(urgent: true)              safe: `if urgent { run ... }` is no decision here
    call report(urgent: urgent)            error inside `report`, with a label at this call
    retry 2 { for row in rows { … } }      error if an entry may fail and needs the main agent

Each call is examined in each environment, without the branches that constants decide; calls of a
task with the same constants share what its body requires (`required_tools`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Label
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import (
    DATES,
    FINISH,
    LOOP,
    PICTURE,
    PLAIN,
    SCREENSHOT,
    TERMINAL,
    else_of,
    keyword_span,
)

from .. import errors
from ..calls.inlining import Frame, Variables, bind_parameters, decide_condition, is_among
from ..calls.summaries import Summaries
from ..capabilities import TOOLS, Capabilities
from ..model import PARAMETER, TaskSymbol, WorkflowSymbol
from ..names.files import group_connected_paths, imports_in
from ..program import Program
from ..traversal import refs_outside_blocks
from .leaving import failure_words, first_failure, has_no_path_behind, runs_always
from .required_tools import (
    MODELS,
    NO_REQUIREMENTS,
    Decision,
    Requirement,
    Requirements,
    is_plain,
    model_of,
    suggest_rewrite,
    tool_of,
)

_GRAVITY = (
    errors.BRANCH_FROZEN_BY_REPLAY,
    errors.BRANCH_FROZEN_IN_LOOP,
    errors.BRANCH_OUTSIDE_FOCUSED_ACTION,
    errors.DECIDED_ONCE,
)
"""The findings about decisions, gravest first. If calls of a task lead to several, the first
counts."""

_OTHER_WAYS = {
    errors.BRANCH_FROZEN_BY_REPLAY: "; or make two workflows",
    errors.BRANCH_FROZEN_IN_LOOP: "",
    errors.BRANCH_OUTSIDE_FOCUSED_ACTION: (
        "; or, where the screens of the outcomes always differ, say so as the reason of a "
        "suppression"
    ),
    errors.DECIDED_ONCE: "; nothing need change where the screens of the outcomes always differ",
}
"""An alternative to the suggested rewrite, for the help of each finding."""

_RUN_ELSE_IN_LOOP = (
    "leave out the `else`, and let every entry look at the result: `expect` what the screen shows "
    "of it, or put the decision into the command itself"
)
"""The suggested rewrite of an `else` of a `run` in a `for`."""

_RETRY_INSIDE = (
    "move the `retry` into the `for`, around what may fail there, and leave {tool} outside of it"
)
"""The suggested rewrite of a `retry` around a `for` whose failures do not reach it."""


class _Finding(Record):
    """A decision that a replay does not make again.

    `tool` describes what needs the main agent, `help` suggests what to write instead.
    """

    spec: DiagnosticSpec
    span: Span
    construct: str
    tool: str
    labels: tuple[Label, ...]
    help: str


def check_replay(program: Program, capabilities: Capabilities, summaries: Summaries) -> None:
    """Report decisions that a replay would not repeat, and what the agents cannot carry out."""
    for values in program.environments.values() or ({},):
        walk = _ReplayWalk(program, capabilities, summaries, Variables(values))
        walk.walk()
        for found in walk.findings.values():
            program.sink.report(
                found.spec,
                found.span,
                construct=found.construct,
                tool=found.tool,
                labels=found.labels,
                help=found.help,
            )
        for at, (loop, outer) in walk.nested.items():
            _report_nested(program, at, loop, outer)
        for at, in_loop in walk.run_elses.items():
            _report_run_else(program, at, in_loop=in_loop)
        for at, (tool, labels, help) in walk.failing.items():
            program.sink.report(
                errors.FAILURE_NEEDS_ONE_CALL, at, tool=tool, labels=labels, help=help
            )
        if not walk.variables.used:
            break


def _report_nested(program: Program, at: Span, loop: Requirement, outer: Span) -> None:
    labels = [Label(outer, "the outer `for`")]
    if loop.call is not None:
        labels.append(Label(loop.place, "the `for` that this call runs"))
    if loop.cause is not None:
        labels.append(Label(loop.cause, f"{loop.words} needs the main agent"))
    program.sink.report(errors.NESTED_FOR, at, tool=loop.words, labels=tuple(labels))


def _report_run_else(program: Program, at: Span, *, in_loop: bool) -> None:
    if in_loop:
        program.sink.report(
            errors.BRANCH_FROZEN_IN_LOOP,
            at,
            construct="`else`",
            tool=TOOLS[TERMINAL].words,
            help=_RUN_ELSE_IN_LOOP,
        )
    else:
        program.sink.report(errors.DECIDED_ONCE, at, construct="`else`")


class _ReplayWalk:
    """One pass over all workflows, and over the tasks that nothing calls.

    Afterwards, `findings` maps each deciding node to its finding, and `nested` each `for` that
    needs the main agent inside another one, at its place or that of the call that runs it, to its
    requirement and the place of the outer `for`. `run_elses` maps the place of each `else` of a
    `run` that the main agent decides to whether a `for` encloses it on some path of calls.
    `failing` maps what needs the main agent in an entry whose failure must not end the run, at its
    place or that of the call that runs it, to its description, labels and help.
    """

    def __init__(
        self,
        program: Program,
        capabilities: Capabilities,
        summaries: Summaries,
        variables: Variables,
    ) -> None:
        self.program = program
        self.capabilities = capabilities
        self.summaries = summaries
        self.variables = variables
        self.findings: dict[ast.Stmt | ast.Otherwise, _Finding] = {}
        self.nested: dict[Span, tuple[Requirement, Span]] = {}
        self.run_elses: dict[Span, bool] = {}
        self.failing: dict[Span, tuple[str, tuple[Label, ...], str | None]] = {}
        self._tasks: dict[tuple[TaskSymbol, str, bool], Requirements] = {}
        self._active: list[TaskSymbol] = []
        self._in_loop = False
        self._deciding: dict[TaskSymbol, frozenset[str]] = {}

    def walk(self) -> None:
        """Walk every workflow, and every task that nothing calls."""
        program = self.program
        called = set(program.calls.values())
        uncertain = self._find_uncertain_files()
        for task in program.tasks.values():
            if task not in called and task.module.source.path not in uncertain:
                frame = Frame(task.module.source, self.variables, {})
                self._end(self._task(task, frame))
        for workflow in program.workflows.values():
            for item in workflow.declaration.items:
                if isinstance(item, ast.StepsSection):
                    frame = Frame(workflow.module.source, self.variables, {})
                    requirements = self._body(item.body, frame)
                    self._end(requirements)
                    self._check_image(requirements, workflow)

    def _find_uncertain_files(self) -> set[str]:
        """Return the files whose tasks may be called by declarations that cannot be read."""
        unread = {module.source.path for module in self.program.scopes if module.unread}
        if not unread:
            return set()
        texts = {module.source.path: module.source.text for module in self.program.scopes}
        groups = group_connected_paths(
            sorted(texts), lambda path: imports_in(path, texts.get(path, ""))
        )
        return {path for group in groups if not unread.isdisjoint(group) for path in group}

    def _end(self, requirements: Requirements) -> None:
        """Finish a body outside of any decision: the main agent carries out what it requires."""
        for span, in_loop in requirements.run_elses.items():
            self.run_elses[span] = in_loop or self.run_elses.get(span, False)

    def _check_image(self, requirements: Requirements, workflow: WorkflowSymbol) -> None:
        tools = requirements.tools
        image, command = tools.get(PICTURE), tools.get(TERMINAL) or tools.get(DATES)
        if image is None or command is None:
            return
        labels = [Label(command.place, "the command")]
        if image.call is not None:
            labels.append(Label(image.place, "the picture"))
        if command.call is not None:
            labels.append(Label(command.call, "the command is run by this call"))
        self.program.sink.report(
            errors.IMAGE_WITH_COMMAND,
            image.call or image.place,
            name=workflow.name,
            labels=tuple(labels),
        )

    # Bodies

    def _task(self, task: TaskSymbol, frame: Frame) -> Requirements:
        """Return what a task requires; calls with the same constants share the result."""
        arguments = repr(frame.arguments) if frame.arguments else ""
        key = (task, arguments, self._in_loop)
        requirements = self._tasks.get(key)
        if requirements is None:
            self._active.append(task)
            requirements = self._body(task.declaration.body, frame)
            self._active.pop()
            self._tasks[key] = requirements
        return requirements

    def _body(self, block: ast.Block, frame: Frame) -> Requirements:
        if all(is_plain(self.program, statement) for statement in block.statements):
            return NO_REQUIREMENTS
        requirements = Requirements()
        self._add_block(requirements, block, frame)
        return requirements

    def _add_block(self, requirements: Requirements, block: ast.Block, frame: Frame) -> None:
        for statement in block.statements:
            if not is_plain(self.program, statement):
                self._add_statement(requirements, statement, frame)

    def _add_statement(self, requirements: Requirements, statement: ast.Stmt, frame: Frame) -> None:
        """Add what one statement requires, and check its decision."""
        match statement:  # the most frequent statements first
            case ast.StepStmt(body=body):
                self._add_block(requirements, body, frame)
            case ast.TypeStmt():
                place = keyword_span(statement, frame.source)
                requirements.tools.setdefault(DATES, Requirement(place))
            case ast.IfStmt() | ast.MatchStmt():
                self._decide_branches(requirements, statement, frame)
            case ast.WaitUntilStmt(otherwise=otherwise) | ast.ExpectStmt(otherwise=otherwise):
                if otherwise is not None and type(otherwise.action) not in PLAIN:
                    self._decide_else(requirements, NO_REQUIREMENTS, statement, frame)
            case ast.ChooseStmt():
                self._decide_else(requirements, model_of(statement, frame.source), statement, frame)
            case ast.ExtractStmt(background=True):
                place = keyword_span(statement, frame.source)
                requirements.tools.setdefault(SCREENSHOT, Requirement(place))
            case ast.ExtractStmt():
                self._decide_else(requirements, model_of(statement, frame.source), statement, frame)
            case ast.CopyStmt():
                self._decide_else(requirements, tool_of(statement, frame.source), statement, frame)
            case ast.CaptureStmt() | ast.ExportStmt() | ast.ImageStmt() | ast.FinishStmt():
                requirements.add(tool_of(statement, frame.source))
            case ast.RunStmt():
                self._add_command(requirements, statement, frame)
            case ast.ForStmt():
                self._add_for(requirements, statement, frame)
            case ast.WhileStmt(condition=condition) | ast.RepeatStmt(condition=condition):
                screen = depends_on_screen(condition)
                bodies = [self._body(statement.body, frame)]
                bodies += self._otherwise(statement.otherwise, frame)
                self._add_decision(
                    requirements,
                    statement,
                    NO_REQUIREMENTS,
                    bodies,
                    frame,
                    () if screen else (condition,),
                )
            case ast.RetryStmt(otherwise=last):
                bodies = [self._body(statement.body, frame)]
                self._check_entries_of_attempt(bodies[0], statement, frame)
                if last is not None:
                    bodies.append(self._body(last, frame))
                self._add_decision(requirements, statement, NO_REQUIREMENTS, bodies, frame)
            case ast.CallStmt():
                self._add_call(requirements, statement, frame)
            case ast.AnnotatedStmt(statement=inner):
                self._add_statement(requirements, inner, frame)
            case _:
                pass

    def _add_for(self, requirements: Requirements, statement: ast.ForStmt, frame: Frame) -> None:
        """Add what a `for` requires: its body, and the main agent if a focused agent cannot run it.

        The platform has one loop item, so a `for` inside another one may not need the main agent.
        """
        around, self._in_loop = self._in_loop, True
        body = self._body(statement.body, frame)
        place = keyword_span(statement, frame.source)
        if statement.failure is not None:
            body = self._require_entry(body, statement, frame)
        if (around or statement.failure is not None) and self._can_focused_agent_do(body):
            body.run_elses.clear()  # one focused agent does the whole entry, or the whole loop
        self._in_loop = around
        if FINISH in body.tools and self._ends_at_an_entry(statement):
            blind = (statement.iterable,) if isinstance(statement.iterable, ast.Ref) else ()
            self._keep_graver_finding(statement, {}, [body], frame, blind, None)
        for at, loop in body.loops.items():
            self.nested.setdefault(at, (loop, place))
        if not self._can_focused_agent_do(body):
            words, cause = self._find_unfit_part(body)
            failure = first_failure(self.program, frame.source, statement, self.summaries)
            own = Requirement(place, None, words, cause.cause or cause.place, failure)
            requirements.tools.setdefault(LOOP, own)
            if not body.loops:
                requirements.loops.setdefault(place, own)
        inner = Requirements()
        inner.add(body)
        inner.loops.clear()
        requirements.add(inner)

    def _ends_at_an_entry(self, statement: ast.ForStmt) -> bool:
        """Whether a run ends in a `for` if, and only if, its list has an entry."""
        always = runs_always(self.program, statement.iterable)
        return not always and has_no_path_behind(statement.body, self.program)

    def _require_entry(
        self, body: Requirements, statement: ast.ForStmt, frame: Frame
    ) -> Requirements:
        """Return what an entry that may fail requires; one focused agent must carry it out."""
        assert statement.failure is not None
        whole = Requirements()
        whole.add(body)
        whole.add(self._body(statement.failure, frame))
        if not self._can_focused_agent_do(whole):
            between = Span(frame.source, statement.body.end, statement.failure.start)
            words, cause = self._find_unfit_part(whole)
            labels = [Label(failure_words(between), "an entry that may fail is one call")]
            if cause.call is not None:
                labels.append(Label(cause.place, f"{words} stands here"))
            self.failing.setdefault(cause.call or cause.place, (words, tuple(labels), None))
        return whole

    def _check_entries_of_attempt(
        self, body: Requirements, statement: ast.RetryStmt, frame: Frame
    ) -> None:
        """Report each `for` of the main agent in an attempt whose entries may fail.

        After the first entry nobody stands by who would begin another attempt.
        """
        for at, loop in body.loops.items():
            if loop.failure is None:
                continue
            labels = [
                Label(keyword_span(statement, frame.source), "the attempts"),
                Label(loop.failure, "in a later entry this failure ends no attempt"),
            ]
            if loop.call is not None:
                labels.append(Label(loop.place, "the `for` that this call runs"))
            place = at if loop.call is not None else loop.cause or at
            help = _RETRY_INSIDE.format(tool=loop.words)
            self.failing.setdefault(place, (loop.words, tuple(labels), help))

    def _find_unfit_part(self, body: Requirements) -> tuple[str, Requirement]:
        """Find the part of a body that one focused agent cannot carry out, and describe it."""
        missing = [tool for tool in body.tools if not self.capabilities.can_focused_agent_use(tool)]
        if not missing:
            *_, requirement = body.models.values()
            return "a second model", requirement
        tool = min(missing, key=lambda name: (name == LOOP, name))
        requirement = body.tools[tool]
        return requirement.words or TOOLS[tool].words, requirement

    def _add_call(self, requirements: Requirements, statement: ast.CallStmt, frame: Frame) -> None:
        """Add what a called task requires, given the arguments that decide something in it."""
        task = self.program.calls.get(statement)
        if task is None or task in self._active:
            return
        place = Span(frame.source, statement.start, statement.task.end)
        deciding = self._deciding_params(task)
        bound = bind_parameters(self.program, task, statement, frame) if deciding else {}
        arguments = {name: value for name, value in bound.items() if name in deciding}
        inner = Frame(task.module.source, self.variables, arguments, place)
        requirements.add(self._task(task, inner), place)

    def _deciding_params(self, task: TaskSymbol) -> frozenset[str]:
        """Return the parameters that a task's conditions read, or that it passes to other tasks."""
        found = self._deciding.get(task)
        if found is None:
            nodes = [
                each
                for each in self.program.statements(task.declaration.body)
                if isinstance(each, ast.IfStmt | ast.MatchStmt | ast.CallStmt)
            ]
            refs = [ref for node in nodes for ref in _find_parameter_refs(self.program, node)]
            found = self._deciding[task] = frozenset(ref.name.text for ref in refs)
        return found

    def _otherwise(self, otherwise: ast.Otherwise | None, frame: Frame) -> list[Requirements]:
        if otherwise is None:
            return []
        action = otherwise.action
        if isinstance(action, ast.Block):
            return [self._body(action, frame)]
        requirements = Requirements()
        if isinstance(action, ast.FinishStmt):
            requirements.add(tool_of(action, frame.source))
        return [requirements]

    def _decide_else(
        self,
        requirements: Requirements,
        own: Requirements,
        statement: ast.Stmt,
        frame: Frame,
    ) -> None:
        """Check the decision of a statement's `else`."""
        otherwise = else_of(statement)
        bodies = self._otherwise(otherwise, frame)
        self._add_decision(requirements, statement, own, bodies, frame, at_else=otherwise)

    def _add_command(
        self, requirements: Requirements, statement: ast.RunStmt, frame: Frame
    ) -> None:
        """Add a command and its `else`, which the main agent decides unless one agent does both."""
        name = statement.name
        if name is not None and not self.capabilities.can_focused_agent_use(TERMINAL):
            self.program.sink.report(
                errors.COMMAND_OUTPUT_UNREADABLE, name.span(frame.source), variable=name.text
            )
        whole = tool_of(statement, frame.source)
        for body in self._otherwise(statement.otherwise, frame):
            whole.add(body)
        otherwise = statement.otherwise
        if otherwise is not None and (name is None or not self._can_focused_agent_do(whole)):
            start = otherwise.start
            whole.run_elses[Span(frame.source, start, start + len("else"))] = self._in_loop
        requirements.add(whole)

    def _decide_branches(
        self, requirements: Requirements, statement: ast.IfStmt | ast.MatchStmt, frame: Frame
    ) -> None:
        """Check the decision of an `if` or `match`, without the branches that constants decide."""
        branches: list[ast.IfBranch | ast.MatchBranch] = []
        otherwise = statement.otherwise
        for branch in statement.branches:
            outcome = self._decided(statement, branch, frame)
            if outcome is None:
                branches.append(branch)
            elif outcome:
                otherwise = branch.body
                break
        if not branches:
            if otherwise is not None:
                self._add_block(requirements, otherwise, frame)
            return
        conditions = [each.condition for each in branches if isinstance(each, ast.IfBranch)]
        blind = [each for each in conditions if not depends_on_screen(each)]
        if isinstance(statement, ast.MatchStmt):
            blind = [statement.operand]
        blocks = [branch.body for branch in branches]
        if otherwise is not None:
            blocks.append(otherwise)
        bodies = [self._body(block, frame) for block in blocks]
        self._add_decision(requirements, statement, NO_REQUIREMENTS, bodies, frame, blind)

    def _decided(
        self,
        statement: ast.IfStmt | ast.MatchStmt,
        branch: ast.IfBranch | ast.MatchBranch,
        frame: Frame,
    ) -> bool | None:
        """Whether a branch is taken if none before it is; None if it depends on the run."""
        if isinstance(branch, ast.IfBranch):
            return decide_condition(self.program, branch.condition, frame)
        assert isinstance(statement, ast.MatchStmt)
        return is_among(self.program, statement.operand, branch.values, frame)

    # Decisions

    def _add_decision(
        self,
        requirements: Requirements,
        node: ast.Stmt,
        own: Requirements,
        bodies: list[Requirements],
        frame: Frame,
        blind: Iterable[ast.Condition] = (),
        at_else: ast.Otherwise | None = None,
    ) -> None:
        """Add a decision over `bodies` to `requirements`, and report it if it is a trap.

        `node` decides, or its `at_else`; `own` is what deciding itself requires, for instance a
        model. `blind` are the conditions that do not depend on the screen. If one focused agent can
        carry out everything, the decision is safe. If a body exceeds it, or several models are
        named, the decision is a finding; otherwise, as with a `copy` and its `else`, the main agent
        decides nothing.
        """
        if not any(bodies):
            requirements.add(own)
            return
        whole = Requirements()
        for body in (own, *bodies):
            whole.add(body)
        if self._can_focused_agent_do(whole):
            whole.run_elses.clear()
        elif len(whole.models) > 1 or any(not self._can_focused_agent_do(body) for body in bodies):
            self._keep_graver_finding(node, whole.models, bodies, frame, tuple(blind), at_else)
        requirements.add(whole)

    def _can_focused_agent_do(self, requirements: Requirements) -> bool:
        """Whether one focused agent can carry out everything that is required."""
        if len(requirements.models) > 1:
            return False
        return not requirements.tools or all(
            map(self.capabilities.can_focused_agent_use, requirements.tools)
        )

    def _keep_graver_finding(
        self,
        node: ast.Stmt,
        models: Mapping[str, Requirement],
        bodies: list[Requirements],
        frame: Frame,
        blind: tuple[ast.Condition, ...],
        at_else: ast.Otherwise | None,
    ) -> None:
        """Keep the finding of a decision, unless one is known that is at least as grave.

        What a condition with an undeclared name decides is not known.
        """
        if any(
            ref not in self.program.values for each in blind for ref in refs_outside_blocks(each)
        ):
            return
        whole = Requirements()
        for body in bodies:
            whole.add(body)
        labels: list[Label] = []
        missing = [
            tool for tool in whole.tools if not self.capabilities.can_focused_agent_use(tool)
        ]
        if missing:
            tool = min(missing, key=lambda name: (name == LOOP, name == FINISH, name))
            words = TOOLS[tool].words
            labels += _label_requirement(whole.tools[tool], f"{words} needs the main agent")
        else:
            tool, words = MODELS, "more than one model"
            for name, requirement in models.items():
                labels += _label_requirement(requirement, f"this names the model `{name}`")
        if frame.call is not None and any(
            _find_parameter_refs(self.program, each) for each in blind
        ):
            labels.append(Label(frame.call, "this call leaves the decision to the run"))
        spec = self._choose_spec(tool, blind=bool(blind))
        known = self.findings.get(at_else or node)
        if known is not None and _GRAVITY.index(known.spec) <= _GRAVITY.index(spec):
            return
        word = at = keyword_span(node, frame.source)
        if at_else is not None:
            at = Span(frame.source, at_else.start, at_else.start + len("else"))
        condition = None
        if isinstance(node, ast.IfStmt) and len(node.branches) == 1 and node.otherwise is None:
            condition = node.branches[0].condition.span(frame.source).text
        way = LOOP if LOOP in missing else tool
        help = (
            suggest_rewrite(Decision(word.text, way, condition, self._in_loop)) + _OTHER_WAYS[spec]
        )
        self.findings[at_else or node] = _Finding(
            spec, at, f"`{at.text}`", words, tuple(labels), help
        )

    def _choose_spec(self, tool: str, *, blind: bool) -> DiagnosticSpec:
        """Choose the diagnostic for a decision that needs the main agent for a tool."""
        if blind:
            return errors.BRANCH_FROZEN_BY_REPLAY
        if self._in_loop:
            return errors.BRANCH_FROZEN_IN_LOOP
        return errors.DECIDED_ONCE if tool == FINISH else errors.BRANCH_OUTSIDE_FOCUSED_ACTION


def depends_on_screen(condition: ast.Condition) -> bool:
    """Whether a condition depends on what is on the screen."""
    match condition:
        case ast.SeesExpr():
            return True
        case ast.AndExpr(operands=operands) | ast.OrExpr(operands=operands):
            return any(map(depends_on_screen, operands))
        case ast.NotExpr(operand=operand):
            return depends_on_screen(operand)
        case ast.CompareExpr() | ast.TextRelationExpr() | ast.InExpr() | ast.MatchesExpr():
            return False
        case ast.EmptyExpr() | ast.Ref():
            return False


def _find_parameter_refs(program: Program, node: ast.Node) -> list[ast.Ref]:
    """Return the references to parameters in a node, without its blocks."""
    found = []
    for ref in refs_outside_blocks(node):
        symbol = program.values.get(ref)
        if symbol is not None and symbol.kind == PARAMETER:
            found.append(ref)
    return found


def _label_requirement(requirement: Requirement, text: str) -> list[Label]:
    if requirement.call is None:
        return [Label(requirement.place, text)]
    return [Label(requirement.place, text), Label(requirement.call, "this call leads there")]
