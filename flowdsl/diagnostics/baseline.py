"""The baseline file: known findings that are not to be reported again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flowdsl.source.record import Record

from .diagnostic import Diagnostic

FORMAT_VERSION = 1

Entry = tuple[str, str]
"""Name and fingerprint of a finding."""


class InvalidBaseline(Exception):
    """The text is not a baseline.

    The message finishes the sentence "the baseline cannot be used: ...".
    """


class Comparison(Record):
    """The findings of a check against a baseline.

    `new` has the indices of the findings that the baseline does not have, and `gone` is how many of
    its entries were not found any more.
    """

    new: tuple[int, ...]
    gone: int


class Baseline(Record):
    """Known findings by the path of their file, with the number of equal ones."""

    entries: Mapping[str, Counter[Entry]]

    @property
    def size(self) -> int:
        """How many findings are known."""
        return sum(known.total() for known in self.entries.values())

    def compare(
        self,
        diagnostics: Sequence[Diagnostic],
        prints: Sequence[str],
        checked: Callable[[str], bool],
    ) -> Comparison:
        """The comparison with all findings of a check, whose fingerprints are `prints`.

        An entry counts as gone only when `checked` is true of its file.
        """
        left = {path: known.copy() for path, known in self.entries.items()}
        new = []
        for index, (path, entry) in enumerate(_pair_with_prints(diagnostics, prints)):
            known = left.get(path)
            if known is not None and known[entry] > 0:
                known[entry] -= 1
            else:
                new.append(index)
        return Comparison(
            tuple(new), sum(known.total() for path, known in left.items() if checked(path))
        )

    def renew_with_findings(
        self,
        diagnostics: Sequence[Diagnostic],
        prints: Sequence[str],
        checked: Callable[[str], bool],
    ) -> Baseline:
        """A baseline of `diagnostics` and of what this one has of files that were not checked."""
        entries = {path: known for path, known in self.entries.items() if not checked(path)}
        found: dict[str, Counter[Entry]] = {}
        for path, entry in _pair_with_prints(diagnostics, prints):
            found.setdefault(path, Counter())[entry] += 1
        return Baseline(entries | found)

    def render(self) -> str:
        """The text of the baseline file, sorted so that changes of two branches mostly merge."""
        findings = {
            path: [
                {"name": name, "fingerprint": fingerprint}
                for name, fingerprint in sorted(known.elements())
            ]
            for path, known in sorted(self.entries.items())
        }
        return json.dumps({"format_version": FORMAT_VERSION, "findings": findings}, indent=2) + "\n"


EMPTY = Baseline({})


def _pair_with_prints(
    diagnostics: Sequence[Diagnostic], prints: Sequence[str]
) -> Iterable[tuple[str, Entry]]:
    for diagnostic, fingerprint in zip(diagnostics, prints, strict=True):
        yield diagnostic.span.path, (diagnostic.name, fingerprint)


def parse_baseline(text: str) -> Baseline:
    """Parse a baseline file; raises `InvalidBaseline`."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidBaseline("it is not JSON") from None
    if not isinstance(content, dict) or "format_version" not in content:
        raise InvalidBaseline("it has no `format_version`")
    if content["format_version"] != FORMAT_VERSION:
        raise InvalidBaseline(
            f"its `format_version` is not {FORMAT_VERSION}, the one that this version reads"
        )
    try:
        return Baseline(
            {path: Counter(map(_parse_entry, known)) for path, known in content["findings"].items()}
        )
    except (KeyError, TypeError, AttributeError):
        raise InvalidBaseline(
            "`findings` is expected to hold lists of `name` and `fingerprint` by path"
        ) from None


def _parse_entry(item: Any) -> Entry:
    name, fingerprint = item["name"], item["fingerprint"]
    if not isinstance(name, str) or not isinstance(fingerprint, str):
        raise TypeError
    return name, fingerprint
