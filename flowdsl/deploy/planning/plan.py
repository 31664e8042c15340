"""The plan: what a deploy would change in the service and in state. Pure."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from flowdsl.codegen.artifacts import ImageFile
from flowdsl.config.address import TAG, Address
from flowdsl.deploy.comparison.diff import Difference, compare
from flowdsl.deploy.planning.desired import DesiredState
from flowdsl.deploy.planning.named import NamedChange
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.mark import mark_in
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.deploy.target import DeployTarget
from flowdsl.source.failure import FlowdslError
from flowdsl.state.document import ResourceState, StateDocument


class Action(StrEnum):
    """The action on one workflow.

    - `RENAME` changes the display name and nothing else.
    - `ADOPT` takes over a workflow that exists.
    - `UNCHANGED` sends nothing, but may still change state.
    - `KEEP` left the source and stays in the service unchanged.
    - `MISSING` is in state and source but gone from the service.
    - `FORGET` is only dropped from state.
    - `DELETE` is deleted in the service, with every run and trajectory of it.
    """

    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    ADOPT = "adopt"
    UNCHANGED = "unchanged"
    DELETE = "delete"
    KEEP = "keep"
    MISSING = "missing"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Change:
    """The planned change at one address.

    `prior` is its entry in state, under `previous_address` if that differs. An `ADOPT` has none in
    state: its `prior` has the id and the name of the live workflow. `live` is the workflow as the
    plan saw it. `generation` grows each time a workflow is created again.
    """

    address: Address
    action: Action
    name: str
    desired: Desired | None = None
    prior: ResourceState | None = None
    difference: Difference | None = None
    previous_address: Address | None = None
    generation: int = 1
    live: Live | None = None

    @property
    def writes(self) -> bool:
        """Whether the workflow itself is created, changed or deleted."""
        return self.action in (Action.CREATE, Action.DELETE) or (
            self.difference is not None and not self.difference.is_empty
        )

    @property
    def drifted(self) -> frozenset[str]:
        """Fields that somebody else changed and that the plan would overwrite."""
        return frozenset() if self.difference is None else self.difference.drifted

    @property
    def changes_state(self) -> bool:
        """Whether state has to be written although no request is sent."""
        return (
            self.action is Action.FORGET
            or self.previous_address is not None
            or (self.difference is not None and self.difference.state_is_behind)
        )


@dataclass(frozen=True, slots=True)
class Settled:
    """The comparison of a workflow that is as it was `last` applied and as it is `desired`."""

    live: Live
    desired: Desired
    last: ResourceState
    difference: Difference

    def is_of(self, desired: Desired, last: ResourceState, live: Live) -> bool:
        """Whether these same objects were compared."""
        return desired is self.desired and last is self.last and live is self.live


@dataclass(frozen=True, slots=True)
class ApprovedTrajectory:
    """An approved recording, which keeps replaying what it recorded, whatever the prompt says."""

    id: str
    name: str


Break = Literal[
    "new-required-input",
    "narrowed-input",
    "retyped-input",
    "removed-input",
    "removed-output",
    "retyped-output",
    "removed-workflow",
]


@dataclass(frozen=True, slots=True)
class Breaking:
    """One broken promise.

    `path` is the field as a caller writes it (`patient.dob`), empty for the workflow itself.
    `message` describes it in one sentence. `chains` are the chains of the project that rely on it.
    """

    kind: Break
    path: str
    message: str
    chains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Impact:
    """The dependents of a workflow that the plan changes or deletes.

    `trajectories` are the approved ones, listed if the prompt or the inputs change and for a
    deletion. The numbers are counted only for deletions, otherwise None.
    """

    trajectories: tuple[ApprovedTrajectory, ...] = ()
    runs_total: int | None = None
    runs_active: int | None = None
    trajectories_total: int | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """A reason to stop that a person can accept.

    `planned` is the number that `--accept-guard NAME=N` must repeat.
    """

    name: str
    planned: int
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that a deploy would make.

    - `changes` has every workflow, or those left by `without_others`, sorted by address.
    - `named` are the changes of tags, tag groups and model configurations.
    - `uploads` are the pictures to store, and `notes` remarks for people.
    - `breaking` and `impact` are by address.
    - `guards` are those that the plan trips.
    - `whole` is false if a change of the project is left out.
    - `skipped` says what was left out because it was edited elsewhere.
    - `blocked_by` maps an address that another workflow still occupies to the address that the
      other workflow moves to, which the plan leaves out.

    `plan_changes` leaves `breaking`, `impact` and `guards` empty; its callers fill them in.
    """

    changes: tuple[Change, ...]
    named: tuple[NamedChange, ...]
    uploads: tuple[ImageFile, ...]
    notes: tuple[str, ...] = ()
    breaking: Mapping[Address, tuple[Breaking, ...]] = field(default_factory=dict)
    impact: Mapping[Address, Impact] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()
    whole: bool = True
    skipped: tuple[str, ...] = ()
    blocked_by: Mapping[Address, Address] = field(default_factory=dict)

    def of(self, *actions: Action) -> tuple[Change, ...]:
        """Return the changes with one of `actions`."""
        return tuple(change for change in self.changes if change.action in actions)

    @property
    def drifted(self) -> Mapping[Address, frozenset[str]]:
        """The fields whose planned values overwrite an edit by somebody else, by address."""
        every: list[Change | NamedChange] = [*self.changes, *self.named]
        return {change.address: change.drifted for change in every if change.drifted}

    @property
    def writes(self) -> bool:
        """Whether any request is sent to the service."""
        return bool(
            self.uploads
            or any(change.writes for change in self.changes)
            or any(change.writes for change in self.named)
        )

    @property
    def is_empty(self) -> bool:
        """Whether neither the service nor state has to change."""
        return not (
            self.writes
            or any(change.changes_state for change in self.changes)
            or any(change.changes_state for change in self.named)
        )

    @property
    def digest(self) -> tuple[object, ...]:
        """A value that is equal for plans with the same effect."""
        return (
            tuple(
                (
                    change.address,
                    change.action,
                    change.previous_address,
                    change.difference
                    and (
                        change.difference.fields,
                        change.difference.tags_to_add,
                        change.difference.tags_to_remove,
                    ),
                )
                for change in self.changes
                if change.action is not Action.UNCHANGED
            ),
            tuple(change.effect for change in self.named),
            tuple(image.sha256 for image in self.uploads),
        )

    def without_others(self, addresses: Collection[Address]) -> Plan:
        """Return the plan without the changes at other addresses, even of prerequisites.

        Those of `addresses` that another workflow would still occupy are left out as well.
        """
        return self._keep_addresses(set(addresses) - self.find_occupied_addresses(addresses).keys())

    def _keep_addresses(self, kept: Set[Address]) -> Plan:
        return replace(
            self,
            changes=tuple(change for change in self.changes if change.address in kept),
            named=tuple(change for change in self.named if change.address in kept),
            breaking={key: value for key, value in self.breaking.items() if key in kept},
            impact={key: value for key, value in self.impact.items() if key in kept},
            whole=self.whole and self.addresses <= kept,
        )

    def find_occupied_addresses(self, addresses: Collection[Address]) -> dict[Address, Address]:
        """Return those of `addresses` that another workflow occupies if all other addresses stay.

        Each is mapped to the address that the other workflow has to move to first.
        """
        occupied: dict[Address, Address] = {}
        while True:  # a workflow whose new address is occupied stays, and occupies its own
            staying = {
                change.previous_address: change.address
                for change in self.changes
                if change.previous_address is not None
                and (change.address not in addresses or change.address in occupied)
            }
            more = {
                address: staying[address]
                for address in addresses
                if address in staying and address not in occupied
            }
            if not more:
                return occupied
            occupied |= more

    def restrict_to_addresses(self, addresses: Collection[Address]) -> Plan:
        """Return the plan for `addresses`, with the prerequisites that they need.

        It can be carried out unless it has `blocked_by`.
        """
        changes = [change for change in self.changes if change.address in addresses]
        wanted = [change.desired for change in changes if change.desired is not None]
        tags = {Address(TAG, tag) for desired in wanted for tag in desired.tags}
        images = {sha for desired in wanted for sha in desired.images}
        needed = {
            change.address
            for change in self.named
            if change.action == "create" and (change.address in tags or change.address.kind != TAG)
        }
        return replace(
            self._keep_addresses({*addresses, *needed}),
            blocked_by=self.find_occupied_addresses(addresses),
            uploads=tuple(image for image in self.uploads if image.sha256 in images),
        )

    @property
    def addresses(self) -> frozenset[Address]:
        """Every address in the plan."""
        named = frozenset(change.address for change in self.named)
        return named | frozenset(change.address for change in self.changes)


