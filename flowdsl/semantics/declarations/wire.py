"""The payload fields that FlowDSL writes itself, and the format of the service's ids.

Each field is listed with the way to set it in the source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from flowdsl.syntax import ast

from .. import errors
from ..program import Program
from ..values.expressions import key_text

_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def is_uuid(text: str) -> bool:
    """Whether a text has the format of an id of the service."""
    return re.fullmatch(_UUID, text) is not None


WORKFLOW_FIELDS = {
    "main_prompt": "`steps` or `prompt from`",
    "name": "`title`",
    "input_schema": "`inputs` or `inputs from`",
    "output_schema": "`outputs` or `outputs from`",
    "includes_file_exports": "`file_exports`",
    "is_webhooks_enabled": "`webhooks`",
    "terminal_command_allowlist": "`run` and `terminal`",
    "model_metadata": "`model`",
    "post_run_checks": "`checks` or `checks from`",
    "post_run_check_failure_cleanup_prompt": "`cleanup`",
    "tags": "`tags`",
}

CHECK_FIELDS = {
    "name": '`as "name"`',
    "type": "the kind of check",
    "description": "a doc comment",
    "file_target_mode": "the file target",
    "file_names": "the file target",
    "file_name_regex": "the file target",
    "expected_match_count": "`count`",
    "expected_match_count_ref": "`count`",
    "loop_input": "`files each`",
    "loop_item_filename_template": "`files each`",
    "allow_missing_attachments": "`if present`",
    "check_prompt": "`shows` or `satisfies`",
    "model": "`using`",
}


def check_extra(
    program: Program, module: ast.Module, extra: ast.ObjectExpr, known: Mapping[str, str]
) -> None:
    """Report the keys of an `extra` that FlowDSL writes itself.

    `known` maps each key to the way to set it in the source.
    """
    for pair in extra.pairs:
        field = key_text(pair.key)
        if field in known:
            span = pair.key.span(module.source)
            program.sink.report(errors.EXTRA_SETS_KNOWN_FIELD, span, field=field, way=known[field])
