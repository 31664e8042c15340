"""Field policies: the meaning of a field's values for a comparison, and their normal form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from flowdsl.deploy.resources.mark import parse_schema, without_mark


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """How one field is compared and cleared; `reason` cites the source of that rule.

    - `cleared_by` is sent to clear a field that the source no longer declares.
    - `default` is the service's meaning of null and of an absent field. If it is a text, a blank
      text means it, too.
    - `normalise` returns a text without what means nothing.
    - `says_the_same` tells from the fields of two workflows whether the values differ only in what
      follows from the rest of them: then an edit is not lost where the other value is sent.
    - `json_text`: the value is a string that holds JSON.
    - `is_set`: the value is a list in which order and repetition do not matter.
    - `item` has the fields of each item of a list; others are not compared.
    """

    reason: str
    cleared_by: Any = None
    default: Any = None
    normalise: Callable[[str], str] | None = None
    says_the_same: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] | None = None
    json_text: bool = False
    is_set: bool = False
    item: Mapping[str, FieldPolicy] = field(default_factory=dict)


PASSED_THROUGH = FieldPolicy(
    "newer than this version, so it is passed on and compared as it is written; null clears"
)


class Policies(dict[str, FieldPolicy]):
    """The policy of each field of one kind of resource.

    Other fields of an `open` kind are passed through.
    """

    def __init__(self, fields: Mapping[str, FieldPolicy], *, open: bool = False) -> None:
        super().__init__(fields)
        self._open = open

    def __missing__(self, path: str) -> FieldPolicy:
        if not self._open:
            raise KeyError(path)
        return PASSED_THROUGH

    def covers(self, path: str) -> bool:
        """Whether a field of this name can be managed."""
        return self._open or path in self


EMPTIES: tuple[Any, ...] = ("", [], {}, {"type": "object"}, {"type": "object", "properties": {}})
"""Values that are equivalent to null.

The last two are schemas without requirements: a workflow without inputs gets one, to hold its mark.
"""


def normalise_value(policy: FieldPolicy, value: Any) -> Any:
    """Return the normal form of a wire value, which is equal for equivalent values.

    None means that there is no value.
    """
    if value is None or (isinstance(policy.default, str) and not value.strip()):
        value = policy.default
    if policy.normalise is not None and isinstance(value, str):
        value = policy.normalise(value)
    if policy.json_text and isinstance(value, str):
        value = _parse_schema_text(value)
    if value is None or value in EMPTIES:
        return None
    if policy.item:
        return [_normal_item(policy.item, item) for item in value]
    return sorted(set(value)) if policy.is_set else value


def fingerprint(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of a normal form, in hex."""
    return sha256(render_canonical_json(value).encode()).hexdigest()


def render_canonical_json(value: Any) -> str:
    """Return the canonical JSON of a value: sorted keys, no blanks, `1` for `1.0`."""
    plain = _whole_numbers(value)
    return json.dumps(plain, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _normal_item(policies: Mapping[str, FieldPolicy], item: Mapping[str, Any]) -> dict[str, Any]:
    normal = {name: normalise_value(policy, item.get(name)) for name, policy in policies.items()}
    return {name: value for name, value in normal.items() if value is not None}


def _parse_schema_text(text: str) -> Any:
    try:
        value = parse_schema(text)
    except ValueError:
        # Cyberdesk's short notation for output schemas is not JSON; it is compared as text.
        return text
    return without_mark(value) if isinstance(value, dict) else value


def _whole_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_numbers(inner) for inner in value]
    return value
