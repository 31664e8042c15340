"""Does somebody who sees only a prompt and a desktop do what the program means?

Prints scenes for such readers, and scores what they did.

    python benchmarks/prompts/scenes.py print [-o DIR] [--flowdsl PROGRAM] [NAME ...]
    python benchmarks/prompts/scenes.py packs N -o DIR [--flowdsl PROGRAM]
    python benchmarks/prompts/scenes.py score FILE ...

A scene is a file of `benchmarks/prompts/scenes/`:

- `source`: a small flow of one workflow; `tools` are those of `focused_agent_tools`. Or `project`
  and `workflow`: one of an example.
- `reader`: `main`; `focused`, whose call is the first that holds the words of `instruction`;
  `screenshot`, who reads what a background reading asks; `outputs`, who makes the outputs.
- `inputs`, by name, and `values` of the run, by name: what the service fills in.
- `desktop`: described without hints.
- `calls`: what the program means; `allowed`: what does no harm beside it.
- `answers`, `situations`: what the desktop answers, as in `tests/corpus/meaning`; `others`: calls
  of another agent in the same run; `prose`: what is done, each time, for words of the author which
  are more than one call.
- `about`: sentences and words by their names, and each time the change of the calls which somebody
  makes who takes it for its opposite (`press f2 -> press f3`).

`print` gives what an agent gets, compiled by this checkout or by another `flowdsl`, and never the
calls; scenes go under a mark instead of their name, which would say what to look for. `packs`
writes all scenes into N files, each with how to answer. `score` takes the answers of readers, a
JSON object in each file: for each mark the list of calls, each a list of a verb and its argument.
It prints for each scene who is right, what is missing and what was done that the program does not
mean, then the sentences that somebody took wrong, and exits 1 if anything was done that a program
does not mean.
`plays.py` says what counts as the same call.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.prompts.plays import Call, compare  # noqa: E402

Scene = dict[str, Any]

SCENES = Path(__file__).parent / "scenes"
PICTURE = ROOT / "tests/corpus/meaning/dot.png"
"""The picture that scenes may show."""

FLOWDSL = (sys.executable, "-m", "flowdsl")

INTRODUCTION = """\
Each scene below stands for itself. You see nothing but its text and what is described below the \
text. Write down what you do, in order,
as a JSON list of calls; each call is a list of a verb and its argument as a string. Do just what \
the text asks for, and guess nothing.
Answer with one JSON object: {"the mark of the scene": [calls], ...}.
"""

AGENTS = """\
You are the agent that the text instructs.
  ["click", what]  ["double_click", what]  ["clear", the field that you empty]  ["press", one \
chord of keys]
  ["type", the text, character by character; "\\n" for a line end]
  ["copy", what you select and copy]  ["wait", seconds of a pause that the text asks for]
  ["run", a terminal command]  ["capture", the name that save_screenshot_as_run_attachment gets]
  ["export", path]  ["screenshot", ""]
  ["focused_action", its model, if one is named, and the whole text that you pass]
  ["start_loop", its text]  ["end_loop_iteration", ""]  ["save", key and value]  ["report", what]
  ["declare_task_failed", reason]  ["done"] when you have come to the end of the text; where it \
has you stop before, the list ends there
Write what is in { } as you see it. \
Looking at the screen is no call, also while you wait for something. What a focused_action does is \
none of your calls."""

ASK = {
    "main": AGENTS,
    "focused": AGENTS,
    "screenshot": """\
You are shown a screen and asked this.
["save", key and value] is a call; ["done"] ends the list.""",
    "outputs": """\
A run has ended, and this JSON schema describes its outputs. You see what the run has saved, and \
nothing else. Make the outputs: a call
["output", "name = its value as JSON"] for each that there is; ["done"] ends the list.""",
}


def mark(name: str) -> str:
    """The name of a scene that a reader sees."""
    return hashlib.sha256(name.encode()).hexdigest()[:6]


def scenes(names: list[str]) -> dict[str, Scene]:
    """The scenes of these names; all without a name."""
    paths = [SCENES / f"{name}.toml" for name in names] or sorted(SCENES.glob("*.toml"))
    return {path.stem: tomllib.loads(path.read_text("utf-8")) for path in paths}


def settings(scene: Scene) -> str:
    """The project file of a scene."""
    tools = json.dumps(scene.get("tools", []))
    return f"""\
