"""A page of `flowdsl explain`: its text, and the examples in it as files."""

from __future__ import annotations

import re
from pathlib import Path

from flowdsl.catalog import diagnostics
from flowdsl.diagnostics.diagnostic import ERROR, DiagnosticSpec, spell_placeholders
from flowdsl.lint.rules import RULES
from flowdsl.source.record import Record

PAGES = Path(__file__).parent / "pages"
DEFAULT_FILE = "example.flow"
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)
"""A PNG of one grey pixel: the content of each `png` block."""

_SECTION = re.compile(r"^## (Wrong|Right)\n", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+)((?: [^\n]*)?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class DiagnosticPage(Record):
    """The page of one diagnostic.

    `wrong` and `right` are its two examples, as the content of files by path, such as
    `flowdsl.toml`; both are empty where no flow alone shows the diagnostic.
    """

    spec: DiagnosticSpec
    body: str
    wrong: dict[str, bytes]
    right: dict[str, bytes]

    @property
    def markdown(self) -> str:
        """The whole page: a header made from the catalogue, then the body of the file."""
        spec = self.spec
        lines = [
            f"# {spec.name}",
            "",
            f"{spec.severity} · {spec.category} · “{spell_placeholders(spec.message)}”",
            "",
        ]
        if spec.help is not None:
            lines += [f"Help: {spell_placeholders(spec.help)}.", ""]
        if spec.severity == ERROR and spec.arguable:
            lines += [f"A comment can suppress it: `# flow: ignore[{spec.name}] reason`.", ""]
        options = _options(spec.name)
        if options:
            lines += ["Options, in `flowdsl.toml`:", "", "```toml", f"[lint.rules.{spec.name}]"]
            lines += [f"{name} = {value}" for name, value in options.items()]
            lines += ["```", ""]
        return "\n".join(lines) + "\n" + self.body.strip() + "\n"


def page_of(name: str) -> DiagnosticPage:
    """The page of a diagnostic or rule; raises `KeyError` when there is none of that name."""
    spec = diagnostics()[name]
    body = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    return DiagnosticPage(spec, body, _example(body, "Wrong"), _example(body, "Right"))


def _example(body: str, title: str) -> dict[str, bytes]:
    """The files in the section `title`: a block without a path is `DEFAULT_FILE`."""
    pieces = _SECTION.split(body)
    text = next((text for at, text in enumerate(pieces) if at and pieces[at - 1] == title), "")
    files = {}
    for language, info, content in _BLOCK.findall(text):
        words = info.split()
        if language == "png":
            size = int(words[1]) if len(words) > 1 else len(PICTURE)
            files[words[0]] = PICTURE.ljust(size, b"\0")
        elif words or language == "flow":
            files[words[0] if words else DEFAULT_FILE] = content.encode("utf-8")
    return files


def _options(name: str) -> dict[str, int]:
    rule = next((rule for rule in RULES if rule.name == name), None)
    return {} if rule is None else dict(rule.load().options)
