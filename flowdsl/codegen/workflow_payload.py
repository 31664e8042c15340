"""Compile a workflow to the body of `POST /v1/workflows`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flowdsl.ir import nodes
from flowdsl.ir.source_map import MappedCheck, MappedLine, MappedOutput, SourceMap
from flowdsl.prompt.text import commands_of, spell_path, spell_text
from flowdsl.semantics.capabilities import NO_COMMAND, Capabilities

from .artifacts import ImageRef, Template, WorkflowArtifact, model_reference
from .checks import emit_checks, read_stored_checks
from .json_schema import input_schema, output_schema
from .prompt.document import Prompt, emit_prompt


def emit_workflow(
    workflow: nodes.Workflow, capabilities: Capabilities, digests: Mapping[str, str]
) -> WorkflowArtifact:
    """Return the artifact of one workflow.

    `digests` are those of the program's files, by path.
    """
    workflow, prompt = _render_prompt(workflow, capabilities)
    payload: dict[str, Any] = {"name": workflow.title, "main_prompt": prompt.template}
    if (inputs := input_schema(workflow)) is not None:
        payload["input_schema"] = inputs
    if (outputs := output_schema(workflow)) is not None:
        payload["output_schema"] = outputs
    payload["includes_file_exports"] = workflow.file_exports
    payload["is_webhooks_enabled"] = workflow.webhooks
    payload["terminal_command_allowlist"] = _find_allowed_commands(workflow)
    if workflow.models is not None:
        payload["model_metadata"] = _render_models(workflow.models)
    if workflow.checks is not None:
        payload["post_run_checks"] = emit_checks(workflow.checks)
    if workflow.cleanup is not None:
        payload["post_run_check_failure_cleanup_prompt"] = spell_text(workflow.cleanup)
    if workflow.checks_text is not None:
        payload |= read_stored_checks(workflow.checks_text)
    # What `extra` says of schemas is in them already.
    payload |= {key: each for key, each in workflow.extra.items() if key not in payload}
    if workflow.extra_text is not None:
        payload |= json.loads(workflow.extra_text)
    pictures = {part.sha256 for part in prompt.template.open_parts if isinstance(part, ImageRef)}
    return WorkflowArtifact(
        name=workflow.name,
        title=payload["name"],
        payload_or_maker=payload,
        tags=workflow.tags,
        renamed_from=workflow.renamed_from,
        protect=workflow.protect,
        images=tuple(sorted(pictures)),
        source_map_or_maker=_source_map(workflow, prompt, payload, digests),
    )


def _source_map(
    workflow: nodes.Workflow,
    prompt: Prompt,
    payload: Mapping[str, Any],
    digests: Mapping[str, str],
) -> SourceMap:
    outputs = tuple(_map_output(source) for source in workflow.sources)
    checks = tuple(_map_checks(workflow, payload))
    ranges = [
        *(each.source for each in prompt.lines),
        *(each.source for each in outputs),
        *(each.source for each in checks),
    ]
    paths = sorted({each.path for each in ranges})
    files = tuple((path, digests[path]) for path in paths if path in digests)
    return SourceMap(workflow.name, prompt.lines, outputs, checks, files)


def _map_checks(workflow: nodes.Workflow, payload: Mapping[str, Any]) -> Iterator[MappedCheck]:
    """Map the checks of a payload to their places; those of `checks from` to their workflow."""
    items = payload.get("post_run_checks") or ()
    if workflow.checks is not None:
        for check, item in zip(workflow.checks, items, strict=True):
            yield MappedCheck(item["name"], check.kind, check.origin)
    else:
        for item in items:
            yield MappedCheck(item["name"], "stored", workflow.origin)


def _render_prompt(
    workflow: nodes.Workflow, capabilities: Capabilities
) -> tuple[nodes.Workflow, Prompt]:
    if workflow.prompt is None:
        return emit_prompt(workflow, capabilities)
    count = workflow.prompt.count("\n") + 1
    where = workflow.origin
    lines = tuple(MappedLine(number, "prompt", where) for number in range(1, count + 1))
    return workflow, Prompt(Template((workflow.prompt,)), lines)


def _find_allowed_commands(workflow: nodes.Workflow) -> list[str] | None:
    """Return exactly the commands of the workflow; None allows every command.

    Assumptions `allowlist-exact` and `allowlist-none`.
    """
    if workflow.terminal.unrestricted:
        return None
    return list(dict.fromkeys([*commands_of(workflow.body), *workflow.terminal.allow])) or [
        NO_COMMAND
    ]


def _render_models(models: nodes.Models) -> dict[str, Any]:
    """Return all four keys, since the service may either merge or replace the object."""
    first, second = (*models.fallbacks, None, None)[:2]
    return {
        "main_agent_model_id": model_reference(models.main),
        "cache_detection_model_id": model_reference(models.cache_detection),
        "fallback_model_1_id": model_reference(first),
        "fallback_model_2_id": model_reference(second),
    }


def _map_output(source: nodes.OutputSource) -> MappedOutput:
    if source.kind == "const":
        value = repr(source.value)
    elif source.numbered:
        value = f"{source.variable}_1, {source.variable}_2, ..."
    else:
        value = (source.variable or "") + spell_path(source.place)
    return MappedOutput(source.field, source.kind, value, source.origin)