[project]
name = "scene"
flows = ["*.flow"]
[platform]
focused_agent_tools = {tools}
[env.local]
api = "local"
models = {{ fast = "Fast Vision" }}
"""


def files_of(scene: Scene) -> dict[str, bytes]:
    """The project of a scene: its one flow, or an example of the repository."""
    if "project" in scene:
        folder = ROOT / scene["project"]
        paths = filter(Path.is_file, folder.rglob("*"))
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {
        "scene.flow": scene["source"].lstrip().encode(),
        "flowdsl.toml": settings(scene).encode(),
        PICTURE.name: PICTURE.read_bytes(),
    }


def compiled(scene: Scene, program: tuple[str, ...]) -> tuple[str, str]:
    """The prompt of the workflow of a scene, and the schema of its outputs or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files_of(scene).items():
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_bytes(content)
        command = [*program, "compile", "--env", "local", "-o", "out"]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        found = sorted(Path(folder).glob(f"out/{scene.get('workflow', '*')}/prompt.md"))
        if ended.returncode or len(found) != 1:
            raise SystemExit(f"{' '.join(command)}: exit {ended.returncode}\n{ended.stderr}")
        schema = found[0].with_name("output.schema.json")
        outputs = schema.read_text("utf-8") if schema.exists() else ""
        return found[0].read_text("utf-8").rstrip("\n"), outputs.rstrip("\n")


# What a reader sees

PASSED_ON = "rules below this one"
"""Words of the rule behind which stand those for focused agents too."""

CLOSING = dict(zip("\"'“«‹「⟦", "\"'”»›」⟧", strict=True))
"""The mark behind a quoted text, by the mark before it."""


def instruction(prompt: str, words: str) -> str:
    """The bullets of the first focused call that holds these words, as they are passed on.

    The rules that the main agent is told to pass on stand before them.
    """
    lines = prompt.split("\n")
    told = [index for index, line in enumerate(lines) if PASSED_ON in line]
    rules = lines[told[0] + 1 : lines.index("", told[0])] if told else []
    for start, line in enumerate(lines[:-1], 1):
        if not re.match(r"[^\w]*[0-9.]+ .*Use focused_action\b", line):
            continue
        indent = re.match(r" *", lines[start])
        assert indent is not None
        bullets = []
        for each in lines[start:]:
            if not each.startswith(indent[0]) or not each.strip():
                break
            bullets.append(each.removeprefix(indent[0]))
        if words in "\n".join(bullets):
            return "\n".join([*rules, *bullets])
    raise SystemExit(f"no focused call with the words: {words}")


def background(prompt: str) -> str:
    """What the first background reading asks."""
    _, found, rest = prompt.partition("extract_prompt=")
    if not found:
        raise SystemExit("there is no background reading")
    return rest[1:].partition(CLOSING[rest[0]])[0]


def seen(scene: Scene, prompt: str, outputs: str) -> str:
    """What the reader of a scene sees of a compiled workflow, values filled in."""
    match scene["reader"]:
        case "focused":
            text = instruction(prompt, scene.get("instruction", ""))
        case "screenshot":
            text = background(prompt)
        case "outputs":
            return json.dumps(json.loads(outputs), indent=2, ensure_ascii=False)
        case _:
            text = prompt
    return filled(text, scene)


def filled(text: str, scene: Scene) -> str:
    """A text as the service gives it to somebody, with inputs and values of the run.

    What the text calls ⟪x.value⟫ was saved as an object with "value".
    """
    for name, value in scene.get("inputs", {}).items():
        text = _filled(text, "{", name, value, "}")
    for name, value in scene.get("values", {}).items():
        is_boxed = f"\u27ea{name}.value\u27eb" in text
        text = _filled(text, "{{", name, {"value": value} if is_boxed else value, "}}")
        if isinstance(value, list):
            text = _filled(text, "{{", f"{name}_entries", [{"value": each} for each in value], "}}")
    return text


def _filled(text: str, opening: str, name: str, value: Any, closing: str) -> str:
    if isinstance(value, dict):
        for key, each in value.items():
            text = _filled(text, opening, f"{name}.{key}", each, closing)
    is_inner = r"(?<!\{)" if opening == "{" else ""
    pattern = f"{is_inner}{re.escape(opening + name + closing)}"
    return re.sub(pattern, lambda _: spelled(value), text)


