"""The search for the workflows of a project that state does not know. Pure.

The idea: three sources are asked, the strongest first. A workflow that could belong to two
addresses is left to the person.

1. *State*, as far as it is there, and `[[adopt]]`.
2. *A list of ids* that a person names, from an earlier `flowdsl ids export`.
3. *Marks.* A mark names the address that a workflow was created for, and the intent that created
   it. A *creation* is all workflows with one mark: whoever duplicates a workflow copies its mark,
   so the oldest is the original and the others are copies. A workflow that is renamed in source
   keeps the mark of its old address: so a creation of `a` may be `a`, or its *successor*, which is
   what the source says was renamed from `a`.

An example, without state and without a list:

    source    workflow.a;  workflow.b, renamed from `a`
    service   w1, made on Monday, mark of `a`, intent 11
              w2, made on Tuesday, mark of `a`, intent 22
              w3, made on Friday, mark of `a`, intent 22
    result    `a` is w2, and w3 a copy of it;  `b` is w1

The two marks are two creations of `a`, and the source speaks of two: the first was renamed before
the second was made. Were there w1 alone, it could be `a` or `b`. Then neither is taken, and a
remark says to name it in a file for `--ids`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from flowdsl.config.address import WORKFLOW, Address
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.deploy.ownership.found import Matches, Named, Recovered, Unfound
from flowdsl.deploy.ownership.identity import (
    Marked,
    by_creation,
    find_adopted_marks,
    group_marked_workflows,
)
from flowdsl.deploy.planning.plan import moves_of
from flowdsl.deploy.resources.mark import mark_in
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.deploy.target import DeployTarget
from flowdsl.state.document import ResourceState, StateDocument


def match_workflows(
    target: DeployTarget,
    prior: StateDocument,
    wanted: Mapping[Address, Desired],
    rows: Sequence[Workflow],
    tracked_live: Collection[str],
    ids: Mapping[Address, str],
    listed: Mapping[str, Live],
) -> Matches:
    """Match `rows`, all workflows of the organisation, with addresses that `prior` does not know.

    `tracked_live` are the ids of tracked workflows that exist. `ids` maps addresses to ids
    according to the person's list, and `listed` has those of them that exist, by id.
    """
    known = _KnownResources(target, prior, wanted, tracked_live)
    search = _Search(known)
    search.take_listed(ids, listed)
    search.take_marked(group_marked_workflows(rows, target))
    recovered = _place_at_addresses(search.found, search.resolve(), known)
    explained = {item.id for item in recovered} | known.ids | known.adopted_ids
    free: dict[str, list[Named]] = {}
    for row in rows:
        if row.id not in explained:
            free.setdefault(row.name or "", []).append(Named(row.id, row.name or ""))
    unfound = tuple(
        Unfound(address, each.name, tuple(free.get(each.name, ())))
        for address, each in sorted(wanted.items())
        if not _is_found(address, each, recovered, known)
    )
    return Matches(recovered, tuple(search.remarks), unfound)


Creation = tuple[Marked, ...]
"""All workflows with one mark, the original first."""


class _KnownResources:
    """The workflows that need no search: those in state, and those that the next deploy adopts.

    - `tracked` are the resources in state, by address, and `ids` their ids; `alive` are those that
      still exist.
    - `adopted` maps addresses of the source to the ids that `[[adopt]]` gives them, which are
      `adopted_ids`.
    - `adopted_marks` are the addresses of marks with the ids of the workflows that are adopted at
      the address of their mark.
    - `pending` are the addresses and short ids of creations whose outcome is not known yet.
    """

    def __init__(
        self,
        target: DeployTarget,
        prior: StateDocument,
        wanted: Mapping[Address, Desired],
        tracked_live: Collection[str],
    ) -> None:
        self.wanted = wanted
        self.forgotten = target.forgotten
        self.tracked = prior.workflows()
        self.alive = {
            address: resource
            for address, resource in self.tracked.items()
            if resource.id in tracked_live
        }
        self.ids = {resource.id for resource in self.tracked.values()}
        in_source = {*wanted, *(each.renamed_from for each in wanted.values())}
        self.adopted = {
            address: workflow_id.lower()
            for address, workflow_id in target.adopted.items()
            if address in in_source
        }
        self.adopted_ids = set(self.adopted.values())
        self.adopted_marks = find_adopted_marks(
            target, {address: each.renamed_from for address, each in wanted.items()}
        )
        self.pending = {
            (intent.address, intent.short_id)
            for intent in prior.pending
            if intent.action == "create"
        }
        self.target = target

    def accounts_for(self, creation: Creation) -> bool:
        """Whether a workflow of the creation is in state, or is adopted at its own address."""
        return any(
            each.row.id in self.ids or (each.mark.address, each.row.id) in self.adopted_marks
            for each in creation
        )


@dataclass(slots=True)
class _Search:
    """Collects the workflows found, by address.

    `take_marked` sets the two fields that later decisions use: `certain` are the addresses whose
    workflow is certain, and `unexplained` those of creations that nothing accounts for.
    """

    known: _KnownResources
    found: dict[Address, Recovered] = field(default_factory=dict)
    certain: set[Address] = field(default_factory=set)
    unexplained: frozenset[Address] = frozenset()
    remarks: list[str] = field(default_factory=list)

    def take_listed(self, ids: Mapping[Address, str], listed: Mapping[str, Live]) -> None:
        """Take the workflows that a person lists, unless state or the mark contradicts the list."""
        owners = {resource.id: address for address, resource in self.known.tracked.items()}
        for address, given in sorted(ids.items()):
            workflow_id = given.lower()
            if address.kind != WORKFLOW or owners.get(workflow_id) == address:
                continue
            live = listed.get(workflow_id)
            if live is None:
                self._add_remark(
                    address, workflow_id, "is listed, and no such workflow exists any more"
                )
            elif workflow_id in owners:
                self._add_remark(
                    address,
                    workflow_id,
                    f"is listed, and state has it as `{owners[workflow_id]}`; where the list is "
                    f"right, `flowdsl state mv {owners[workflow_id]} {address}` says so",
                )
            elif address in self.known.alive:
                self._add_remark(
                    address,
                    workflow_id,
                    f"is listed, and state has {self.known.alive[address].id} there; where the "
                    "list is right, move that one away with `flowdsl state mv` first",
                )
            else:
                self._take_listed(address, live)

    def _take_listed(self, address: Address, live: Live) -> None:
        mark = mark_in(live.values.get("input_schema"))
        target = self.known.target
        if mark is None:
            self._put(Recovered(address, live.id, live.name, 1, "ids"))
        elif (mark.project, mark.environment) != (target.project, target.environment):
            self._add_remark(
                address,
                live.id,
                f"is listed, and carries the mark of project `{mark.project}`, "
                f"environment `{mark.environment}`",
            )
        else:
            self._put(
                Recovered(
                    address, live.id, live.name, mark.generation, "ids", created_as=mark.address
                )
            )

    def take_marked(self, marked: Mapping[Address, Sequence[Marked]]) -> None:
        """Take creations that nothing accounts for, if only one reading is possible."""
        self.certain = {*self.found}
        unexplained = {}
        for address, each in sorted(marked.items()):
            creations = sorted(by_creation(each), key=_creation_order, reverse=True)
            if left := self._find_unexplained_creations(address, creations):
                unexplained[address] = left
        self.unexplained = frozenset(unexplained)
        for address, left in unexplained.items():
            self._assign_unexplained(address, left)

    def _find_unexplained_creations(
        self, address: Address, creations: Sequence[Creation]
    ) -> list[Creation]:
        """Return the creations of an address that nothing accounts for, newest first.

        Adds a remark about each of the others that a person has to know about. The first
        explanation that holds counts: the person's list, state, a write that is still open, what
        the project let go, and only then what age says.
        """
        known = self.known
        listed = {item.id: item.address for item in self.found.values()}
        newest_known = max(
            (_creation_order(each) for each in creations if self._is_in_state(each)), default=None
        )
        unexplained = []
        for creation in creations:
            original = creation[0]
            by_list = [listed[each.row.id] for each in creation if each.row.id in listed]
            if by_list:
                self._add_copies(by_list[0], creation)
            elif known.accounts_for(creation):
                continue
            elif (address, original.mark.intent) in known.pending:
                self._add_remark(
                    address,
                    original.row.id,
                    "was being created by an interrupted deploy; "
                    "the next deploy finds it by itself",
                )
            elif address in known.forgotten:
                self._add_remark(
                    address, original.row.id, "is let go by `[[removed]]` in `flowdsl.toml`"
                )
            elif (
                address in known.alive
                and newest_known is not None
                and _creation_order(creation) > newest_known
            ):
                self._add_remark(
                    address,
                    original.row.id,
                    f"was created after {known.alive[address].id}, which state has there; where "
                    "that one was renamed since, say so with "
                    f"`flowdsl state mv {address} workflow.NEW` and rebuild again",
                )
            elif address in known.alive or address in self.found:
                self._remark_older(address, creation)
            elif self._is_outlived(address, original):
                self._add_remark(
                    address, original.row.id, "is a copy of a workflow that was created anew since"
                )
            else:
                unexplained.append(creation)
        return unexplained

    def _assign_unexplained(self, address: Address, creations: Sequence[Creation]) -> None:
        """Take the newest of an address's creations, which nothing accounts for.

        With a successor in the source, the two may be at either address: see the branches.
        """
        newest, *older = creations
        successors = self._find_successors(address)
        wanted = self.known.wanted.get(address)
        is_original_address = wanted is not None and wanted.renamed_from is None
        has_one_successor = len(successors) == 1
        if not successors:
            # One address in the source: the newest creation is it.
            self._put(_recover_by_mark(address, newest))
            for creation in older:
                self._remark_older(address, creation)
        elif (
            has_one_successor
            and is_original_address
            and len(older) == 1
            and successors[0] not in self.unexplained
        ):
            # Two addresses and two creations: the older one was renamed before the newer was made.
            self.certain.add(successors[0])
            self._put(_recover_by_mark(address, newest))
            self._put(_recover_by_mark(successors[0], older[0]))
        elif has_one_successor and not is_original_address and not older:
            # The address is gone from the source: `resolve` moves the workflow to its successor.
            self._put(_recover_by_mark(address, newest))
        else:
            for creation in creations:
                self._remark_choice(address, creation[0].row.id)

    def resolve(self) -> dict[Address, Address]:
        """Return the moves of found workflows from old to new addresses, according to the source.

        A workflow is stuck if a rename in the source concerns it and `moves_of` gives it no move.
        It is removed again with a remark, which may keep others from moving; so this repeats until
        no workflow is stuck.
        """
        while True:
            tracked = dict(self.known.alive)
            for address, item in self.found.items():
                tracked[address] = _make_resource_stub(address, item, self.known)
            moves = {old: new for new, old in moves_of(self.known.wanted, tracked).items()}
            stuck = [
                address
                for address, item in self.found.items()
                if item.by == "mark"
                and address not in moves
                and (self._find_successors(address) or self._is_contested(address, item, moves))
            ]
            if not stuck:
                return moves
            for address in stuck:
                self._remark_choice(address, self.found.pop(address).id)

    def _is_contested(
        self, address: Address, item: Recovered, moves: Mapping[Address, Address]
    ) -> bool:
        """Whether the source says that another workflow now has the address of this one's mark."""
        wanted = self.known.wanted.get(address)
        before = None if wanted is None else wanted.renamed_from
        return (
            item.created_as == address
            and before is not None
            and before in {*self.unexplained, *self.known.alive}
            and moves.get(before) != address
        )

    def _find_successors(self, address: Address) -> list[Address]:
        """Return the addresses in the source renamed from `address` whose workflow is not known."""
        known = self.known
        return [
            new
            for new, each in sorted(known.wanted.items())
            if each.renamed_from == address
            and new not in known.alive
            and new not in known.adopted
            and new not in self.certain
        ]

    def _remark_choice(self, address: Address, workflow_id: str) -> None:
        may_be = [address] if address in self.known.wanted else []
        may_be += self._find_successors(address)
        self._add_remark(
            address,
            workflow_id,
            f"may be {' or '.join(f'`{each}`' for each in may_be)}, which its mark does not tell; "
            "name it in a file for `--ids`",
        )

    def _remark_older(self, address: Address, creation: Creation) -> None:
        self._add_remark(
            address,
            creation[0].row.id,
            "was created for it earlier; where it is another workflow of the source by now, "
            "name it in a file for `--ids`",
        )

    def _is_in_state(self, creation: Creation) -> bool:
        return any(each.row.id in self.known.ids for each in creation)

    def _is_outlived(self, address: Address, original: Marked) -> bool:
        """Whether state had a later creation of the address, so that this is an old copy."""
        last = self.known.tracked.get(address)
        return last is not None and original.mark.generation < last.generation

    def _put(self, item: Recovered) -> None:
        self.found[item.address] = replace(
            item, replaces=_find_replaced_id(item.address, self.known)
        )

    def _add_copies(self, address: Address, creation: Creation) -> None:
        item = self.found[address]
        copies = tuple(_name_of_marked(each) for each in creation if each.row.id != item.id)
        self.found[address] = replace(item, copies=copies)

    def _add_remark(self, address: Address, workflow_id: str, what: str) -> None:
        self.remarks.append(f"`{address}`: {workflow_id} {what}")


