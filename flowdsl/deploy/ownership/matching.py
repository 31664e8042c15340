"""The search for the workflows of a project that state does not know. Pure.

The idea: three witnesses are asked, the strongest first, and nothing is taken of which they allow
two readings.

1. *State*, as far as it is there, and `[[adopt]]`.
2. *A list of ids* that a person names, from an earlier `flowdsl ids export`.
3. *Marks.* A mark names the address that a workflow was created for, and the intent that created
   it. It may be out of date in two ways. Whoever duplicates a workflow copies its mark: so
   workflows with equal marks are one creation, of which the oldest is the original. And a workflow
   that is renamed in source keeps the mark of its old address: so a creation of `a` may be `a`, or
   what the source says was renamed from `a` (an heir).

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
    state = _KnownResources(target, prior, wanted, tracked_live)
    search = _Search(state)
    search.take_listed(ids, listed)
    search.take_marked(group_marked_workflows(rows, target))
    recovered = _at_home(search.found, search.resolve(), state)
    have = {item.id for item in recovered} | state.ids | state.adopting
    free: dict[str, list[Named]] = {}
    for row in rows:
        if row.id not in have:
            free.setdefault(row.name or "", []).append(Named(row.id, row.name or ""))
    unfound = tuple(
        Unfound(address, each.name, tuple(free.get(each.name, ())))
        for address, each in sorted(wanted.items())
        if not _is_found(address, each, recovered, state)
    )
    return Matches(recovered, tuple(search.remarks), unfound)


class _KnownResources:
    """The workflows that need no search: those in state, and those that the next deploy adopts."""

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
            address: found.lower()
            for address, found in target.adopted.items()
            if address in in_source
        }
        self.adopting = set(self.adopted.values())
        self.taken_over = find_adopted_marks(
            target, {address: each.renamed_from for address, each in wanted.items()}
        )
        self.pending = {
            (intent.address, intent.short_id)
            for intent in prior.pending
            if intent.action == "create"
        }
        self.target = target

    def accounts_for(self, made: Sequence[Marked]) -> bool:
        """Whether a creation is in state, or is adopted at its own address.

        Its other workflows are copies.
        """
        return any(
            one.row.id in self.ids or (one.mark.address, one.row.id) in self.taken_over
            for one in made
        )


@dataclass(slots=True)
class _Search:
    """Collects the workflows found, by address.

    `taken` are the addresses whose workflow is certain. `marked` are the addresses of marks that
    nothing accounts for.
    """

    state: _KnownResources
    found: dict[Address, Recovered] = field(default_factory=dict)
    taken: set[Address] = field(default_factory=set)
    marked: frozenset[Address] = frozenset()
    remarks: list[str] = field(default_factory=list)

    def take_listed(self, ids: Mapping[Address, str], listed: Mapping[str, Live]) -> None:
        """Take the workflows that a person lists, unless state or the mark contradicts the list."""
        owners = {resource.id: address for address, resource in self.state.tracked.items()}
        for address, given in sorted(ids.items()):
            found = given.lower()
            if address.kind != WORKFLOW or owners.get(found) == address:
                continue
            live = listed.get(found)
            if live is None:
                self._add_remark(address, found, "is listed, and no such workflow exists any more")
            elif found in owners:
                self._add_remark(
                    address,
                    found,
                    f"is listed, and state has it as `{owners[found]}`; where the list is right, "
                    f"`flowdsl state mv {owners[found]} {address}` says so",
                )
            elif address in self.state.alive:
                self._add_remark(
                    address,
                    found,
                    f"is listed, and state has {self.state.alive[address].id} there; where the "
                    "list is right, move that one away with `flowdsl state mv` first",
                )
            else:
                self._take_listed(address, live)

    def _take_listed(self, address: Address, live: Live) -> None:
        mark = mark_in(live.values.get("input_schema"))
        target = self.state.target
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
        self.taken = {*self.found}
        fresh = {}
        for address, each in sorted(marked.items()):
            creations = sorted(by_creation(each), key=_creation_order, reverse=True)
            if left := self._fresh(address, creations):
                fresh[address] = left
        self.marked = frozenset(fresh)
        for address, made in fresh.items():
            self._take_fresh(address, made)

    def _fresh(
        self, address: Address, creations: Sequence[tuple[Marked, ...]]
    ) -> list[tuple[Marked, ...]]:
        """Return the creations of an address that nothing accounts for, newest first.

        Adds a remark about each of the others that a person has to know about.
        """
        state = self.state
        listed = {item.id: item.address for item in self.found.values()}
        newest = max(
            (_creation_order(made) for made in creations if self._is_known(made)), default=None
        )
        fresh = []
        for made in creations:
            first = made[0]
            by_list = [listed[one.row.id] for one in made if one.row.id in listed]
            if by_list:
                self._add_copies(by_list[0], made)
            elif state.accounts_for(made):
                continue
            elif (address, first.mark.intent) in state.pending:
                self._add_remark(
                    address,
                    first.row.id,
                    "was being created by an interrupted deploy; "
                    "the next deploy finds it by itself",
                )
            elif address in state.forgotten:
                self._add_remark(
                    address, first.row.id, "is let go by `[[removed]]` in `flowdsl.toml`"
                )
            elif address in state.alive and newest is not None and _creation_order(made) > newest:
                self._add_remark(
                    address,
                    first.row.id,
                    f"was created after {state.alive[address].id}, which state has there; where "
                    "that one was renamed since, say so with "
                    f"`flowdsl state mv {address} workflow.NEW` and rebuild again",
                )
            elif address in state.alive or address in self.found:
                self._remark_older(address, made)
            elif self._is_outlived(address, first):
                self._add_remark(
                    address, first.row.id, "is a copy of a workflow that was created anew since"
                )
            else:
                fresh.append(made)
        return fresh

    def _take_fresh(self, address: Address, fresh: Sequence[tuple[Marked, ...]]) -> None:
        """Take the newest creation for its address, or for the heir, or two for both.

        A source that has both `a` and an heir implies two creations of `a`. If there is only one,
        it may be either.
        """
        newest, *older = fresh
        heirs = self._find_renamed_successors(address)
        wanted = self.state.wanted.get(address)
        stays = wanted is not None and wanted.renamed_from is None
        if not heirs:
            self._put(_by_mark(address, newest))
            for made in older:
                self._remark_older(address, made)
        elif len(heirs) == 1 and stays and len(older) == 1 and heirs[0] not in self.marked:
            self.taken.add(heirs[0])
            self._put(_by_mark(address, newest))
            self._put(_by_mark(heirs[0], older[0]))
        elif len(heirs) == 1 and not stays and not older:
            # It moves to its heir: see `resolve`.
            self._put(_by_mark(address, newest))
        else:
            for made in fresh:
                self._remark_choice(address, made[0].row.id)

    def resolve(self) -> dict[Address, Address]:
        """Return the moves of found workflows from old to new addresses, according to the source.

        A workflow that should move and cannot is removed again with a remark, which may keep others
        from moving; so this repeats until no workflow is stuck.
        """
        while True:
            tracked = dict(self.state.alive)
            for address, item in self.found.items():
                tracked[address] = _make_resource_stub(address, item, self.state)
            moves = {old: new for new, old in moves_of(self.state.wanted, tracked).items()}
            stuck = [
                address
                for address, item in self.found.items()
                if item.by == "mark"
                and address not in moves
                and (
                    self._find_renamed_successors(address)
                    or self._is_contested(address, item, moves)
                )
            ]
            if not stuck:
                return moves
            for address in stuck:
                self._remark_choice(address, self.found.pop(address).id)

    def _is_contested(
        self, address: Address, item: Recovered, moves: Mapping[Address, Address]
    ) -> bool:
        """Whether another workflow was renamed to `address`, where this one was created."""
        wanted = self.state.wanted.get(address)
        before = None if wanted is None else wanted.renamed_from
        return (
            item.created_as == address
            and before is not None
            and before in {*self.marked, *self.state.alive}
            and moves.get(before) != address
        )

    def _find_renamed_successors(self, address: Address) -> list[Address]:
        """Return the workflows in the source renamed from `address` that are not accounted for."""
        state = self.state
        return [
            new
            for new, each in sorted(state.wanted.items())
            if each.renamed_from == address
            and new not in state.alive
            and new not in state.adopted
            and new not in self.taken
        ]

    def _remark_choice(self, address: Address, found: str) -> None:
        may_be = [address] if address in self.state.wanted else []
        may_be += self._find_renamed_successors(address)
        self._add_remark(
            address,
            found,
            f"may be {' or '.join(f'`{each}`' for each in may_be)}, which its mark does not tell; "
            "name it in a file for `--ids`",
        )

    def _remark_older(self, address: Address, made: tuple[Marked, ...]) -> None:
        self._add_remark(
            address,
            made[0].row.id,
            "was created for it earlier; where it is another workflow of the source by now, "
            "name it in a file for `--ids`",
        )

    def _is_known(self, made: Sequence[Marked]) -> bool:
        return any(one.row.id in self.state.ids for one in made)

    def _is_outlived(self, address: Address, first: Marked) -> bool:
        """Whether state had a later creation of the address, so that this is an old copy."""
        last = self.state.tracked.get(address)
        return last is not None and first.mark.generation < last.generation

    def _put(self, item: Recovered) -> None:
        self.found[item.address] = replace(
            item, replaces=_find_replaced_id(item.address, self.state)
        )

    def _add_copies(self, address: Address, made: Sequence[Marked]) -> None:
        item = self.found[address]
        copies = tuple(_name_of_marked(one) for one in made if one.row.id != item.id)
        self.found[address] = replace(item, copies=copies)

    def _add_remark(self, address: Address, found: str, what: str) -> None:
        self.remarks.append(f"`{address}`: {found} {what}")


def _by_mark(address: Address, made: tuple[Marked, ...]) -> Recovered:
    first = made[0]
    return Recovered(
        address,
        first.row.id,
        first.row.name or "",
        first.mark.generation,
        "mark",
        created_as=first.mark.address,
        copies=tuple(_name_of_marked(one) for one in made[1:]),
    )


def _name_of_marked(one: Marked) -> Named:
    return Named(one.row.id, one.row.name or "")


def _creation_order(made: Sequence[Marked]) -> tuple[int, str, str]:
    """Return a key that orders the creations of one address by time."""
    first = made[0]
    return first.mark.generation, first.row.created_at or "", first.row.id


def _at_home(
    found: Mapping[Address, Recovered], moves: Mapping[Address, Address], state: _KnownResources
) -> tuple[Recovered, ...]:
    """Return the found workflows at their current addresses in the source, if all are free."""
    placed = [
        replace(
            item,
            wanted=moves.get(address, address if address in state.wanted else None),
        )
        for address, item in found.items()
    ]
    homes = [item.wanted or item.address for item in placed]
    if len({*homes}) == len(homes) and not state.alive.keys() & {*homes}:
        placed = [
            replace(item, address=home, replaces=_find_replaced_id(home, state))
            for item, home in zip(placed, homes, strict=True)
        ]
    return tuple(sorted(placed, key=lambda item: item.address))


def _find_replaced_id(address: Address, state: _KnownResources) -> str | None:
    gone = state.tracked.get(address)
    return None if gone is None else gone.id


def _make_resource_stub(address: Address, item: Recovered, state: _KnownResources) -> ResourceState:
    """Return the state that an item would have.

    If its mark has another address, the item was moved from there earlier.
    """
    moved = item.created_as if item.created_as != address else None
    wanted = state.wanted.get(address)
    if item.by == "ids" and wanted is not None:
        moved = wanted.renamed_from
    return ResourceState(id=item.id, generation=item.generation, name=item.name, renamed_from=moved)


def _is_found(
    address: Address, wanted: Desired, recovered: Sequence[Recovered], state: _KnownResources
) -> bool:
    if address in state.tracked or address in state.adopted:
        return True
    before = wanted.renamed_from
    if (
        before is not None
        and before not in state.wanted
        and before in {*state.alive, *state.adopted}
    ):
        return True
    return any(address == item.wanted for item in recovered)
