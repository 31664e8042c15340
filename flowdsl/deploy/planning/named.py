"""Plans the resources that are identified by name: tag groups, tags, models."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from flowdsl.config.address import Address
from flowdsl.config.project import KeySource
from flowdsl.deploy.comparison.diff import Difference, compare
from flowdsl.deploy.planning.desired import DesiredNamed
from flowdsl.deploy.planning.models import NOT_YET_KNOWN
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.named import NAMED_KIND
from flowdsl.deploy.resources.policy import Policies, fingerprint
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.source.failure import FlowdslError
from flowdsl.state.document import ResourceState, StateDocument

_KEY = "api_key"
"""In `applied` of a model configuration: a hash of the source of its key, never of the key."""


@dataclass(frozen=True, slots=True)
class NamedChange:
    """The planned change of a named resource.

    `forget` drops one from state that is no longer declared; it stays in the service. `prior` is
    its entry in state.
    """

    address: Address
    action: Literal["create", "update", "unchanged", "forget", "delete"]
    desired: DesiredNamed | None = None
    live: Live | None = None
    difference: Difference | None = None
    prior: ResourceState | None = None

    @property
    def writes(self) -> bool:
        """Whether a request is sent."""
        return self.action in ("create", "update", "delete")

    @property
    def effect(self) -> tuple[object, ...]:
        """A value that is equal for changes with the same effect on the same resource."""
        return self._effect(())

    def carries_out(self, shown: NamedChange) -> bool:
        """Whether this has the effect of `shown`, in which a group yet to be created had no id."""
        fields = () if shown.difference is None else shown.difference.fields
        later = {field.path for field in fields if field.after == NOT_YET_KNOWN}
        return self._effect(later) == shown._effect(later)

    def _effect(self, later: Collection[str]) -> tuple[object, ...]:
        fields = () if self.difference is None else self.difference.fields
        return (
            self.address,
            self.action,
            None if self.live is None else self.live.id,
            *((each.path, each.before, each.path in later or each.after) for each in fields),
        )

    @property
    def last_key_source(self) -> str | None:
        """The mark of the key's source at the last deploy; None if state has none."""
        return None if self.prior is None else self.prior.applied.get(_KEY)

    @property
    def drifted(self) -> frozenset[str]:
        """Declared fields that somebody else changed."""
        return frozenset() if self.difference is None else self.difference.drifted

    @property
    def changes_state(self) -> bool:
        """Whether state has to be written although no request is sent."""
        return self.action == "forget" or (
            self.difference is not None and self.difference.state_is_behind
        )


class AmbiguousName(FlowdslError):
    """Several resources of the organisation have the name of a declared one."""


def plan_named(
    wanted: Iterable[DesiredNamed],
    prior: StateDocument,
    directory: Directory,
    deleted: Collection[Address] = (),
) -> tuple[NamedChange, ...]:
    """Return the changes of named resources, in the order in which they depend on each other.

    `deleted` are addresses to delete in the service once they are no longer declared. Raises
    `AmbiguousName`.
    """
    order = list(NAMED_KIND)
    changes = [_plan_named_change(item, prior, directory) for item in wanted]
    managed = {item.address for item in wanted if item.managed}
    for address in prior.resources.keys() - managed:
        if address.kind in NAMED_KIND:
            action: Literal["delete", "forget"] = "delete" if address in deleted else "forget"
            changes.append(NamedChange(address, action, prior=prior.resources[address]))
    return tuple(
        sorted(
            changes,
            key=lambda change: (order.index(change.address.kind), change.address),
        )
    )


def _plan_named_change(
    item: DesiredNamed, prior: StateDocument, directory: Directory
) -> NamedChange:
    kind = NAMED_KIND[item.kind]
    last = prior.resources.get(item.address)
    candidates = kind.find(directory, item.name)
    if last is not None:
        candidates = [live for live in candidates if live.id == last.id] or candidates
    if not candidates:
        return NamedChange(item.address, "create", item)
    if not item.managed:
        return NamedChange(item.address, "unchanged", item, candidates[0])
    if len(candidates) > 1:
        ids = ", ".join(sorted(live.id for live in candidates))
        raise AmbiguousName(
            f"`{item.address}` is declared, and {len(candidates)} have that name in this "
            f"organisation: {ids}"
        )
    live = candidates[0]
    desired = Desired(item.address, item.name, item.values)
    known = last if last is not None and last.id == live.id else None
    difference = _compare_named(kind.policies, item, desired, known, live)
    action: Literal["unchanged", "update"] = "unchanged" if difference.is_empty else "update"
    return NamedChange(item.address, action, item, live, difference, known)


def _compare_named(
    policies: Policies,
    item: DesiredNamed,
    desired: Desired,
    known: ResourceState | None,
    live: Live,
) -> Difference:
    """Return the difference, with the mark of the key's source in `applied`."""
    fields = {} if known is None else dict(known.applied)
    last, mark = fields.pop(_KEY, None), key_source_mark(item.key)
    prior = None if known is None else known.replace(applied=fields)
    difference = compare(policies, desired, prior, live)
    return replace(
        difference,
        applied={**difference.applied, **({} if mark is None else {_KEY: mark})},
        state_is_behind=difference.state_is_behind or last != mark,
    )


def key_source_mark(source: KeySource | None) -> str | None:
    """Return a hash that distinguishes two sources of a key; None without a source."""
    return None if source is None else fingerprint({source.kind: source.name})


def resulting_state(change: NamedChange) -> ResourceState | None:
    """Return the state of a managed resource that is as desired; None for any other."""
    if change.live is None or change.difference is None or change.desired is None:
        return None
    return ResourceState(
        id=change.live.id,
        generation=1,
        name=change.desired.name,
        applied=dict(change.difference.applied),
    )
