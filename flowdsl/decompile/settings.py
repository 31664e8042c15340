"""Reads the settings of a payload: title, tags, flags, models, the terminal, unknown fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowdsl.deploy.resources.workflow import MODELS, UNTITLED
from flowdsl.diagnostics.suggest import join_names
from flowdsl.format.literals import plain_literal, value_literal
from flowdsl.ir import nodes
from flowdsl.semantics.capabilities import NO_COMMAND
from flowdsl.semantics.declarations.payload_files import NAME
from flowdsl.semantics.declarations.wire import SCHEMAS
from flowdsl.source.record import Record

from .notes import KEPT, LOST, NAMED, OPEN, PASSED, RISKY, Remark
from .payload import ALLOWLIST, StoredWorkflow, is_model_id
from .writing.value_text import text_literal

_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f]"


class Settings(Record):
    """The settings of a workflow, as far as source can express them.

    `kept` are fields of the payload for a file of `extra from`, because nothing else in source can
    hold one of them. `changed` names the fields that come out differently. `remarks` report both,
    and other facts for the owner.
    """

    title: str
    tags: tuple[str, ...]
    models: nodes.Models | None
    allowlist: tuple[str, ...]
    extra: dict[str, Any]
    kept: dict[str, Any]
    changed: frozenset[str]
    remarks: tuple[Remark, ...]


def read_settings(stored: StoredWorkflow) -> Settings:
    """Return the settings of a workflow.

    A value that no literal can hold is put into `kept`, or approximated if it cannot be kept.
    """
    title = stored.name or UNTITLED
    kept: dict[str, Any] = {}
    if not _can_be_said(title):
        kept[NAME] = title
    if not all(map(_can_be_said, stored.allowlist)):
        kept[ALLOWLIST] = list(stored.allowlist)
    for field, schema in zip(SCHEMAS, (stored.input_schema, stored.output_schema), strict=True):
        if schema is not None and schema.document is None:
            kept[field] = schema.text
    if stored.unknown_models or not all(map(_can_name, stored.models.values())):
        kept[MODELS] = stored.models | stored.unknown_models
    if value_literal(stored.extra) is None or kept:
        kept |= stored.extra
    changed = [] if all(map(_can_be_said, stored.tags)) else ["tags"]
    return Settings(
        title=_nearest_literal_text(title),
        tags=tuple(sorted(set(map(_nearest_literal_text, stored.tags)))),
        models=None if MODELS in kept else read_models(stored.models),
        allowlist=stored.allowlist,
        extra={} if kept else stored.extra,
        kept=kept,
        changed=frozenset(changed),
        remarks=tuple(_remark_on_settings(stored, kept, changed)),
    )


def derive_terminal_settings(settings: Settings, commands: frozenset[str]) -> nodes.Terminal:
    """Return the settings of `terminal { }`: the allowlist without the statements' commands."""
    allowlist = settings.allowlist
    if ALLOWLIST in settings.kept or (allowlist == (NO_COMMAND,) and not commands):
        return nodes.Terminal()
    if not allowlist:
        return nodes.Terminal(unrestricted=True)
    return nodes.Terminal(allow=tuple(each for each in allowlist if each not in commands))


def _nearest_literal_text(value: str) -> str:
    """Return `value`, or the nearest text that a literal can hold."""
    if _can_be_said(value):
        return value
    near = re.sub(_CONTROL, " ", re.sub(r"\r\n?", "\n", value))
    return near if _can_be_said(near) else re.sub(r"[^\w .,:/()-]", " ", near)


def _can_be_said(value: str) -> bool:
    return text_literal((nodes.TextPiece(value=value),), lambda variable: variable.name) is not None


def _can_name(model: str) -> bool:
    """Whether source can name a model like this: a brace would begin a variable."""
    return "{" not in model and plain_literal(model) is not None


def read_models(models: dict[str, str]) -> nodes.Models | None:
    """Return the models by their keys in `model_metadata`; None if there are none."""
    if not models:
        return None
    first, second = models.get("fallback_model_1_id"), models.get("fallback_model_2_id")
    fallbacks = (first, second) if second is not None else (first,) if first is not None else ()
    return nodes.Models(
        main=models.get("main_agent_model_id"),
        cache_detection=models.get("cache_detection_model_id"),
        fallbacks=fallbacks,
    )


def _remark_on_settings(
    stored: StoredWorkflow, kept: dict[str, Any], changed: list[str]
) -> Iterator[Remark]:
    for field in changed:
        yield Remark(
            LOST, f"`{field}` has characters that source cannot say; blanks stand in their place"
        )
    if kept:
        verb = "stay" if len(kept) > 1 else "stays"
        yield Remark(
            KEPT,
            (
                f"{join_names(kept)} {verb} in a file of `extra from`, because nothing else in "
                "source can hold them"
            ),
            (
                "workflows keep settings in a file of `extra from`, because nothing else in "
                "source can hold them"
            ),
            " and ".join(f"`{field}`" for field in kept),
        )
    if not stored.allowlist:
        yield Remark(
            OPEN,
            (
                "the agent may run any terminal command, because the service has no allowlist "
                "for this workflow"
            ),
        )
    checked = (check.get("model") for check in stored.checks)
    ids = {each for each in (*stored.models.values(), *checked) if each and is_model_id(each)}
    if ids:
        what = "models are" if len(ids) > 1 else "a model is"
        yield Remark(
            RISKY,
            f"{what} named by id, which holds in one organization only: {join_names(ids)}",
            "workflows name models by id, which holds in one organization only",
        )
    if not stored.name:
        yield Remark(NAMED, f"the workflow has no name; it is called `{UNTITLED}` now")
    for unknown in (stored.unknown_models, stored.extra):
        if unknown:
            verb = "are" if len(unknown) > 1 else "is"
            yield Remark(
                PASSED, f"{join_names(unknown)} {verb} newer than this version and passed on"
            )
