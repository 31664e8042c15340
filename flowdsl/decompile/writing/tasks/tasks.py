"""Cuts tasks out of the statements of a workflow.

The idea: after inlining, the result of a task is a runtime object that several statements fill, and
in source nothing but a task can say that. The statements that fill one are found, with what they
need around them, and a `call` takes their place. Whatever else a task did stays inlined, unless a
parameter has put something where source cannot have it (`parameter_extraction`).

An example, with `emit found.name` for "store a field of the result `found`":

    extract find_name: string from "the patient's name"
    emit found.name = {{find_name}}
    do "Open the chart of {{found.name}}"

The run that fills `found` is the second line. The first serves it alone and is named after the same
task, so it joins the run. `find_name` says that the task is `find` and its variable `name`:

    task find() -> Found { extract name: string from "the patient's name"   emit name = {{name}} }
    call find() as found
    do "Open the chart of {{found.name}}"

A run grows until every variable that it sets is private to it; variables inside that are named
after another task are cut out of it first (`_cut_strangers`). Where one task cannot hold a run, its
parts are tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from flowdsl.ir import nodes

from ..lines import (
    LOOP_KEY,
    Call,
    Emit,
    Key,
    Line,
    Node,
    Param,
    Task,
    all_lines,
    may_skip,
    reads,
    sets,
    variable_of,
)
from ..outputs import appended, begins_list, is_start, started, starts_list, without_starts
from ..type_names import Unspeakable
from ..value_types import ANY, Types, element_of
from .parameter_extraction import extracted, headed_by, is_awkward
from .runs import (
    Run,
    bodies_in,
    fills,
    is_fixed,
    number_of,
    prefixes,
    results_in,
    tally,
    touches,
    way_to,
)


class Cutter:
    """Cuts tasks out of the lines of a workflow, or of a task.

    `pinned` are the runtime variables from which an output takes its value by name; no task can own
    them. `around` are the statements around the lines, `task` is the task whose lines they are.
    """

    def __init__(
        self,
        root: list[Line],
        pinned: Iterable[str],
        types: Types,
        around: tuple[tuple[Node, int], ...] = (),
        task: Task | None = None,
    ) -> None:
        self.root = root
        self.pinned = frozenset(pinned)
        self.types = types
        self.around = around
        self.task = task
        self._counts = tally(root)

    # Results

    def cut_results(self) -> None:
        """Puts a call in the place of each run of lines that fills a result, inner ones first."""
        known = {*sets(self.root), LOOP_KEY[1]}
        named = [("runtime", name) for name in sorted(self.pinned)]
        for sigil, name in dict.fromkeys((*reads(self.root), *named)):
            if sigil == "runtime" and name not in known:
                self.root.insert(0, Line(Call(Task([], False, name), (), name)))
                self._counts[name] += 1
        sizes = {
            name: min((run.size for run in self._runs_filling(self.root, name)), default=0)
            for name in results_in(self.root)
        }
        for name in sorted(sizes, key=lambda name: sizes[name]):
            for run in reversed(self._runs_filling(self.root, name)):
                self._cut_result(run, name)

    def _cut_result(self, run: Run, variable: str) -> None:
        """Cuts a run as one task or, if that fails, each of its parts that fills the result."""
        for choice in (self._with_readings(run, variable), run):
            try:
                self.cut(choice, variable)
                return
            except Unspeakable:
                continue
        finer = list(self._finer(run, variable))
        if not finer:
            raise Unspeakable(f"no task can fill `{variable}`")
        for part in reversed(finer):
            self._cut_result(part, variable)

    def _finer(self, run: Run, variable: str) -> Iterator[Run]:
        first: int | None = None
        for at in range(run.first, run.last + 1):
            line = run.body[at]
            if isinstance(line.node, Emit):
                first = at if first is None else first
                continue
            if first is not None and run.size > at - first:
                yield Run(run.body, first, at - 1)
            first = None
            for body in line.bodies:
                yield from self._runs_filling(body, variable)
        if first is not None and first > run.first:
            yield Run(run.body, first, run.last)

    def _runs_filling(self, body: list[Line], variable: str) -> list[Run]:
        """The runs of lines that fill a result without reading it, each as small as possible."""
        runs: list[Run] = []
        first: int | None = None
        last = 0
        for at, line in enumerate(body):
            fill = fills([line], variable)
            if not fill and first is None:
                continue
            if is_fixed(line, self.pinned) or ("runtime", variable) in set(reads([line])):
                if first is not None:
                    runs.append(self._narrowed(Run(body, first, last), variable))
                    first = None
                if fill and not line.bodies:
                    raise Unspeakable(f"a result is filled with itself: `{variable}`")
                for inner in line.bodies if fill else ():
                    runs += self._runs_filling(inner, variable)
            elif fill:
                filled = first is not None and any(
                    not is_start(each.node, variable) for each in body[first:at]
                )
                if first is not None and filled and starts_list(body[at:], variable):
                    runs.append(self._narrowed(Run(body, first, last), variable))
                    first = None
                first, last = at if first is None else first, at
        if first is not None:
            runs.append(self._narrowed(Run(body, first, last), variable))
        return runs

    def _narrowed(self, run: Run, variable: str) -> Run:
        """The run inside the one body that fills the result, if there is only one."""
        while run.first == run.last:
            line = run.body[run.first]
            filling = [inner for inner in line.bodies if fills(inner, variable)]
            if len(filling) != 1 or self._is_needy(line, self.types):
                return run
            places = [at for at, line in enumerate(filling[0]) if fills([line], variable)]
            begun = begins_list(filling[0], variable)
            if may_skip(line.node) and not begun and self._is_read_outside(filling[0], variable):
                return run
            run = Run(filling[0], places[0], places[-1])
        return run

    def _is_read_outside(self, body: list[Line], variable: str) -> bool:
        key = ("runtime", variable)
        everywhere = sum(each == key for each in reads(self.root))
        return variable in self.pinned or everywhere > sum(each == key for each in reads(body))

    def _with_readings(self, run: Run, variable: str) -> Run:
        """The run, with the readings before it that serve it alone and name the same task."""
        if starts_list(run.lines, variable):
            return run
        whole = Run(run.body, 0, run.last)
        inside = [name for name in sets(run.lines) if name != variable]
        wanted = [
            name
            for sigil, name in dict.fromkeys(reads(run.lines))
            if sigil == "runtime" and name not in inside and self._is_private(name, whole)
        ]
        best: tuple[int, int, Run] | None = None
        for prefix in sorted({each for name in (*inside, *wanted) for each in prefixes(name)}):
            found = {name for name in wanted if prefix in prefixes(name)}
            if not found or not all(prefix in prefixes(name) for name in inside):
                continue
            setting = (at for at, line in enumerate(whole.lines) if found & set(sets([line])))
            longer = Run(run.body, min((*setting, run.first)), run.last)
            own = [name for name in sets(longer.lines) if name != variable]
            if any(is_fixed(line, self.pinned) for line in longer.lines) or not all(
                self._is_private(name, longer) and prefix in prefixes(name) for name in own
            ):
                continue
            if best is None or (len(found), len(prefix)) > best[:2]:
                best = (len(found), len(prefix), longer)
        return run if best is None else best[2]

    # Cutting

    def cut(self, run: Run, result: str | None) -> None:
        """Puts a call of a new task in the place of a run.

        Raises `Unspeakable`, and changes nothing, if no task can hold it.
        """
        run = self._closed(run, result)
        around = (*self.around, *(way_to(self.root, run.body) or ()))
        body = [line.copy() for line in run.lines]
        if result is not None:
            if not appended(body, result) <= started(body, result):
                raise Unspeakable("a list would begin too early")
            body = without_starts(body, result)
        if any(name != result for name in results_in(body)):
            raise Unspeakable("a task would fill the result of another")
        tried = any(isinstance(node, nodes.Retry) and at == 0 for node, at in around)
        task = Task(body, tried, result)
        self._cut_strangers(task, around)
        arguments = tuple(_arguments(task, around, self._types_in(around)))
        line = Line(Call(task, arguments, result))
        self._counts = self._counts - tally(run.lines) + tally([line])
        run.body[run.first : run.last + 1] = [line]

    def _closed(self, run: Run, result: str | None) -> Run:
        """The run, grown until the variables that it sets belong to it alone."""
        while True:
            outside = (
                name
                for name in sets(run.lines)
                if name != result and not self._is_private(name, run)
            )
            name = next(outside, None)
            if name is None:
                break
            touching = [at for at, line in enumerate(run.body) if touches([line], name)]
            longer = Run(run.body, min(touching), max(touching))
            longer = Run(run.body, min(run.first, longer.first), max(run.last, longer.last))
            if (longer.first, longer.last) == (run.first, run.last):
                longer = self._around(run)
            run = longer
        if any(is_fixed(line, self.pinned) for line in run.lines):
            raise Unspeakable("a task would emit an output")
        return run

    def _around(self, run: Run) -> Run:
        """The statement whose body holds a run."""
        for body in bodies_in(self.root):
            for at, line in enumerate(body):
                if any(inner is run.body for inner in line.bodies):
                    return Run(body, at, at)
        raise Unspeakable("a variable of a task is used outside of it")

    def _is_private(self, name: str, run: Run) -> bool:
        """Whether nothing outside a run sets or reads a runtime variable."""
        return name not in self.pinned and self._counts[name] == touches(run.lines, name)

    def _cut_strangers(self, task: Task, around: tuple[tuple[Node, int], ...]) -> None:
        """Puts calls in the place of lines whose variables are named after another task."""
        inner = Cutter(task.body, self.pinned, self.types, around, task)
        while True:
            own = [name for name in sets(task.body) if name != task.result]
            shared = Counter(prefix for name in own for prefix in prefixes(name))
            if not own or (shared and max(shared.values()) == len(own)):
                task.own = own
                return
            if not shared:
                raise Unspeakable(f"`{own[0]}` is not named after a task")
            if not any(inner._cut_stranger(home, own) for home in _by_use(shared)):
                raise Unspeakable(f"`{own[0]}` and others are not named after one task")

    def _cut_stranger(self, home: str, own: list[str]) -> bool:
        """Cuts the lines of variables that are not named after the task `home`.

        Whether that was possible.

        Variables of one call end in the same number: all of them are cut together, or as many as
        are named after one task.
        """
        strangers = [name for name in own if home not in prefixes(name)]
        before = len(sets(self.root))
        for prefix in (*prefixes(strangers[0])[::-1], None):
            number = number_of(strangers[0])
            names = {
                name
                for name in strangers
                if prefix in (None, *prefixes(name)) and number_of(name) == number
            }
            if prefix is None:
                names = {strangers[0]}
            try:
                self.cut(_touching(self.root, names), None)
            except Unspeakable:
                continue
            return len(sets(self.root)) < before
        return False

    # Values in places that only a parameter can fill

    def finish(self) -> None:
        """Cuts out the lines that hold values which only a parameter can have put there.

        The values become arguments of the calls. Tasks are gone through in the same way.
        """
        for body in bodies_in(self.root):
            for at in range(len(body)):
                types = self._types_in((*self.around, *(way_to(self.root, body) or ())))
                if self._is_needy(body[at], types):
                    self.cut(Run(body, at, at), None)
        if self.task is not None:
            _extract_parameters(self.task, self.task.body, self._types_in(self.around))
        for line in all_lines(self.root):
            if isinstance(line.node, Call):
                task, arguments = line.node.task, line.node.arguments
                way = (*self.around, *(way_to(self.root, _body_of(self.root, line)) or ()))
                Cutter(task.body, self.pinned, self.types, way, task).finish()
                used = set(reads(task.body))
                task.params = {key: param for key, param in task.params.items() if key in used}
                kept = (each for each in (*arguments, *task.extracted) if each[0] in used)
                line.node = Call(task, tuple(kept), line.node.result)
                task.extracted = ()

    def _is_needy(self, line: Line, types: Types) -> bool:
        """Whether a line has to stand in a task of its own."""
        names = {variable.name for variable in headed_by(line.node)}
        if self.task is not None:
            return any(name in self.task.own for name in names)
        return bool(names) or is_awkward(line.node, types)

    def _types_in(self, around: tuple[tuple[Node, int], ...]) -> Types:
        """The types of variables, with that of the loop item if a loop is around."""
        for node, _ in around:
            if isinstance(node, nodes.Loop):
                return {**self.types, LOOP_KEY: element_of(node.items, self.types)}
        return self.types


def _touching(body: list[Line], names: Iterable[str]) -> Run:
    """The shortest run of lines that sets and reads some variables."""

    def count(lines: Iterable[Line]) -> int:
        return sum(touches(lines, name) for name in names)

    while True:
        places = [at for at, line in enumerate(body) if count([line])]
        line = body[places[0]]
        inner = [each for each in line.bodies if count(each)]
        if len(places) > 1 or len(inner) != 1 or count(inner[0]) < count([line]):
            return Run(body, places[0], places[-1])
        body = inner[0]


def _by_use(shared: Counter[str]) -> list[str]:
    """Names of tasks; first the one after which most variables are named."""
    return sorted(shared, key=lambda name: (-shared[name], -len(name), name))


def _arguments(
    task: Task, around: tuple[tuple[Node, int], ...], types: Types
) -> Iterator[tuple[Key, nodes.Value]]:
    """The arguments for a new task.

    Gives it a parameter for each variable from outside that it reads.
    """
    loop = next((node for node, _ in around if isinstance(node, nodes.Loop)), None)
    for key in dict.fromkeys(reads(task.body)):
        if key[0] == "runtime" and key[1] in task.own:
            continue
        wanted = key[1]
        if key == LOOP_KEY:
            if loop is None:
                raise Unspeakable("the item of a loop is read outside of it")
            wanted = loop.variable
        task.params[key] = Param(wanted, types.get(key, ANY), secret=key[0] == "secret")
        yield key, nodes.TextValue(text=(variable_of(key),))


def _extract_parameters(task: Task, lines: list[Line], types: Types) -> None:
    """Puts parameters in the place of values in a task that source cannot have there."""

    def give(value: nodes.Value, type_: nodes.Type, wanted: str) -> nodes.Variable:
        own = {("runtime", name) for name in task.own}
        if own & set(reads([Line(Emit("", value, False))])):
            raise Unspeakable("a value of a task stands where a parameter of it would have to")
        key = ("input", f"{wanted} {len(task.params)}")
        task.params[key] = Param(wanted, type_)
        task.extracted = (*task.extracted, (key, value))
        return variable_of(key)

    for line in lines:
        line.node = extracted(line.node, types, give)
        inner = types
        if isinstance(line.node, nodes.Loop):
            inner = {**types, LOOP_KEY: element_of(line.node.items, types)}
        for body in line.bodies:
            _extract_parameters(task, body, inner)


def _body_of(root: list[Line], line: Line) -> list[Line]:
    return next(body for body in bodies_in(root) if any(each is line for each in body))
