"""Why a project, or an environment of it, cannot be used."""

from __future__ import annotations

from flowdsl.source.failure import FlowdslError


class NoProject(FlowdslError):
    """A folder that belongs to no project."""


class NoSuchEnvironment(FlowdslError):
    """A project that does not have the environment, or none that is chosen by itself."""


class UnusableProject(FlowdslError):
    """A project file that lacks what the work needs, or says what cannot be."""