class PlanError(FlowdslError):
    """Source, project file, state and service contradict each other, so that there is no plan."""


def plan_changes(
    target: DeployTarget,
    desired: DesiredState,
    named: tuple[NamedChange, ...],
    prior: StateDocument,
    live: Mapping[str, Live],
    *,
    settled: Mapping[str, Settled] = MappingProxyType({}),
    recreate: Collection[Address] = (),
    prune: bool = False,
) -> Plan:
    """Compute the plan from the desired, prior and live state.

    `live` has the tracked and adopted workflows that exist, by id, and `settled` what was compared
    already. `recreate` are addresses to create again if they are missing. With `prune`, workflows
    that left the source are deleted. Raises `PlanError` for an adoption or a deletion that is
    impossible.
    """
    if both := sorted(target.deleted & desired.workflows.keys()):
        raise PlanError(
            f"`{both[0]}` is in the source, and `[[removed]]` says to delete it; "
            "take out one of them"
        )
    if used := sorted(target.deleted & {item.address for item in desired.named}):
        raise PlanError(
            f"`{used[0]}` is still declared or used, and `[[removed]]` says to delete it; "
            "take out one of them"
        )
    tracked = prior.workflows()
    moves = moves_of(desired.workflows, tracked)
    away = frozenset(moves.values())
    owners: dict[str, Address] = {}
    changes = []
    for address, wanted in desired.workflows.items():
        previous = moves.get(address)
        # A workflow that moves away from an address leaves it free for a new one.
        last = None if previous is None and address in away else tracked.get(previous or address)
        adopted = target.find_adopted_id(address, wanted.renamed_from, desired.workflows)
        if last is None and adopted is not None:
            _refuse_second_owner(address, adopted, tracked, desired.workflows)
            if (other := owners.setdefault(adopted.lower(), address)) != address:
                raise PlanError(
                    f"`{other}` and `{address}` are both to adopt `{adopted}`; "
                    "take out one of the entries"
                )
            changes.append(_plan_adoption(target, wanted, adopted, live.get(adopted)))
        elif last is None:
            changes.append(Change(address, Action.CREATE, wanted.name, wanted))
        else:
            found = live.get(last.id)
            change = _plan_tracked_workflow(
                target, wanted, last, found, settled.get(last.id), previous, address in recreate
            )
            changes.append(change)
    gone = tracked.keys() - desired.workflows.keys() - away
    for address in gone:
        last = tracked[address]
        if last.id not in live or address in target.forgotten:
            action = Action.FORGET
        else:
            action = Action.DELETE if prune or address in target.deleted else Action.KEEP
        changes.append(Change(address, action, last.name, prior=last, live=live.get(last.id)))
    return Plan(
        tuple(sorted(changes, key=lambda change: change.address)),
        named,
        desired.uploads,
        desired.notes,
    )


