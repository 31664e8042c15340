"""Resolves model aliases to model configurations of the organisation."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.model_configuration import ModelConfiguration
from flowdsl.deploy.target import DeployTarget

NOT_YET_KNOWN = "00000000-0000-0000-0000-000000000000"
"""A placeholder for the id of an object that this deploy has yet to create."""

MAIN_AGENT = "main_agent_model_id"
"""The one role with a condition of its own.

It requires a computer use model that is not archived (model configuration page).
"""


class ModelResolver:
    """Resolves aliases and ids with the list of model configurations.

    Collects `problems` and `notes`, each once. `unknown` maps ids that the organisation lacks to
    the message to report if one would be sent: a workflow that has such an id already, from before
    the configuration was deleted, may keep it.
    """

    def __init__(self, target: DeployTarget, models: Sequence[ModelConfiguration]) -> None:
        self._target = target
        self._models = models
        self.problems: dict[str, None] = {}
        self.notes: dict[str, None] = {}
        self.unknown: dict[str, str] = {}

    def id_of(self, alias: str, role: str) -> str:
        """Return the id for `alias` in `role`; a placeholder if there is a problem.

        `role` is a key of `model_metadata`, or `model` for a check.
        """
        model = self._find_model(alias)
        if model is None:
            return NOT_YET_KNOWN
        self._check_role(model, role)
        return model.id

    def name_of(self, alias: str) -> str:
        """Return the display name for `alias`; a placeholder if there is a problem."""
        model = self._find_model(alias)
        return self._target.models.get(alias, alias) if model is None else model.name

    def check_id(self, model_id: str, role: str) -> None:
        """Check an id that is written in the source."""
        for model in self._models:
            if model.id == model_id.lower():
                self._check_role(model, role)
                return
        self.unknown[model_id.lower()] = (
            f"there is no model configuration with the id `{model_id}` in this organisation"
        )

    def _find_model(self, alias: str) -> ModelConfiguration | None:
        if alias not in self._target.models:
            return self._find_default_model(alias)
        name = self._target.models[alias]
        named = [model for model in self._models if model.name == name]
        usable = [model for model in named if not model.is_archived]
        if len(usable) == 1:
            return usable[0]
        where = f"the model alias `{alias}` means `{name}`"
        if len(usable) > 1:
            ids = ", ".join(sorted(model.id for model in usable))
            self._report_problem(
                f"{where}, and {len(usable)} model configurations have that name: {ids}"
            )
        elif named:
            self._report_problem(
                f"{where}, which is archived; unarchive it or map the alias to another"
            )
        elif name not in self._target.declared.get("model", {}):
            self._report_problem(
                f"{where}, which does not exist; there are {self._describe_existing_models()}"
            )
        return None

    def _find_default_model(self, alias: str) -> ModelConfiguration | None:
        table = f"[env.{self._target.environment}.models]"
        if self._target.local:
            for model in self._models:
                if model.is_system_default and model.is_computer_use_model:
                    self.notes[
                        f"the model alias `{alias}` is not in `{table}`; "
                        f"it means `{model.name}` here"
                    ] = None
                    return model
        self._report_problem(
            f"the model alias `{alias}` is not in `{table}`; map it to one of "
            f"{self._describe_existing_models()}"
        )
        return None

    def _check_role(self, model: ModelConfiguration, role: str) -> None:
        if model.is_archived:
            self._report_problem(f"the model configuration `{model.name}` is archived")
        elif role == MAIN_AGENT and model.is_computer_use_model is False:
            self._report_problem(
                f"`{model.name}` cannot be a main agent, because it is not a computer use model; "
                f"computer use models are {self._describe_existing_models(computer_use=True)}"
            )

    def _describe_existing_models(self, *, computer_use: bool = False) -> str:
        names = {
            model.name
            for model in self._models
            if not model.is_archived and (model.is_computer_use_model or not computer_use)
        }
        return ", ".join(f"`{name}`" for name in sorted(names)) or "none"

    def _report_problem(self, message: str) -> None:
        self.problems[message] = None
