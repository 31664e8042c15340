"""Which changes of a workflow break those who call it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from flowdsl.codegen.artifacts import ChainArtifact

if TYPE_CHECKING:
    from flowdsl.deploy.plan import Change

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
    """One broken promise: `path` is the field as a caller writes it (`patient.dob`), empty for the workflow itself.

    `message` says it in one sentence. `chains` are the chains of the project that rely on it.
    """

    kind: Break
    path: str
    message: str
    chains: tuple[str, ...] = ()


def breaking_changes(change: Change, chains: Sequence[ChainArtifact]) -> tuple[Breaking, ...]:
    return ()
