"""The sink, in which phases record what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flowdsl.source.text import Span

from .diagnostic import ERROR, Diagnostic, DiagnosticSpec, Fix, Label

LONGEST = 2_000
"""Characters of a value in a message, and of a help."""


def cut_text(text: str) -> str:
    """Truncate a text for people to `LONGEST` characters: names and values can have any length."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


class Sink:
    """Collects findings; the same finding at the same place is kept once."""

    full = False
    """Whether further findings are dropped, so that a phase may stop; limited sinks set it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int, int, str], Diagnostic] = {}

    def report(
        self,
        spec: DiagnosticSpec,
        span: Span,
        *,
        label: str = "",
        labels: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        fixes: tuple[Fix, ...] = (),
        help: str | None = None,
        **values: object,
    ) -> None:
        """Record a finding.

        `values` fill the spec's message and help; `help` replaces the spec's own.
        """
        values = {
            name: cut_text(value) if isinstance(value, str) else value
            for name, value in values.items()
        }
        message = spec.message.format(**values)
        if help is not None:
            help = cut_text(help)
        elif spec.help is not None:
            help = spec.help.format(**values)
        key = (spec.name, span.path, span.start, span.end, message)
        if key not in self._found:
            self._found[key] = Diagnostic(
                spec, span, message, label, labels, tuple(notes), help, tuple(fixes)
            )

    def extend(self, findings: Iterable[Diagnostic]) -> None:
        """Record findings of another sink."""
        for each in findings:
            key = (each.name, each.span.path, each.span.start, each.span.end, each.message)
            self._found.setdefault(key, each)

    def drop(self, unwanted: Callable[[Diagnostic], bool]) -> None:
        """Take back the findings that are `unwanted`."""
        self._found = {key: each for key, each in self._found.items() if not unwanted(each)}

    @property
    def has_errors(self) -> bool:
        return any(found.severity == ERROR for found in self._found.values())

    def findings_in_order(self) -> tuple[Diagnostic, ...]:
        """All findings by file, place and name: the same order whatever the order of the phases."""
        return tuple(sorted(self._found.values(), key=Diagnostic.sort_key))
