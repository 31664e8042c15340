"""The paths of a workflow or a task beside its tests: which of them no test takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flowdsl.semantics.model import TaskSymbol, WorkflowSymbol
from flowdsl.simulate.trace import SUCCESS
from flowdsl.source.record import Record

from ..cases import Case, begun_inputs
from ..coverage import Way, bodies_of
from ..expectations import needs_run
from ..run import first_run
from ..suite import Suite
from .search import Exploration, Explored, Path, explored, path_key
from .skeletons import answer_lines, skeleton

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .search import PathKey


class Found(Record):
    """A path for people.

    - `words`: how it ends, or what tells it from the usual path.
    - `unusual`: its ways that the usual path does not take.
    - `answers`: the sections of a test that lead to it, without the inputs.
    - `taken_by`: the titles of the tests that take it.
    - `test`: a test that takes it, where no test does; None where there is none to write.
    """

    number: int
    path: Path
    words: str
    unusual: tuple[Way, ...]
    answers: tuple[str, ...]
    taken_by: tuple[str, ...]
    test: str | None


class Findings(Record):
    """The paths in the order in which they were found, and the exploration that found them."""

    exploration: Exploration
    paths: tuple[Found, ...]

    @property
    def is_right(self) -> bool:
        """Whether every path can be carried out and makes outputs that may be."""
        return not any(each.path.problem or each.path.wrong for each in self.paths)


def findings(
    suite: Suite,
    workflow: WorkflowSymbol,
    task: TaskSymbol | None,
    cases: Iterable[Case],
    most_paths: int,
) -> Findings:
    """The paths of a workflow, or of a task by the workflow around it, and who takes them.

    Raises NotAProgram, and NoSample where an input cannot be made up.
    """
    paths = {module.source.path for module in suite.model.modules}
    ways = {way.key: way for body in bodies_of(suite.model, paths) for way in body.ways}
    own = [
        case
        for case in cases
        if case.workflow is workflow and case.chain is None and needs_run(case.items)
    ]
    known: list[Mapping[str, Any]] = []
    for case in own:
        inputs = begun_inputs(case, suite.literals(case.module))
        if inputs is not None and inputs not in known:
            known.append(inputs)
    exploration = explored(
        Explored(
            suite.model,
            workflow,
            suite.payload(workflow),
            suite.environment,
            ways.keys(),
            known,
            int(task is not None),
        ),
        most_paths,
    )
    taken: dict[PathKey, list[str]] = {}
    for case in own:
        ran = first_run(suite, case)
        if ran is not None:
            key = path_key(ran[0], ran[1].ending, ways.keys())
            taken.setdefault(key, []).append(case.title)
    usual = exploration.paths[0].ways if exploration.paths else ()
    found = []
    for number, path in enumerate(exploration.paths, 1):
        unusual = tuple(ways[key] for key in path.ways if key not in usual)
        words, titles = _words(path, unusual), tuple(taken.get(path.key, ()))
        test = None
        if not titles and not path.problem:
            test = skeleton(path, number, words, workflow, task)
        answers = tuple(answer_lines(path.asked))
        found.append(Found(number, path, words, unusual, answers, titles, test))
    return Findings(exploration, tuple(found))


def _words(path: Path, unusual: tuple[Way, ...]) -> str:
    """How a path ends, in a few words; one that ends well by the last way that is unusual."""
    ending = path.ending
    if ending is None:
        return "cannot be carried out"
    if ending.status != SUCCESS:
        return f"aborts: {ending.reason}"
    if ending.reason is not None:
        return f"finishes: {ending.reason}"
    return unusual[-1].words.replace("`", "") if unusual else "all goes well"
