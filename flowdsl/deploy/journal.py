"""The state document while a deploy writes it: changes collect in memory and are stored at checkpoints."""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.state.document import Intent, ResourceState, StateDocument
from flowdsl.state.lease import HeldState, Surroundings

CHECKPOINT_SECONDS = 1.0


class Journal:
    """Records what has been done. What a crash loses between checkpoints, the intents bring back."""

    def __init__(self, held: HeldState, document: StateDocument, around: Surroundings) -> None:
        self.document = document
        self._held = held
        self._around = around
        self._stored = document
        self._stored_at = around.monotonic()

    def put(self, address: str, resource: ResourceState) -> None:
        """Record a resource."""
        self._resources({**self.document.resources, address: resource})

    def drop(self, address: str) -> None:
        """Let go of a resource."""
        rest = {key: value for key, value in self.document.resources.items() if key != address}
        self._resources(rest)

    def move(self, old: str, new: str) -> None:
        """Give a resource another address."""
        resource = self.document.resources[old]
        self.drop(old)
        self.put(new, resource)

    def intend(self, intents: Iterable[Intent]) -> None:
        """Record writes that are about to happen, and store that at once."""
        self._replace(pending=(*self.document.pending, *intents))
        self.flush()

    def settle(self, intent: Intent) -> None:
        """Record that the outcome of an intent is known."""
        self._replace(pending=tuple(p for p in self.document.pending if p.id != intent.id))

    def see_organization(self, organization_id: str | None) -> None:
        """Record whose organisation this is, the first time a reply shows it."""
        if self.document.organization_id is None and organization_id is not None:
            self._replace(organization_id=organization_id)

    def tick(self) -> None:
        """Store what has collected, at most once a second."""
        if self._around.monotonic() - self._stored_at >= CHECKPOINT_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Store what has collected."""
        if self.document is not self._stored:
            self.document = self._stored = self._held.write(self.document)
            self._stored_at = self._around.monotonic()

    def close(self) -> None:
        """Store everything and give up the lease, in one write."""
        self.document = self._stored = self._held.release(self.document)

    def _resources(self, resources: dict[str, ResourceState]) -> None:
        self._replace(resources=resources)

    def _replace(self, **changes: object) -> None:
        self.document = self.document.replace(**changes)