def _recover_by_mark(address: Address, creation: Creation) -> Recovered:
    original = creation[0]
    return Recovered(
        address,
        original.row.id,
        original.row.name or "",
        original.mark.generation,
        "mark",
        created_as=original.mark.address,
        copies=tuple(_name_of_marked(each) for each in creation[1:]),
    )


def _name_of_marked(workflow: Marked) -> Named:
    return Named(workflow.row.id, workflow.row.name or "")


def _creation_order(creation: Creation) -> tuple[int, str, str]:
    """Return a key that orders the creations of one address by time."""
    original = creation[0]
    return original.mark.generation, original.row.created_at or "", original.row.id


def _place_at_addresses(
    found: Mapping[Address, Recovered], moves: Mapping[Address, Address], known: _KnownResources
) -> tuple[Recovered, ...]:
    """Return the found workflows at their current addresses in the source, if all are free.

    Otherwise they stay at the addresses they were found for, and `wanted` says where they belong.
    """
    placed = [
        replace(
            item,
            wanted=moves.get(address, address if address in known.wanted else None),
        )
        for address, item in found.items()
    ]
    homes = [item.wanted or item.address for item in placed]
    if len({*homes}) == len(homes) and not known.alive.keys() & {*homes}:
        placed = [
            replace(item, address=home, replaces=_find_replaced_id(home, known))
            for item, home in zip(placed, homes, strict=True)
        ]
    return tuple(sorted(placed, key=lambda item: item.address))


def _find_replaced_id(address: Address, known: _KnownResources) -> str | None:
    gone = known.tracked.get(address)
    return None if gone is None else gone.id


def _make_resource_stub(address: Address, item: Recovered, known: _KnownResources) -> ResourceState:
    """Return the state that an item would have.

    If its mark has another address, the item was moved from there earlier.
    """
    moved = item.created_as if item.created_as != address else None
    wanted = known.wanted.get(address)
    if item.by == "ids" and wanted is not None:
        moved = wanted.renamed_from
    return ResourceState(id=item.id, generation=item.generation, name=item.name, renamed_from=moved)


def _is_found(
    address: Address, wanted: Desired, recovered: Sequence[Recovered], known: _KnownResources
) -> bool:
    if address in known.tracked or address in known.adopted:
        return True
    before = wanted.renamed_from
    if (
        before is not None
        and before not in known.wanted
        and before in {*known.alive, *known.adopted}
    ):
        return True
    return any(address == item.wanted for item in recovered)
