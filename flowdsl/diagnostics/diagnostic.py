"""What a finding is: its declaration (`DiagnosticSpec`) and one occurrence (`Diagnostic`)."""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.source.text import Span

ERROR = "error"
WARNING = "warning"
INFO = "info"
SEVERITIES = (ERROR, WARNING, INFO)


class DiagnosticSpec(Record):
    """The declaration of a diagnostic.

    `name` is kebab-case and unique in the program. `message` is a `str.format` template: one short
    sentence in lower case without a full stop. `help`, also a template, says what to do. `arguable`
    marks an error in spite of which a program can be compiled, so that a comment may suppress it;
    warnings and infos can always be suppressed.
    """

    name: str
    category: str
    message: str
    help: str | None = None
    severity_override: str | None = None
    arguable: bool = False

    @property
    def severity(self) -> str:
        return self.severity_override or CATEGORY_SEVERITY[self.category]


def spell_placeholders(template: str) -> str:
    """Return a message template with `‹name›` for each of its values."""
    from string import Formatter

    pieces = Formatter().parse(template)
    return "".join(text + (f"‹{field}›" if field else "") for text, field, _, _ in pieces)


class Category(Record):
    """What diagnostics are about; `severity` is theirs unless a spec says otherwise."""

    name: str
    severity: str

    def spec(
        self,
        name: str,
        message: str,
        help: str | None = None,
        severity_override: str | None = None,
        arguable: bool = False,
    ) -> DiagnosticSpec:
        """The declaration of a diagnostic of this category."""
        return DiagnosticSpec(name, self.name, message, help, severity_override, arguable)


SYNTAX = Category("syntax", ERROR)
NAMES = Category("names", ERROR)
TYPES = Category("types", ERROR)
FLOW = Category("flow", ERROR)
SECRETS = Category("secrets", ERROR)
PLATFORM = Category("platform", ERROR)
SUSPICIOUS = Category("suspicious", WARNING)
WORDING = Category("wording", WARNING)
STYLE = Category("style", INFO)

CATEGORY_SEVERITY = {
    each.name: each.severity
    for each in (SYNTAX, NAMES, TYPES, FLOW, SECRETS, PLATFORM, SUSPICIOUS, WORDING, STYLE)
}
"""Every category and the severity of its diagnostics."""


class Label(Record):
    """A secondary place and why it matters."""

    span: Span
    text: str


class Edit(Record):
    """Replace the text of `span` by `replacement`."""

    span: Span
    replacement: str


class Fix(Record):
    """A proposed change. `applicability` is `safe`, `unsafe` or `placeholder`."""

    title: str
    edits: tuple[Edit, ...]
    applicability: str = "unsafe"


class Diagnostic(Record):
    """One finding at one place. `label` is the short text under the primary span."""

    spec: DiagnosticSpec
    span: Span
    message: str
    label: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    fixes: tuple[Fix, ...] = ()

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def severity(self) -> str:
        return self.spec.severity

    def sort_key(self) -> tuple[str, int, int, str, str]:
        """File, place, name: the order of findings in every report."""
        return (self.span.path, self.span.start, self.span.end, self.name, self.message)
