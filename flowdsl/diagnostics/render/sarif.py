"""Findings as SARIF 2.1.0, the format of code scanning services."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from flowdsl import REFERENCE, __version__
from flowdsl.source.text import Span

from ..diagnostic import (
    ERROR,
    INFO,
    WARNING,
    Diagnostic,
    DiagnosticSpec,
    Fix,
    spell_placeholders,
)
from ..fingerprint import compute_fingerprints

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
BASE = "%SRCROOT%"
FINGERPRINT = "flowdslFingerprint/v1"

_LEVELS = {ERROR: "error", WARNING: "warning", INFO: "note"}


ShowPath = Callable[[str], str]


def render_sarif(
    diagnostics: Sequence[Diagnostic],
    prints: Sequence[str] | None = None,
    from_root: ShowPath = str,
) -> str:
    """One log with one run; paths are relative to the project, as `from_root` gives them.

    `prints` are the fingerprints of the findings; without them, `diagnostics` must be all findings
    of a check. Braces in messages are not escaped: the standard wants them doubled, but the
    services that show messages do not undo that.
    """
    specs = {found.name: found.spec for found in sorted(diagnostics, key=lambda found: found.name)}
    indices = {name: index for index, name in enumerate(specs)}
    driver = {
        "name": "flowdsl",
        "version": __version__,
        "rules": [_rule(spec) for spec in specs.values()],
    }
    results = [
        _result(found, indices[found.name], fingerprint, from_root)
        for found, fingerprint in zip(
            diagnostics, prints or compute_fingerprints(diagnostics), strict=True
        )
    ]
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {
            BASE: {"description": {"text": "The folder of flowdsl.toml, or of the files checked."}}
        },
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r"],
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(spec: DiagnosticSpec) -> dict[str, Any]:
    return {
        "id": spec.name,
        "shortDescription": {"text": spell_placeholders(spec.message)},
        "helpUri": f"{REFERENCE}/{quote(spec.name)}.md",
        "help": {"text": spell_placeholders(spec.help or spec.message)},
        "defaultConfiguration": {"level": _LEVELS[spec.severity]},
        "properties": {"category": spec.category},
    }


def _result(
    diagnostic: Diagnostic, rule: int, fingerprint: str, from_root: ShowPath
) -> dict[str, Any]:
    lines = [diagnostic.message, *(f"note: {note}" for note in diagnostic.notes)]
    if diagnostic.help is not None:
        lines.append(f"help: {diagnostic.help}")
    result: dict[str, Any] = {
        "ruleId": diagnostic.name,
        "ruleIndex": rule,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": "\n".join(lines)},
        "locations": [_location(diagnostic.span, diagnostic.label, from_root)],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }
    if diagnostic.labels:
        result["relatedLocations"] = [
            {"id": number, **_location(label.span, label.text, from_root)}
            for number, label in enumerate(diagnostic.labels, 1)
        ]
    # A viewer applies a fix at one click, but a placeholder still has to be filled in.
    fixes = [
        _fix(fix, from_root)
        for fix in diagnostic.fixes
        if fix.edits and fix.applicability != "placeholder"
    ]
    if fixes:
        result["fixes"] = fixes
    return result


def _location(span: Span, text: str, from_root: ShowPath) -> dict[str, Any]:
    place = {"artifactLocation": _artifact(from_root(span.path)), "region": _region(span)}
    return {"physicalLocation": place} | ({"message": {"text": text}} if text else {})


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path.encode("utf-8", "surrogateescape")), "uriBaseId": BASE}


def _region(span: Span) -> dict[str, int]:
    first, last = span.first, span.last
    return {
        "startLine": first.line,
        "startColumn": first.column,
        "endLine": last.line,
        "endColumn": last.column,
    }


def _fix(fix: Fix, from_root: ShowPath) -> dict[str, Any]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        replacement: dict[str, Any] = {"deletedRegion": _region(edit.span)}
        if edit.replacement:
            replacement["insertedContent"] = {"text": edit.replacement}
        changes.setdefault(edit.span.path, []).append(replacement)
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {"artifactLocation": _artifact(from_root(path)), "replacements": replacements}
            for path, replacements in changes.items()
        ],
        "properties": {"applicability": fix.applicability},
    }
