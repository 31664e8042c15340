"""The pages of the documentation: the site that is built of them, and `llms.txt`, which lists them.

    python -m tools.site -o build/site     builds the site, warnings being errors
    python -m tools.site --write           makes `llms.txt`
    python -m tools.site --check           says whether it is stale

The site needs `pip install --group docs`. No page asks another host: search and fonts are local.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from .made import write_or_check

ROOT = Path(__file__).parents[1]
LLMS = ROOT / "llms.txt"
CONFIGURATION = ROOT / "docs/site"

PAGES = {
    "Begin": {
        "docs/tutorial.md": "from workflows in a dashboard to CI, an hour",
        "docs/cookbook/README.md": "situations on a desktop, each with a whole flow and its tests",
        "docs/when-not.md": "when another tool is better, and what FlowDSL does not do",
    },
    "Language": {
        "docs/language.md": "one flow, from ten lines to workflows with tests; twenty minutes",
        "docs/language-reference.md": "all that can be written: settings, types, statements",
        "docs/testing.md": "tests of flows: answers, expectations, coverage, wrong edits, paths",
        "docs/checking.md": "which rules `check` has, severities, baselines, words of a team",
        "docs/formatting.md": "the one style of flows",
        "docs/editor.md": "completion, hover, renaming and more: the language server",
        "docs/reference/README.md": "a page for every diagnostic and rule",
    },
    "Use": {
        "docs/commands.md": "every command, and where each writes",
        "docs/project-file.md": "every setting of `flowdsl.toml`",
        "docs/importing.md": "workflows that exist already, and statements for their prompts",
        "docs/deploying.md": "plans, deploys, guards, drift, and what a prompt costs",
        "docs/running.md": "runs, many runs, chains, pauses, and the Python interface",
        "docs/tracing.md": "what a run did, over the lines of its flow",
        "docs/pulling.md": "edits of the dashboard, written back into the flows",
        "docs/ci.md": "pipelines for GitHub and GitLab, drift, and exit codes",
        "docs/state.md": "what is remembered of an environment, and how it is mended",
        "docs/resources.md": "machines, pools, recordings, models, tags and attachments",
        "docs/emulator.md": "the local Cyberdesk, and rehearsals of a bad day",
    },
    "Background": {
        "docs/assumptions.md": "what is believed of the service without its promise",
        "docs/scale.md": "a hundred thousand workflows on paper, and what breaks first",
        "docs/prompt-language.md": "the sentences of compiled prompts and what they mean",
        "docs/architecture.md": "how FlowDSL is built, and where a change goes",
        "docs/glossary.md": "the words that the code uses",
        "docs/adr/README.md": "decisions and their reasons",
        "CHANGELOG.md": "what changed",
        "CONTRIBUTING.md": "how to take part",
        "SECURITY.md": "how to report a weakness",
    },
}
"""What the site and `llms.txt` have, by chapter, each with a line about it."""

_BESIDE = (
    "grammars/README.md",
    "tests/README.md",
    "benchmarks/README.md",
    *(f"editors/{each}/README.md" for each in ("tree-sitter", "vscode", "web")),
)
"""Pages that others link to, without a place of their own in the navigation."""

_COLLECTIONS = (ROOT / "docs/reference", ROOT / "docs/adr")
"""Folders of many small pages; those would make every page's navigation long, and are found by
search and by the list of each folder."""

_ALONE = "---\norphan: true\n---\n\n"
"""What tells Sphinx that a page is in no table of contents."""

_LINK = re.compile(r"(\[[^\[\]]*\])\(([^()\s:#]+)(#[^()\s]*)?\)")


def render_llms(prefix: str = "") -> str:
    """Make `llms.txt`: each page with its title and one line; `prefix` leads to the pages."""
    lines = [
        "# FlowDSL",
        "",
        "> Desktop workflows as code: `.flow` files are checked, compiled to prompts, tested "
        "without a desktop, and deployed to Cyberdesk.",
        "",
        "`flowdsl check FILE --format terse` prints the mistakes of a flow, `flowdsl explain NAME` "
        "the page of a diagnostic or of a word of the language, and `flowdsl test` runs its tests.",
    ]
    for chapter, pages in PAGES.items():
        lines += ["", f"## {chapter}", ""]
        lines += [f"- [{_title_of(page)}]({prefix}{page}): {line}" for page, line in pages.items()]
    return "\n".join(lines) + "\n"


def _title_of(page: str) -> str:
    first = (ROOT / page).read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("# ").replace("`", "")


def stage_sources(folder: Path) -> None:
    """Copy the pages into a folder, where every `README.md` is the `index.md` that a site wants."""
    pages = [ROOT / "README.md", *(ROOT / each for each in _BESIDE)]
    pages += [ROOT / page for chapter in PAGES.values() for page in chapter]
    pages += (ROOT / "docs").rglob("*.md")
    for page in sorted(set(pages)):
        text = _LINK.sub(partial(_lead, page, folder), page.read_text("utf-8"))
        place = _place_of(page, folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        text = _ALONE * (page.parent in _COLLECTIONS and page.name != "README.md") + text
        place.write_text(text + _contents_of(page), encoding="utf-8", newline="\n")


def _place_of(page: Path, folder: Path) -> Path:
    place = folder / page.relative_to(ROOT)
    return place.with_name("index.md") if place.name == "README.md" else place


def _lead(page: Path, folder: Path, link: re.Match[str]) -> str:
    """A link of a page as the site has it; files that are no pages go along, folders do not."""
    text, target, anchor = link[1], link[2], link[3] or ""
    found = (page.parent / target).resolve()
    if not found.is_relative_to(ROOT) or not found.exists():
        return link[0]
    if found.is_dir():
        found /= "README.md"
        if not found.is_file():
            return text[1:-1]
        target = f"{target.rstrip('/')}/README.md"
    if found.suffix != ".md":
        place = folder / found.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, place)
    target = re.sub(r"(^|/)README\.md$", r"\1index.md", target)
    return f"{text}({target}{anchor})"


def _contents_of(page: Path) -> str:
    """What the site adds to a page that leads to others: its table of contents, or their list."""
    name = page.relative_to(ROOT).as_posix()
    if name == "README.md":
        chapters = PAGES | {"": dict.fromkeys(_BESIDE, "")}
        return "".join(_toctree([*pages], caption) for caption, pages in chapters.items())
    if name == "docs/adr/README.md":
        decisions = sorted(page.parent.glob("0*.md"))
        return "\n" + "".join(
            f"- [{_title_of(each.relative_to(ROOT).as_posix())}]({each.name})\n"
            for each in decisions
        )
    if name != "docs/cookbook/README.md":
        return ""
    # In the order in which the page links to them.
    return _toctree(
        list(dict.fromkeys(re.findall(r"\((\w[\w-]*\.md)", page.read_text("utf-8")))), ""
    )


def _toctree(pages: list[str], caption: str) -> str:
    lines = [re.sub(r"(^|/)README\.md$", r"\1index.md", page) for page in pages]
    options = [":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join(["\n```{toctree}", *options, "", *lines, "```", ""])


def build_site(out: Path) -> int:
    """Build the site into a folder; the exit code of Sphinx, for which a warning is an error."""
    with tempfile.TemporaryDirectory() as staged:
        stage_sources(Path(staged))
        options = ["-W", "--keep-going", "-q", "-E", "-d", f"{staged}/.doctrees"]
        command = [sys.executable, "-m", "sphinx", "-b", "html", *options]
        command += ["-c", str(CONFIGURATION), staged, str(out)]
        code = subprocess.run(command, check=False).returncode
    if code == 0:
        text = render_llms("_sources/").replace("README.md", "index.md")
        (out / "llms.txt").write_text(text, encoding="utf-8", newline="\n")
    return code


def main(words: list[str]) -> int:
    """Carry out the command; its exit code."""
    if len(words) == 2 and words[0] == "-o":
        return build_site(Path(words[1]))
    return write_or_check(words, "tools.site", LLMS, render_llms())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
