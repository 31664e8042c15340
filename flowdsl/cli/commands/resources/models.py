"""`flowdsl models`: the model configurations that flows may name."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.model_configuration import ModelConfiguration

from ...views.table import Column, id_column
from .frame.actions import Objects, Row
from .frame.resource import Filter, ResourceCommand, row_of
from .frame.session import ResourceSession


def _model_row(model: ModelConfiguration) -> Row:
    return {**row_of(model, "api_key_alias"), "has_api_key": model.api_key_alias is not None}


async def _list_models(session: ResourceSession, **wanted: bool) -> Sequence[Row]:
    rows = map(_model_row, await session.client.model_configurations.list())
    fitting = [row for row in rows if all(bool(row[key]) is value for key, value in wanted.items())]
    return sorted(fitting, key=lambda row: (row["name"], row["id"]))


MODELS = ResourceCommand(
    word="models",
    objects=Objects(
        "model configuration",
        "MODEL",
        lambda client: client.model_configurations,
        lambda _session, model: _model_row(model),
        rows=lambda session: session.client.model_configurations.list(),
        candidate=lambda model: f"{model.id}  {model.provider}  {model.model}",
    ),
    columns=(
        id_column(),
        Column("NAME", "name"),
        Column("PROVIDER", "provider", width=16),
        Column("MODEL", "model"),
        Column("MAIN AGENT", "is_computer_use_model"),
        Column("SERVICE'S", "is_system_default"),
        Column("ARCHIVED", "is_archived"),
    ),
    read=_list_models,
    filters=(
        Filter("--computer-use", "is_computer_use_model", "those that may be the main agent"),
        Filter("--system", "is_system_default", "the service's own"),
        Filter("--own", "is_system_default", "those of the organisation", value=False),
        Filter("--archived", "is_archived", "those that are archived"),
        Filter("--active", "is_archived", "those that are not archived", value=False),
    ),
)

configure, run = MODELS.configure, MODELS.run
