"""The checks of `checks from`: written in the service's own format, with its variables.

"file_name_regex": "^{patient.name}-", "expected_match_count_ref": "{{count}}"

Returns the arguments of `checks.PostRunCheck`; `checks` evaluates them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..shapes import EMPTY
from .values import Value, spell_value

_KINDS = {
    "run_attachment_exists": "files",
    "run_attachment_image_check": "images",
    "output_data_passes_schema_validation": "schema",
    "output_data_agentic_check": "outputs",
}
_NAME = r"[A-Za-z_]\w*(?:\.\w+|\[\d+\])*"
_VARIABLE = re.compile(rf"\{{\{{({_NAME})\}}\}}|\{{({_NAME})\}}", re.ASCII)
_ITEM = "loop_item"


def resolve_stored_checks(
    text: str, inputs: Mapping[str, Any], names: Mapping[str, Value]
) -> Iterator[dict[str, Any]]:
    """Yield the arguments of `checks.PostRunCheck` for each check, without `node`.

    `inputs` are by wire name, `names` are the runtime variables at the end of the run.
    """
    runtime = {name: value.data for name, value in names.items()}
    for stored in json.loads(text).get("post_run_checks", ()):
        yield _Stored(stored, inputs, runtime).fields()


class _Stored:
    """A check of the file; a variable without a value is written as `EMPTY`."""

    def __init__(
        self, stored: Mapping[str, Any], inputs: Mapping[str, Any], runtime: Mapping[str, Any]
    ) -> None:
        self._stored = stored
        self._inputs = inputs
        self._runtime = runtime

    def fields(self) -> dict[str, Any]:
        stored = self._stored
        kind = _KINDS.get(stored["type"], stored["type"])
        prompt = stored.get("check_prompt") or ""
        found: dict[str, Any] = {
            "kind": kind,
            "if_present": bool(stored.get("allow_missing_attachments")),
        }
        if kind == "outputs":
            found["statements"] = (self._fill_in_stored_text(prompt),)
        if kind not in ("files", "images"):
            return found
        items: list[Any] = [None]  # what a picture is judged for; one None if it is no list
        if stored.get("file_target_mode") == "regex":
            found["pattern"] = stored.get("file_name_regex") or ""
            found["count"] = self._count() if kind == "files" else None
        elif stored.get("file_target_mode") == "loop_items":
            value = self._resolve_variable(stored.get("loop_input") or "")
            items = value if isinstance(value, list) else []
            template = stored.get("loop_item_filename_template") or ""
            found["names"] = tuple(
                read_base_name(self._fill_in_stored_text(template, item)) for item in items
            )
        else:
            every = stored.get("file_names") or ()
            found["names"] = tuple(
                read_base_name(self._fill_in_stored_text(name)) for name in every
            )
        found["statements"] = tuple(self._fill_in_stored_text(prompt, item) for item in items)
        return found

    def _count(self) -> int | None:
        count = self._stored.get("expected_match_count")
        if count is None:
            count = self._resolve_variable(self._stored.get("expected_match_count_ref") or "")
        if isinstance(count, list):
            return len(count)
        return count if isinstance(count, int) and not isinstance(count, bool) else None

    def _resolve_variable(self, written: str) -> Any:
        found = _VARIABLE.fullmatch(written.strip())
        return None if found is None else self._at(found, None)

    def _fill_in_stored_text(self, text: str, item: Any = None) -> str:
        def put(found: re.Match[str]) -> str:
            value = self._at(found, item)
            return EMPTY if value in (None, "") else spell_value(value)

        return _VARIABLE.sub(put, text)

    def _at(self, found: re.Match[str], item: Any) -> Any:
        root, *path = re.findall(r"\w+", found[1] or found[2])
        if found[1] is None:
            value = self._inputs.get(root)
        else:
            value = item if root == _ITEM else self._runtime.get(root)
        for step in path:
            if isinstance(value, list):
                value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
            else:
                value = value.get(step) if isinstance(value, Mapping) else None
        return value


def read_base_name(path: str) -> str:
    """Return the name of a file without its folders; `file` if it is empty."""
    return re.split(r"[/\\]", path.strip())[-1].strip() or "file"
