"""Parses the text of `flowdsl.toml` into a `Project`."""

from __future__ import annotations

from functools import partial
from typing import Any

from flowdsl import __version__
from flowdsl.diagnostics.sink import Sink
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.source.toml_text import UnreadableToml, read_toml

from . import errors
from .address import Address
from .keys import PROJECT_FILE, fill_defaults
from .project import (
    Adoption,
    Environment,
    Forbidden,
    KeySource,
    LibraryFolder,
    Lint,
    ModelConfiguration,
    Platform,
    Project,
    Removal,
    Tag,
    TagGroup,
)
from .report import ProjectFileReport
from .validation import validate_value


def load_project(text: str, path: str, sink: Sink) -> Project | None:
    """Parse the project file at `path` from its text; None if anything is reported."""
    report = ProjectFileReport(text, path, sink)
    try:
        document = read_toml(text)
        _check_document(document, report)
        return None if report.failed else _build_project(document, report)
    except UnreadableToml as unreadable:
        if unreadable.reason is None:
            report.at_offset(errors.TOML_TOO_DEEP, unreadable.offset)
        else:
            report.at_offset(errors.TOML_SYNTAX, unreadable.offset, reason=unreadable.reason)
    except RecursionError:
        report.at_offset(errors.TOML_TOO_DEEP, 0)
    return None


def _check_document(document: dict[str, Any], report: ProjectFileReport) -> None:
    # First of all: keys that only a newer version knows are not misspelt.
    project = document.get("project")
    required = project.get("requires_flowdsl") if isinstance(project, dict) else None
    if isinstance(required, str):
        from .versions import is_version_accepted

        if is_version_accepted(__version__, required) is False:
            report.at_value(
                errors.VERSION_TOO_OLD,
                ("project", "requires_flowdsl"),
                required=required,
                version=__version__,
            )
            return
    validate_value(document, PROJECT_FILE, (), report)
    if not report.failed:
        _check_names(document, report)


def _check_names(document: dict[str, Any], report: ProjectFileReport) -> None:
    environments = list(document.get("env", {}))
    adopted: set[tuple[str, str]] = set()
    for index, entry in enumerate(document.get("adopt", [])):
        if entry["env"] not in environments:
            report.at_value(
                errors.UNDECLARED_ENVIRONMENT,
                ("adopt", index, "env"),
                help=_describe_alternatives(entry["env"], environments, "environment"),
                name=entry["env"],
            )
        for key in ("address", "id"):
            same = (entry["env"], entry[key].lower() if key == "id" else entry[key])
            if same in adopted:
                report.at_value(
                    errors.ADOPTED_TWICE,
                    ("adopt", index, key),
                    what=f"`{entry[key]}`",
                    env=entry["env"],
                )
            adopted.add(same)
    groups = list(document.get("tag_groups", {}))
    for name, tag in document.get("tags", {}).items():
        if "group" in tag and tag["group"] not in groups:
            report.at_value(
                errors.UNDECLARED_TAG_GROUP,
                ("tags", name, "group"),
                help=_describe_alternatives(tag["group"], groups, "tag group"),
                name=tag["group"],
            )


def _describe_alternatives(name: str, names: list[str], kind: str) -> str:
    nearest = find_closest_name(name, names)
    if nearest is not None:
        return f"{kind} `{nearest}` exists"
    return f"there are {join_names(names)}" if names else f"the file declares no {kind}"


def _build_project(document: dict[str, Any], report: ProjectFileReport) -> Project:
    """Build the project from a valid file, with the defaults of omitted keys."""
    whole = fill_defaults(document, PROJECT_FILE)
    project, lint = whole["project"], whole["lint"]
    return Project(
        name=project["name"],
        id=project["id"],
        flows=tuple(project["flows"]),
        requires_flowdsl=project["requires_flowdsl"],
        timezone=project["timezone"],
        libraries=tuple(
            LibraryFolder(name, path, partial(report.value_span, ("project", "libraries", name)))
            for name, path in project["libraries"].items()
        ),
        lint=Lint(
            tuple(lint["select"]),
            tuple(lint["ignore"]),
            tuple((glob, tuple(rules)) for glob, rules in lint["per-file"].items()),
            lint["severity"],
            lint["rules"],
            tuple(Forbidden(**raw) for raw in lint["forbid"]),
            tuple(lint["plugins"]),
            lint["baseline"],
            lambda *path: report.value_span(("lint", *path)),
        ),
        environments={name: _build_environment(name, raw) for name, raw in whole["env"].items()},
        tags={name: Tag(name=name, **raw) for name, raw in whole["tags"].items()},
        tag_groups={name: TagGroup(name=name, **raw) for name, raw in whole["tag_groups"].items()},
        models={
            alias: _build_model(alias, raw) for alias, raw in document.get("models", {}).items()
        },
        platform=Platform(tuple(whole["platform"]["focused_agent_tools"])),
        adopt=tuple(
            Adoption(raw["env"], Address.parse(raw["address"]), raw["id"]) for raw in whole["adopt"]
        ),
        removed=tuple(
            Removal(Address.parse(raw["address"]), raw["mode"]) for raw in whole["removed"]
        ),
    )


def _build_environment(name: str, raw: dict[str, Any]) -> Environment:
    others = {key: value for key, value in raw.items() if key != "tags"}
    others["api_key"] = _key_source(raw["api_key"])
    others["ignore_remote"] = tuple(raw["ignore_remote"])
    return Environment(name=name, tags_all=tuple(raw["tags"]["all"]), **others)


def _build_model(alias: str, raw: dict[str, Any]) -> ModelConfiguration:
    settings = {key: value for key, value in raw.items() if key not in ("name", "api_key")}
    return ModelConfiguration(
        alias, raw.get("name", alias), settings, _key_source(raw.get("api_key"))
    )


def _key_source(raw: dict[str, str] | None) -> KeySource | None:
    if raw is None:
        return None
    ((kind, name),) = raw.items()
    return KeySource(kind, name)
