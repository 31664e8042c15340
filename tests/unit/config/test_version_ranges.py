"""Version ranges of `requires_flowdsl`."""

from __future__ import annotations

from flowdsl.config.versions import is_version_accepted
from tests.support.rows import in_rows


@in_rows(
    ("version", "required", "expected"),
    [
        ("0.1.0", ">=0.1", True),
        ("0.1.0", "==0.1", True),
        ("0.1.0", ">0.1", False),
        ("0.10.0", ">=0.9,<0.11", True),
        ("1.0", "!=1", False),
        ("2.0.0rc1", "<=2", True),
        ("0.1.0", "<0.1", False),
        ("0.1.0", "~=0.1", None),
        ("0.1.0", ">=" + "9" * 5_000, None),
    ],
)
def test_version_ranges(version: str, required: str, expected: bool | None) -> None:
    assert is_version_accepted(version, required) is expected