def moves_of(
    wanted: Mapping[Address, Desired], tracked: Mapping[Address, ResourceState]
) -> dict[Address, Address]:
    """Map new addresses to old ones, for each `renamed_from` that still has a workflow to move.

    A move that was carried out earlier is not included. Nothing is moved to an occupied address,
    unless the workflow there moves as well: so two workflows can be swapped.
    """
    moves: dict[Address, Address] = {}
    for address, desired in sorted(wanted.items()):
        old = desired.renamed_from
        if old is None or old not in tracked or old in moves.values():
            continue
        if address not in tracked or tracked[address].renamed_from != old:
            moves[address] = old
    while True:  # a workflow that cannot move stays where another one may have to move
        impossible = [
            address for address in moves if address in tracked and address not in moves.values()
        ]
        if not impossible:
            return moves
        for address in impossible:
            del moves[address]


def _plan_tracked_workflow(
    target: DeployTarget,
    wanted: Desired,
    last: ResourceState,
    live: Live | None,
    settled: Settled | None,
    previous: Address | None,
    recreate: bool,
) -> Change:
    change = Change(
        wanted.address,
        Action.MISSING,
        wanted.name,
        wanted,
        last,
        previous_address=previous,
        generation=last.generation,
    )
    if live is not None:
        if settled is not None and settled.is_of(wanted, last, live):
            difference = settled.difference
        else:
            difference = compare(workflow.POLICIES, wanted, last, live, target.ignored)
        return replace(
            change, action=_action_for_difference(difference), difference=difference, live=live
        )
    if recreate:
        return replace(change, action=Action.CREATE, prior=None, generation=last.generation + 1)
    return change


def _refuse_second_owner(
    address: Address,
    adopted: str,
    tracked: Mapping[Address, ResourceState],
    in_source: Container[Address],
) -> None:
    for owner, resource in tracked.items():
        if resource.id == adopted.lower():
            advice = (
                "take out the entry, and the workflow where it is the same one"
                if owner in in_source
                else f'to give it the new address, write `renamed_from = "{owner.name}"` '
                "in the workflow"
            )
            raise PlanError(
                f"`{address}` is to adopt `{adopted}`, which is deployed as `{owner}`; {advice}"
            )


def _plan_adoption(
    target: DeployTarget, wanted: Desired, adopted: str, live: Live | None
) -> Change:
    if live is None:
        raise PlanError(
            f"`{wanted.address}` is to adopt `{adopted}`, which does not exist in this organisation"
        )
    mark = mark_in(live.values.get("input_schema"))
    if mark is not None and (mark.project, mark.environment) != (
        target.project,
        target.environment,
    ):
        raise PlanError(
            f"`{wanted.address}` is to adopt `{adopted}`, which belongs to `{mark.address}` of "
            f"project `{mark.project}`, environment `{mark.environment}`"
        )
    return Change(
        wanted.address,
        Action.ADOPT,
        wanted.name,
        wanted,
        ResourceState(id=live.id, generation=1, name=live.name),
        compare(workflow.POLICIES, wanted, None, live),
        live=live,
    )


def _action_for_difference(difference: Difference) -> Action:
    if difference.is_empty:
        return Action.UNCHANGED
    only_name = [change.path for change in difference.fields] == ["name"]
    tags = difference.tags_to_add or difference.tags_to_remove
    return Action.RENAME if only_name and not tags else Action.UPDATE
