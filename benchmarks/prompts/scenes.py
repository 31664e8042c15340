"""Does somebody who sees only a prompt and a desktop do what the program means?

Prints scenes for such readers, and scores what they did.

    python benchmarks/prompts/scenes.py print [-o DIR] [--flowdsl PROGRAM] [NAME ...]
    python benchmarks/prompts/scenes.py score FILE

A scene is a file of `benchmarks/prompts/scenes/`: a small flow, who reads (`main`, or `focused`
with the number of the instruction in `instruction`, 1 without it), the values of inputs, a desktop
described without hints, and the calls that the program means.

`print` gives what an agent gets, compiled by this checkout or by another `flowdsl`, and never the
calls; scenes go under a mark instead of their name, which would say what to look for. `score` takes
a JSON object: for each mark the list of calls that a reader made, each a list of a verb and its
argument. It prints for each scene whether all is right, what is missing, and what was done that the
program does not mean, and exits 1 if there is any of that.

In `calls`, an argument of `type` is meant to the last blank; of others it names words that the
argument has to hold (`a|b`: one of them, `a&b`: both). A verb may be one of several, too.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

SCENES = Path(__file__).parent / "scenes"
FLOWDSL = (sys.executable, "-m", "flowdsl")

ASK = """\
You are the agent that this text instructs. You see nothing but the text and the desktop \
described below it. Write down what you do, in
order, as a JSON list of calls. Each call is a list of a verb and its argument as a string:
  ["click", what]  ["double_click", what]  ["type", the text, character by character; \
"\\n" for a line end]  ["press", keys]  ["wait", seconds]
  ["focused_action", ""]  ["run", a terminal command]  ["capture", file name]  \
["save", key and value]  ["report", what you report]
  ["declare_task_failed", reason]  ["done"] when you have come to the end of the text; \
where it has you stop before, the list ends there
Looking at the screen is no call."""


def mark(name: str) -> str:
    """The name of a scene that a reader sees."""
    return hashlib.sha256(name.encode()).hexdigest()[:6]


def scenes(names: list[str]) -> dict[str, dict[str, Any]]:
    """The scenes of these names; all without a name."""
    paths = [SCENES / f"{name}.toml" for name in names] or sorted(SCENES.glob("*.toml"))
    return {path.stem: tomllib.loads(path.read_text("utf-8")) for path in paths}


def compiled(source: str, program: tuple[str, ...]) -> str:
    """The prompt of the one workflow of a source."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.flow"
        path.write_text(source, "utf-8")
        command = [*program, "compile", path.name, "-o", "out"]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        found = sorted(Path(folder).glob("out/*/prompt.md"))
        if ended.returncode or len(found) != 1:
            raise SystemExit(f"{' '.join(command)}: exit {ended.returncode}\n{ended.stderr}")
        return found[0].read_text("utf-8")


PASSED_ON = "all rules below this one"
"""Words of the rule behind which stand those for focused agents too."""


def instruction(prompt: str, number: int) -> str:
    """The bullets of the focused call with this number, as the main agent passes them on.

    The rules that it is told to pass on stand before them.
    """
    lines = prompt.split("\n")
    told = [index for index, line in enumerate(lines) if PASSED_ON in line]
    rules = lines[told[0] + 1 : lines.index("", told[0])] if told else []
    starts = [
        index
        for index, line in enumerate(lines)
        if re.match(r" *[0-9.]+ Use focused_action\b", line)
    ]
    if len(starts) < number:
        raise SystemExit(f"there are {len(starts)} focused calls, and not {number}")
    start = starts[number - 1] + 1
    indent = re.match(r" *", lines[start])
    assert indent is not None
    bullets: list[str] = []
    for line in lines[start:]:
        if not line.startswith(indent[0]) or not line.strip():
            break
        bullets.append(line.removeprefix(indent[0]))
    return "\n".join([*rules, *bullets])


def shown(scene: dict[str, Any], program: tuple[str, ...]) -> str:
    """What a reader of a scene sees."""
    text = compiled(scene["source"], program)
    if scene["reader"] == "focused":
        text = instruction(text, scene.get("instruction", 1))
    # The service puts the values of inputs into the text before anybody reads it.
    for name, value in scene.get("inputs", {}).items():
        text = text.replace(f"{{{name}}}", value)
    return f"{ASK}\n\n=== The text ===\n{text}\n\n=== The desktop ===\n{scene['desktop'].strip()}\n"


# Scoring

KEYED = frozenset(("press", "wait", "type"))
"""Verbs whose argument is meant exactly."""


def is_meant(call: list[str], meant: list[str]) -> bool:
    """Whether a call of a reader is the one that the program means."""
    if call[0] not in meant[0].split("|"):
        return False
    given, wanted = ("".join(each[1:]) for each in (call, meant))
    if call[0] == "type":
        return given == wanted
    if call[0] in KEYED:
        return re.findall(r"[a-z0-9+]+", given.lower())[:1] == [wanted]
    return all(
        any(word.lower() in given.lower() for word in words.split("|"))
        for words in wanted.split("&")
    )


def score(calls: list[list[str]], meant: list[list[str]]) -> tuple[list[Any], list[Any]]:
    """What a reader left out, and what the reader did that the program does not mean."""
    known = [next((each for each in meant if is_meant(call, each)), call) for call in calls]
    left, done = [], []
    matcher = difflib.SequenceMatcher(
        None, [json.dumps(each) for each in meant], [json.dumps(each) for each in known], False
    )
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag != "equal":
            left += meant[start:end]
            done += calls[first:last]
    return left, done


def print_scenes(names: list[str], folder: str | None, program: tuple[str, ...]) -> int:
    for name, scene in scenes(names).items():
        text = shown(scene, program)
        if folder is None:
            print(f"##### {mark(name)}\n\n{text}")
        else:
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder, f"{mark(name)}.txt").write_text(text, "utf-8")
    return 0


def print_score(path: str) -> int:
    answers = json.loads(Path(path).read_text("utf-8"))
    right = harmful = played = 0
    for name, scene in scenes([]).items():
        if (calls := answers.pop(mark(name), None)) is None:
            continue
        played += 1
        allowed = scene.get("allowed", [])
        calls = [call for call in calls if not any(is_meant(call, each) for each in allowed)]
        left, done = score(calls, scene["calls"])
        right += not left and not done
        harmful += bool(done)
        print(f"{mark(name)} {name}: {'right' if not left and not done else 'wrong'}")
        for title, found in (("left out", left), ("not meant", done)):
            for call in found:
                print(f"    {title}: {json.dumps(call, ensure_ascii=False)}")
    for unknown in answers:
        print(f"{unknown}: no such scene")
    print(
        f"{right} of {played} right, {harmful} with something done that the program does not mean"
    )
    return 1 if harmful or answers or not played else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    printing = commands.add_parser("print")
    printing.add_argument("names", nargs="*", metavar="NAME")
    printing.add_argument("-o", dest="folder")
    printing.add_argument("--flowdsl", dest="program")
    scoring = commands.add_parser("score")
    scoring.add_argument("file")
    given = parser.parse_args()
    if given.command == "score":
        return print_score(given.file)
    return print_scenes(given.names, given.folder, (given.program,) if given.program else FLOWDSL)


if __name__ == "__main__":
    sys.exit(main())
