"""The configurations of editors that no test starts, against what they configure."""

from __future__ import annotations

import json
import plistlib
import re
import tomllib
from pathlib import Path

from tools.sublime import TARGET, make_plist

EDITORS = Path(__file__).parents[2] / "editors"
SERVER = ["flowdsl", "lsp"]


def test_sublime_text_has_the_colours_of_vs_code() -> None:
    assert TARGET.read_text("utf-8") == make_plist(), "run `python -m tools.sublime --write`"
    settings = json.loads((EDITORS / "sublime" / "LSP.sublime-settings").read_text("utf-8"))
    client = settings["clients"]["flowdsl"]
    assert client["command"] == SERVER
    assert client["selector"] == plistlib.loads(TARGET.read_bytes())["scopeName"]


def test_zed_finds_its_grammar_and_its_language() -> None:
    zed = EDITORS / "zed"
    extension = tomllib.loads((zed / "extension.toml").read_text("utf-8"))
    language = tomllib.loads((zed / "languages" / "flowdsl" / "config.toml").read_text("utf-8"))
    grammar = extension["grammars"][language["grammar"]]
    assert (EDITORS.parent / grammar["path"] / "src" / "parser.c").is_file()
    assert extension["language_servers"]["flowdsl"]["languages"] == [language["name"]]
    assert re.search(language["first_line_pattern"], "flow 1")


def test_helix_and_jetbrains_start_the_server_for_flows() -> None:
    helix = tomllib.loads((EDITORS / "helix" / "languages.toml").read_text("utf-8"))
    server = helix["language-server"]["flowdsl"]
    assert [server["command"], *server["args"]] == SERVER
    (language,) = helix["language"]
    assert language["file-types"] == ["flow"] and language["grammar"] == "flowdsl"
    template = json.loads((EDITORS / "jetbrains" / "flowdsl" / "template.json").read_text("utf-8"))
    assert " ".join(SERVER) in template["programArgs"]["default"]
    (mapping,) = template["fileTypeMappings"]
    assert mapping["fileType"]["patterns"] == ["*.flow"]
