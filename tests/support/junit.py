"""What the schemas of JUnit reports allow."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

ELEMENTS: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"skipped", "time", "timestamp", "hostname", "id", "package"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"classname", "time", "group", "file", "line"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}
"""The elements of a report: attributes that must and may be there, and elements inside.

What the published versions of `junit-10.xsd` of the xUnit plugin of Jenkins have in common, with
`file` and `line`, which not all of them have and which GitLab reads.
"""
SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def assert_junit(root: Element) -> None:
    """Fail where a report is not as the schemas want it."""
    assert root.tag == "testsuites"
    for element in root.iter():
        required, others, inside = ELEMENTS[element.tag]
        assert required <= set(element.attrib) <= required | others, element.attrib
        assert {child.tag for child in element} <= inside
        assert SECONDS.fullmatch(element.get("time", "0"))
