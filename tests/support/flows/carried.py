"""Projects in the former spellings, and what they compile to when they are carried over.

`tests/corpus/carried/flows.txt` holds the files of every project. A section begins with a line
`=== PROJECT: PATH`; that of a picture is empty and stands for `dot.png`. `payloads.txt` has a line
for each workflow and chain: the digest of its payload, its name, and behind a `|` what the present
language means otherwise than the former one did, where the payload is another one for that.

    python -m tests.support.flows.carried --write     # after a change of what programs compile to
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256

from flowdsl.codegen.artifacts import Bundle, render_plain_json
from flowdsl.compiler.pipeline import CompileOptions
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink

from .compiling import ROOT

FOLDER = ROOT / "tests/corpus/carried"
HEAD = "=== "


def read_projects() -> dict[str, dict[str, str | bytes]]:
    """The files of each project, by the name of the project and by path."""
    dot = (ROOT / "tests/corpus/meaning/dot.png").read_bytes()
    projects: dict[str, dict[str, str | bytes]] = {}
    for part in ("\n" + (FOLDER / "flows.txt").read_text()).split("\n" + HEAD)[1:]:
        name, _, body = part.partition("\n")
        project, _, path = name.partition(": ")
        projects.setdefault(project, {})[path] = dot if path.endswith(".png") else body
    return projects


def options_of(files: dict[str, str | bytes]) -> CompileOptions:
    """The options that compile a project for its environment `local`."""
    text = files.get("flowdsl.toml")
    if text is None:
        return CompileOptions()
    assert isinstance(text, str)
    sink = Sink()
    project = load_project(text, "flowdsl.toml", sink)
    assert project is not None, [found.message for found in sink.findings_in_order()]
    return CompileOptions(project, project.environments["local"])


def read_digests() -> dict[str, tuple[str, str]]:
    """The digest of each payload, and what changed it on purpose, by the name of the workflow."""
    found = {}
    for line in (FOLDER / "payloads.txt").read_text().splitlines():
        digest, _, rest = line.partition(" ")
        name, _, kind = rest.partition(" | ")
        found[name] = digest, kind
    return found


def payloads_of(project: str, bundle: Bundle) -> dict[str, str]:
    """What each workflow and chain compiles to, by its name behind the one of its project."""
    payloads = {}
    for workflow in bundle.workflows:
        parts = {key: _readable(render_plain_json(each)) for key, each in workflow.payload.items()}
        prompt = parts.pop("main_prompt")
        rest = json.dumps(parts, indent=1, ensure_ascii=False)
        payloads[f"{project}: {workflow.name}"] = f"{prompt}\n---\n{rest}"
    for chain in bundle.chains:
        rest = json.dumps(chain.payload, indent=1, ensure_ascii=False)
        payloads[f"{project}: chain {chain.name}"] = rest
    return payloads


def _readable(value: object) -> object:
    """Schemas are strings in a payload; as JSON their differences can be read."""
    if isinstance(value, str) and value.startswith("{\n"):
        return json.loads(value)
    return value


def digest_of(payload: str) -> str:
    """A digest of a payload that fits in a line."""
    return sha256(payload.encode()).hexdigest()[:16]


def _write() -> None:
    from flowdsl.compiler.pipeline import compile_project
    from flowdsl.source.files import MemoryFiles

    from .former import carry_over, flows_in

    kinds = {name: kind for name, (_, kind) in read_digests().items()}
    lines = []
    for project, files in read_projects().items():
        options = options_of(files)
        _, carried = carry_over(files, options, unsafe=True)
        bundle = compile_project(MemoryFiles(dict(carried)), flows_in(carried), options).bundle
        assert bundle is not None, project
        for name, payload in payloads_of(project, bundle).items():
            kind = kinds.get(name)
            lines.append(f"{digest_of(payload)} {name}{f' | {kind}' if kind else ''}\n")
    (FOLDER / "payloads.txt").write_text("".join(lines))


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    _write()