def spelled(value: Any) -> str:
    """A value as the service puts it into a text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def shown(scene: Scene, program: tuple[str, ...]) -> str:
    """What a reader of a scene sees, behind how to answer."""
    text = seen(scene, *compiled(scene, program))
    desktop = scene["desktop"].strip()
    return f"=== The text ===\n{text}\n\n=== What is there ===\n{desktop}\n"


# Printing


def print_scenes(names: list[str], folder: str | None, program: tuple[str, ...]) -> int:
    for name, scene in scenes(names).items():
        text = f"{INTRODUCTION}\n{ASK[scene['reader']]}\n\n{shown(scene, program)}"
        if folder is None:
            print(f"##### {mark(name)}\n\n{text}")
        else:
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder, f"{mark(name)}.txt").write_text(text, "utf-8")
    return 0


def write_packs(count: int, folder: str, program: tuple[str, ...]) -> int:
    """Write all scenes into so many files, in the order of their marks."""
    found = scenes([])
    names = sorted(found, key=mark)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        here = names[number::count]
        template = json.dumps({mark(name): [] for name in here})
        parts = [
            INTRODUCTION,
            f"Where nothing else is said: {AGENTS}\n",
            f"To fill in: {template}\n",
        ]
        for name in here:
            asked = ASK[found[name]["reader"]]
            told = "" if asked == AGENTS else f"{asked}\n\n"
            parts.append(f"##### Scene {mark(name)}\n\n{told}{shown(found[name], program)}")
        Path(folder, f"pack-{number + 1}.txt").write_text("\n".join(parts), "utf-8")
    return 0


# Scoring


def print_score(paths: list[str]) -> int:
    """Print who was right in which scene, and which sentences somebody took wrong."""
    answers = {path: read_answers(path) for path in paths}
    plays: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    total = right = harmful = 0
    for name, scene in scenes([]).items():
        given = {
            path: answers[path].pop(mark(name)) for path in paths if mark(name) in answers[path]
        }
        results = {path: judged(calls, scene) for path, calls in given.items()}
        missed = {path: result for path, result in results.items() if result != ([], [])}
        total += len(results)
        right += len(results) - len(missed)
        harmful += sum(bool(done) for _, done in missed.values())
        for _ in results:
            plays.update(list(scene.get("about", {})))
        for _ in missed:
            wrong.update(list(scene.get("about", {})))
        if results:
            print(f"{mark(name)} {name}: {len(results) - len(missed)} of {len(results)} right")
        for path, (left, done) in missed.items():
            for title, found in (("left out", left), ("not meant", done)):
                for call in found:
                    told = json.dumps(call, ensure_ascii=False)
                    print(f"    {Path(path).stem}, {title}: {told}")
    unknown = [each for given in answers.values() for each in given]
    for each in unknown:
        print(f"{each}: no such scene")
    for each, count in sorted(wrong.items()):
        print(f"in a scene that somebody got wrong: {each}, {plays[each] - count} of {plays[each]}")
    print(
        f"{len(plays)} sentences and words played, {len(plays) - len(wrong)} of them always right"
    )
    meant = f"{harmful} with something done that the program does not mean"
    print(f"{right} of {total} plays right, {meant}")
    return 1 if harmful or unknown or not total else 0


def read_answers(path: str) -> dict[str, list[Call]]:
    """The calls of a reader by the marks of scenes."""
    try:
        found = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise SystemExit(f"{path}: expected a JSON object with a list of calls for each mark")
    for mark, calls in found.items():
        if not isinstance(calls, list) or not all(
            isinstance(call, list) and call for call in calls
        ):
            raise SystemExit(
                f'{path}: expected for {mark} a list of calls, each a list like ["press", "f5"]'
            )
    return {mark: [[str(part) for part in call] for call in found[mark]] for mark in found}


def judged(calls: list[Call], scene: Scene) -> tuple[list[Call], list[Call]]:
    """What a reader of a scene left out, and what the reader did that the program does not mean."""
    allowed = scene.get("allowed", [])
    return compare([call for call in calls if not _is_allowed(call, allowed)], scene["calls"])


def _is_allowed(call: Call, allowed: list[Call]) -> bool:
    return any(compare([call], [each]) == ([], []) for each in allowed)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    printing = commands.add_parser("print")
    printing.add_argument("names", nargs="*", metavar="NAME")
    printing.add_argument("-o", dest="folder")
    packing = commands.add_parser("packs")
    packing.add_argument("count", type=int, metavar="N")
    packing.add_argument("-o", dest="folder", required=True)
    for each in (printing, packing):
        each.add_argument("--flowdsl", dest="program")
    scoring = commands.add_parser("score")
    scoring.add_argument("files", nargs="+", metavar="FILE")
    given = parser.parse_args()
    if given.command == "score":
        return print_score(given.files)
    program = (given.program,) if given.program else FLOWDSL
    if given.command == "packs":
        return write_packs(given.count, given.folder, program)
    return print_scenes(given.names, given.folder, program)


if __name__ == "__main__":
    sys.exit(main())
