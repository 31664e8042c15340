"""The baseline of `flowdsl check`: finds, applies and writes it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from flowdsl.diagnostics.baseline import EMPTY, Baseline, InvalidBaseline, parse_baseline
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.findings import Findings
from flowdsl.diagnostics.fingerprint import compute_fingerprints
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.host.disk import DiskFiles
from flowdsl.source.files import UnreadableFile

from ...runtime.console import UsageError
from ...runtime.rewrites import write_product
from ...runtime.target import CommandTarget
from .view import Shown


class OpenBaseline:
    """A baseline and the target it is applied to."""

    def __init__(self, baseline: Baseline, checked: Callable[[str], bool]) -> None:
        self._baseline = baseline
        self._checked = checked

    def new_findings(self, findings: Findings) -> Shown:
        found = findings.diagnostics
        prints = compute_fingerprints(found)
        compared = self._baseline.compare(found, prints, self._checked)
        return Shown(
            [found[index] for index in compared.new],
            findings.paths,
            [prints[index] for index in compared.new],
            _describe_gone_findings(compared.gone),
        )


def _describe_gone_findings(gone: int) -> str | None:
    if not gone:
        return None
    verb = "occurs" if gone == 1 else "occur"
    entries = "1 entry" if gone == 1 else f"{gone} entries"
    return (
        f"note: {entries} of the baseline no longer {verb}; write it anew with `--write-baseline`"
    )


def open_baseline(path: str, target: CommandTarget) -> OpenBaseline:
    """The baseline in the file `path`; raises `UsageError`."""
    try:
        baseline = _read_baseline_file(path)
    except InvalidBaseline as error:
        raise UsageError(f"the baseline `{path}` cannot be used: {error}") from None
    if baseline is None:
        raise UsageError(f"the baseline `{path}` does not exist; `--write-baseline` writes it")
    return OpenBaseline(baseline, _make_completeness_test(target))


def write_baseline(path: str, target: CommandTarget, found: Sequence[Diagnostic]) -> str:
    """Write all findings to the file `path`; return a message about it. Raises `UsageError`.

    Entries for flows that were not checked this time are kept.
    """
    try:
        before = _read_baseline_file(path) or EMPTY
    except InvalidBaseline as error:
        raise UsageError(f"`{path}` is no baseline and is not overwritten: {error}") from None
    baseline = before.renew_with_findings(
        found, compute_fingerprints(found), _make_completeness_test(target)
    )
    write_product(path, baseline.render().encode())
    files = format_count(len(baseline.entries), "file")
    return f"{format_count(baseline.size, 'finding')} in {files} written to {path}"


def _make_completeness_test(target: CommandTarget) -> Callable[[str], bool]:
    """Make a test whether a check of `target` finds every problem of a file."""
    return lambda path: target.whole or path in target.entries or path in target.taken_in


def _read_baseline_file(path: str) -> Baseline | None:
    """Read a baseline file; None when there is no such file. Raises `InvalidBaseline`."""
    folder, name = os.path.split(os.path.realpath(path))
    try:
        return parse_baseline(DiskFiles(folder).read_text(name))
    except UnreadableFile as error:
        if error.missing:
            return None
        raise InvalidBaseline(error.reason) from None
