"""Random histories of a project and its organisation, each step of which may die or lose replies.

A project of a few workflows is edited, renamed and deployed while somebody works in the dashboard,
deploys die, and state is lost. Whatever happened, one clean deploy brings the organisation to what
the source says.

Left out is what nobody can tell who has lost state: the address of a workflow that was renamed,
twice or to one that another had (a list that `flowdsl ids export` wrote tells it), and a creation
by a dead process that arrives after state was made anew.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from shutil import rmtree
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from flowdsl.codegen.artifacts import Bundle
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.recovery.late_writes import GIVEN_UP
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import Crash, bundle, flow
from tests.deploy.fault_world import IDEMPOTENCY, FaultWorld, scratch_folder
from tests.deploy.invariants import check_invariants, checked, deploy_clean
from tests.deploy.kill_switch import LATE_SECONDS, Point, When

NAMES = tuple("abcdef")
PROMPTS = st.sampled_from(["One.", "Two.", "Three."])
TAGS = st.lists(st.sampled_from(["s", "t"]), unique=True, max_size=2)
LOST = st.sampled_from(["before", "after", "drop", "html_502", "truncated"])
INDEX = st.integers(0, 9)
WHEN = st.sampled_from(["before", "after", "late"])
ROUTES = (
    "POST /v1/workflows",
    "PATCH /v1/workflows/{id}",
    "DELETE /*",
    "POST /*",
    "GET /v1/workflows/{id}",
    "GET /*",
)
Changes = tuple[tuple[int, str], ...]
CHANGES = st.lists(st.tuples(INDEX, PROMPTS), min_size=1, max_size=3).map(tuple)
"""Which workflows get which prompt, or are added."""


@dataclass(frozen=True)
class Flow:
    """A workflow in source."""

    prompt: str
    tags: tuple[str, ...] = ()
    renamed_from: str | None = None


FIRST = {"a": Flow("One."), "b": Flow("One.", ("s",)), "c": Flow("One.", ("s",))}


def compiled(source: Mapping[str, Flow]) -> Bundle:
    """A source, compiled."""
    return bundle(
        *(
            flow(name, each.prompt, tags=each.tags, renamed_from=each.renamed_from)
            for name, each in source.items()
        )
    )


@cache
def _template(back_end: str) -> FaultWorld:
    """A world in which the first source is deployed, to be copied."""
    stack = ExitStack()
    atexit.register(stack.close)
    root = stack.enter_context(scratch_folder())
    (root / "template").mkdir()
    world = FaultWorld(root / "template", back_end)
    world.add_foreign()
    deploy_clean(world, compiled(FIRST))
    world.close()
    return world


_numbers = count()


def fresh_world(back_end: str, idempotency: str) -> FaultWorld:
    """A world of its own."""
    template = _template(back_end)
    root = template.root.parent / str(next(_numbers))
    return template.copy_to(root, idempotency=idempotency)


class DeployMachine(RuleBasedStateMachine):
    """The history of one project. Subclasses choose the back end."""

    back_end = "file"

    @initialize(idempotency=st.sampled_from(sorted(IDEMPOTENCY)))
    def begin(self, idempotency: str) -> None:
        self.world = fresh_world(self.back_end, idempotency)
        self.source = dict(FIRST)
        self.retired: set[str] = set()
        self.renamed: set[str] = set()
        self.copied: set[str] = set()
        self.unresolved = True
        self.homes: dict[str, str] = {}
        self.swapping: set[str] = set()

    # What happens to the source

    @rule(index=INDEX, prompt=PROMPTS, tags=TAGS)
    def add(self, index: int, prompt: str, tags: list[str]) -> None:
        free = [name for name in NAMES if name not in self.source and name not in self.retired]
        if not free:
            return
        name = free[index % len(free)]
        if name in self.copied:
            # A copy with the mark of this address is out there: the engine would rightly ask about
            # it.
            return
        address = f"workflow.{name}"
        target = self.world.target
        self.source[name] = Flow(prompt, tuple(tags))
        self.world.retarget(
            deleted=target.deleted - {address}, forgotten=target.forgotten - {address}
        )

    @precondition(lambda self: self.source)
    @rule(index=INDEX, prompt=PROMPTS, tags=TAGS)
    def edit(self, index: int, prompt: str, tags: list[str]) -> None:
        name = self._name(index)
        self.source[name] = replace(self.source[name], prompt=prompt, tags=tuple(tags))

    @precondition(lambda self: self.source)
    @rule(index=INDEX, to=INDEX)
    def rename(self, index: int, to: int) -> None:
        name = self._name(index)
        free = [each for each in NAMES if each not in self.source and each not in self.retired]
        free = [each for each in free if f"workflow.{each}" not in self.world.ids().values()]
        if not free or name in self.renamed:
            return
        new = free[to % len(free)]
        self.source[new] = replace(self.source.pop(name), renamed_from=name)
        self.retired.add(name)
        self.renamed |= {new}
        if name in self.homes:
            self.homes[new] = self.homes.pop(name)
        self.world.retarget(
            adopted={
                f"workflow.{new}" if address == f"workflow.{name}" else address: found
                for address, found in self.world.target.adopted.items()
            },
            deleted=self.world.target.deleted - {f"workflow.{new}"},
        )
        if name in self.copied:
            self.copied.add(new)

    @precondition(lambda self: len(self.source) > 1)
    @rule(index=INDEX)
    def swap(self, index: int) -> None:
        """Two deployed workflows change places."""
        deployed = set(self.world.ids().values())
        plain = [
            name
            for name in sorted(self.source)
            if name not in self.renamed
            and f"workflow.{name}" in deployed
            and f"workflow.{name}" not in self.world.target.adopted
            and self.source[name].renamed_from is None
        ]
        if len(plain) < 2 or self.world.document().get("pending"):
            return
        one = plain[index % len(plain)]
        other = plain[(index + 1) % len(plain)]
        first, second = self.source[one], self.source[other]
        self.source[one] = replace(second, renamed_from=other)
        self.source[other] = replace(first, renamed_from=one)
        self.renamed |= {one, other}
        self.swapping |= {one, other}
        homes = {name: self.homes.pop(name, None) for name in (one, other)}
        for name, found in ((one, homes[other]), (other, homes[one])):
            if found is not None:
                self.homes[name] = found

    @precondition(lambda self: self.source)
    @rule(index=INDEX)
    def remove(self, index: int) -> None:
        """Take a workflow out of the source; it stays in the organisation."""
        name = self._name(index)
        if name not in self.swapping:
            self._take_out(name)

    @precondition(lambda self: self.source)
    @rule(index=INDEX, mode=st.sampled_from(["delete", "forget"]))
    def remove_for_good(self, index: int, mode: str) -> None:
        """`[[removed]]`: delete it there, or let it go."""
        name = self._name(index)
        flow_in_source = self.source[name]
        unmoved = {f"workflow.{name}", f"workflow.{flow_in_source.renamed_from}"}
        if name in self.swapping:
            return  # nobody moves into the place of one that is to go
        if self.world.document().get("pending") or not unmoved & set(self.world.ids().values()):
            return
        if f"workflow.{name}" not in self.world.ids().values():
            return  # its move has not been made
        self._take_out(name)
        target, address = self.world.target, f"workflow.{name}"
        if mode == "delete":
            self.world.retarget(deleted=target.deleted | {address})
            return
        self.world.retarget(forgotten=target.forgotten | {address})
        self.retired.add(name)
        (forgotten,) = [i for i, known in self.world.ids().items() if known == address]
        if self._exists(forgotten):
            self.world.protect(forgotten)

    @rule(index=INDEX, prompt=PROMPTS)
    def adopt(self, index: int, prompt: str) -> None:
        """Somebody made a workflow in the dashboard, and it is imported."""
        free = [name for name in NAMES if name not in self.source and name not in self.retired]
        free = [name for name in free if f"workflow.{name}" not in self.world.ids().values()]
        if not free or self.world.document().get("pending"):
            return
        name = free[index % len(free)]
        if name in self.copied:
            return
        made = self.world.post("/v1/workflows", {"name": "By hand", "main_prompt": prompt})
        address = f"workflow.{name}"
        target = self.world.target
        self.source[name] = Flow(prompt)
        self.world.retarget(
            adopted={**target.adopted, address: str(made["id"])},
            deleted=target.deleted - {address},
            forgotten=target.forgotten - {address},
        )

    # What happens in the dashboard

    @rule(index=INDEX, prompt=PROMPTS, title=st.booleans())
    def edit_in_dashboard(self, index: int, prompt: str, title: bool) -> None:
        if (found := self._tracked(index)) is not None:
            patch = {"name": "By hand"} if title else {"main_prompt": prompt}
            self.world.ask(
                lambda client: client.workflows.update(found, patch, idempotency_key=uuid4().hex)
            )

    @rule(index=INDEX)
    def delete_in_dashboard(self, index: int) -> None:
        if (found := self._tracked(index)) is not None:
            self.world.ask(
                lambda client: client.workflows.delete(found, idempotency_key=uuid4().hex)
            )
            self.homes = {name: each for name, each in self.homes.items() if each != found}
            self.world.retarget(
                adopted={
                    address: each
                    for address, each in self.world.target.adopted.items()
                    if each != found
                }
            )

    @rule(index=INDEX)
    def duplicate_in_dashboard(self, index: int) -> None:
        if (found := self._tracked(index)) is not None:
            self.world.duplicate(found)
            # The mark names the address that it was created for.
            self.copied |= set(NAMES)

    # What happens to state and to deploys

    @precondition(lambda self: self.world.back_end.contents() and not self.renamed)
    @rule()
    def lose_state_and_rebuild(self) -> None:
        project = self.project()
        self.world.wait(LATE_SECONDS)
        self.world.lose_state()
        self.homes = {}
        rebuilt = self.world.rebuild(project)
        for found in rebuilt.values():
            # A person looked at the list and agreed, though it may be a copy whose original is
            # gone.
            self.world.foreign.pop(found, None)

    @rule(changes=CHANGES, number=st.integers(1, 7), when=WHEN)
    def die_at_a_write(self, changes: Changes, number: int, when: When) -> None:
        """The source changes, and its deploy dies at a write, if it gets that far."""
        self.die(changes, Point("write", number, when))

    @rule(changes=CHANGES, number=st.integers(2, 7), after=st.booleans())
    def die_at_the_state(self, changes: Changes, number: int, after: bool) -> None:
        """The source changes, and its deploy dies at a call of the store."""
        self.die(changes, Point("store", number, "after" if after else "before"))

    @rule(changes=CHANGES, number=st.integers(1, 30))
    def die_anywhere(self, changes: Changes, number: int) -> None:
        """The source changes, and its deploy dies before a request."""
        self.die(changes, Point("api", number, "before"))

    @rule(
        changes=CHANGES,
        route=st.sampled_from(ROUTES),
        kind=LOST,
        number=st.integers(1, 4) | st.none(),
        retries=st.sampled_from([0, 3]),
    )
    def lose_replies(
        self, changes: Changes, route: str, kind: Any, number: int | None, retries: int
    ) -> None:
        """The source changes, and one request of a kind is broken, or all of them."""
        self._change(changes)
        self._deploy(Fault(route, number, kind), max_retries=retries)

    @precondition(lambda self: self.unresolved)
    @rule()
    def deploy(self) -> None:
        """One clean deploy, after which everything must hold."""
        outcome = self._deploy()
        if outcome.status is Status.PARTIAL:
            # It was carried out; what a dead deploy may have sent and nobody has seen is given up
            # later.
            assert outcome.messages and all("may still come" in each for each in outcome.messages)
            self.world.wait(GIVEN_UP.total_seconds())
            outcome = self._deploy()
        self.unresolved = False
        assert outcome.status in (Status.DONE, Status.NOTHING_TO_DO), outcome
        self.world.wait(LATE_SECONDS)
        project = self.project()
        wanted = {f"workflow.{item.name}" for item in project.workflows}
        self.world.kept = set(self.world.ids().values()) - wanted
        assert not self.world.kept & (self.world.target.deleted | self.world.target.forgotten)
        check_invariants(self.world, project)
        ids = {address.removeprefix("workflow."): i for i, address in self.world.ids().items()}
        for name, home in self.homes.items():
            assert ids[name] == home, f"{name} is another workflow now: its runs are elsewhere"
        self.homes = {name: found for name, found in ids.items() if name in self.source}
        self.swapping = set()

    def teardown(self) -> None:
        world = getattr(self, "world", None)
        if world is None:
            return
        try:
            self.deploy()
        finally:
            world.close()
            rmtree(world.root, ignore_errors=True)

    def project(self) -> Bundle:
        """The source, compiled."""
        return compiled(self.source)

    def _deploy(self, *faults: Fault, **more: Any) -> Outcome:
        """A deploy by somebody who has looked at every guard and every edit, and means it."""
        self.unresolved = True
        every = frozenset(f"workflow.{name}" for name in self.source)
        options = {"on_drift": "overwrite", "recreate": every, **more}
        outcome = checked(self.world, self.world.deploy(self.project(), *faults, **options))
        for _ in range(3):
            if outcome.status is not Status.GUARDED:
                break
            # Settling what a dead deploy left changes the numbers that were agreed to.
            guards = {guard.name: guard.planned for guard in self.world.ui.plans[-1].guards}
            outcome = checked(
                self.world,
                self.world.deploy(self.project(), *faults, **options, accepted=guards),
            )
        return outcome

    def die(self, changes: Changes, point: Point) -> None:
        self._change(changes)
        with suppress(Crash):
            self._deploy(point=point)

    def _change(self, changes: Changes) -> None:
        for index, prompt in changes:
            if index % 2 and self.source:
                self.edit(index, prompt, list(self.source[self._name(index)].tags))
            else:
                self.add(index, prompt, ["t"])

    def _name(self, index: int) -> str:
        names = sorted(self.source)
        return names[index % len(names)]

    def _take_out(self, name: str) -> None:
        del self.source[name]
        self.homes.pop(name, None)
        adopted = self.world.target.adopted
        self.world.retarget(
            adopted={key: each for key, each in adopted.items() if key != f"workflow.{name}"}
        )

    def _tracked(self, index: int) -> str | None:
        """The id of a workflow that state knows and that exists."""
        ids = self.world.ids()
        there = {row.id for row in self.world.workflows()} - self.world.foreign.keys()
        by_address = sorted(ids.keys() & there, key=lambda found: ids[found])
        return by_address[index % len(by_address)] if by_address else None

    def _exists(self, workflow_id: str) -> bool:
        return any(row.id == workflow_id for row in self.world.workflows())


Step = Callable[[DeployMachine], None]
"""A step of a history that is written down."""


def replay(machine: type[DeployMachine], idempotency: str, *steps: Step) -> None:
    """A history that once ended badly, with a clean deploy at its end."""
    history = machine()
    history.begin(idempotency)
    try:
        for step in steps:
            step(history)
    finally:
        history.teardown()
