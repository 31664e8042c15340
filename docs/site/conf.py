"""How Sphinx builds the site; `python -m tools.site` calls it, and says what its sources are."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from flow_lexer import FlowLexer  # noqa: E402 - a file beside this one

from flowdsl import __version__  # noqa: E402

project = "FlowDSL"
version = release = __version__
author = copyright = "the authors of FlowDSL"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"

# Anchors as GitHub gives them, which links between the pages use.
myst_heading_anchors = 4
# “ ” and ⟦ ⟧ belong to prompts, and so do straight quotation marks.
smartquotes = False
# Pages of diagnostics show TOML that is wrong on purpose, and pictures in words.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "FlowDSL"
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["site.css"]
html_search_scorer = str(Path(__file__).parent / "scorer.js")
html_show_sphinx = False
html_last_updated_fmt = None
# `llms.txt` names the sources of the pages.
html_copy_source = True
html_sourcelink_suffix = ""
# Come with the theme; words are easy to tell from what is below them in both.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def setup(app: object) -> None:
    """Let blocks be written in the language."""
    app.add_lexer("flow", FlowLexer)  # type: ignore[attr-defined]
