"""From payloads to a project and back to payloads."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from flowdsl.codegen.artifacts import Bundle, ImageRef, ModelAlias, ModelName, Template
from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.config.load import load_project
from flowdsl.deploy.resources.mark import without_mark
from flowdsl.deploy.resources.policy import PASSED_THROUGH, normalise_value, render_canonical_json
from flowdsl.deploy.resources.workflow import CHECKS, MODELS, POLICIES
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import MemoryFiles

from ..compiling import PROJECTS, compile_folder
from .payloads import Payload

STORE = "supabase://workflow-prompt-images/org_2x/prompt-assets"


class Unsound(AssertionError):
    """A project that was imported and has errors; the text is the first of them."""


def compile_files(files: Mapping[str, bytes]) -> Compilation:
    """The compilation of all flows among the files, under the project file if there is one.

    Raises `Unsound`.

    A mistake in a prompt that was live is no mistake of the import.
    """
    entries = sorted(path for path in files if path.endswith(".flow"))
    options = CompileOptions(lenient=True)
    if "flowdsl.toml" in files:
        sink = Sink()
        project = load_project(files["flowdsl.toml"].decode(), "flowdsl.toml", sink)
        if project is None:
            raise Unsound(f"flowdsl.toml: {sink.findings_in_order()[0].message}")
        options = CompileOptions(project, project.environments["local"], lenient=True)
    compilation = compile_project(MemoryFiles(dict(files)), entries, options)
    for found in compilation.analysis.diagnostics:
        if options.stops(found):
            raise Unsound(f"{found.name} in {found.span.path}: {found.message}")
    assert compilation.bundle is not None
    return compilation


def served(bundle: Bundle) -> dict[str, Payload]:
    """The workflows of a bundle by name in source, as a service holds them after a deploy."""
    return {
        each.name: _closed(each.payload) | {"tags": [{"name": tag} for tag in each.tags]}
        for each in bundle.workflows
    }


@cache
def shipped() -> tuple[Payload, ...]:
    """What the programs that are shipped compile to."""
    bundles = [compile_folder(folder).bundle for folder in PROJECTS]
    return tuple(
        body for bundle in bundles if bundle is not None for body in served(bundle).values()
    )


def _address(image: ImageRef) -> str:
    return f"{STORE}/{image.sha256}.{image.extension}"


def _closed(value: Any) -> Any:
    match value:
        case ModelAlias(alias):
            return str(uuid.uuid5(uuid.NAMESPACE_DNS, alias))
        case Template():
            return value.render(
                lambda part: part.alias if isinstance(part, ModelName) else _address(part)
            )
        case dict():
            return {key: _closed(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_closed(inner) for inner in value]
        case _:
            return value


def differences(one: Payload, other: Payload) -> list[str]:
    """The fields in which two payloads differ, by the table that deployment compares with."""
    first, second = _compared(one), _compared(other)
    return sorted(
        path for path in first.keys() | second.keys() if first.get(path) != second.get(path)
    )


def left_to_the_service(payload: Payload) -> set[str]:
    """The models of a newer service, which source does not name.

    A deployment leaves them as they are.
    """
    paths = (f"{MODELS}.{key}" for key in payload.get(MODELS) or ())
    return {path for path in paths if path not in POLICIES}


_READ_ONLY = frozenset(
    (
        *(
            "id",
            "user_id",
            "organization_id",
            "created_at",
            "updated_at",
            "old_versions",
            "included",
        ),
        *("includes_input_variables", "workflow_metadata"),
    )
)
_READ_ONLY_IN_CHECKS = frozenset(
    ("id", "order", "user_id", "organization_id", "created_at", "updated_at")
)
_FLAGS = ("includes_file_exports", "is_webhooks_enabled")
_JSON = ("input_schema", "output_schema")


def _compared(payload: Payload) -> dict[str, str]:
    found: dict[str, Any] = {}
    for path, value in payload.items():
        if path in _READ_ONLY:
            continue
        if path == MODELS:
            models = {key: model for key, model in (value or {}).items() if model is not None}
            found |= {f"{path}.{key}": _id(model) for key, model in models.items()}
        elif path == CHECKS:
            found[path] = [_check(check) for check in value or ()]
        elif path == "tags":
            found[path] = sorted(
                tag if isinstance(tag, str) else tag["name"] for tag in value or ()
            )
        elif path in _JSON:
            found[path] = _schema(normalise_value(POLICIES[path], value))
        elif path == "terminal_command_allowlist":
            found[path] = sorted(set(value or ()))
        else:
            found[path] = normalise_value(POLICIES[path], value)
    if not (found.get("name") or "").strip():
        found["name"] = "Untitled workflow"
    return {
        path: render_canonical_json(value)
        for path, value in found.items()
        if not (value is None or value == [] or (path in _FLAGS and value is False))
    }


def _schema(value: Any) -> Any:
    """An object schema without our mark; what is no JSON object is only equal to itself."""
    return without_mark(value) if isinstance(value, dict) else value


def _id(model: Any) -> Any:
    return model.lower() if isinstance(model, str) else model


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    policies = POLICIES[CHECKS].item
    values = {
        key: _id(normalise_value(policies.get(key, PASSED_THROUGH), value))
        for key, value in check.items()
        if key not in _READ_ONLY_IN_CHECKS
    }
    kept = {key: value for key, value in values.items() if value is not None}
    return {"allow_missing_attachments": False, **kept}
