"""Dashboard workflows as people write them: imported, and their prompts converted to statements.

`python benchmarks/service/conversions.py FOLDER [-v]` reads every `*.json` of a folder, each the
body of a workflow of the service, and for each in a project of its own

1. imports it and compiles it: the payload has to come back as it was;
2. converts its prompt with `flowdsl convert --write`, and checks the project;
3. looks for every input, secret, output and variable of the original in what it then compiles to;
4. counts the sentences of the prompt that are statements now: a sentence is prose if its words
   still stand in a `do` or in the title of a step. Clicks, ways through menus and introductions
   are told apart: for them the language has no other statement than `do`.

The sentences are cut here, by punctuation and lines, and share no code with the conversion. Goals:
every proposal compiles, nothing is lost, no payload is changed by import, and 60 % of the sentences
that have a statement are one.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GOAL = 0.6
_ONLY_DO = re.compile(
    r"(?i)(?:then |now |next,? |first,? )?"
    r"(?:(?:double-|right-)?click|open|go |navigate|scroll|start |launch|close|minimi[sz]e|"
    r"maximi[sz]e|switch|you (?:are|work|will|have)|your |this (?:task|work)|the (?:goal|task)|"
    r"context|background|welcome|klicke|öffne|gehe|starte|schließe|du bist|sie )"
)
_VARIABLE = re.compile(r"\{\{\s*(\w+)[^{}]*\}\}|\{(\$?\w+)[^{}]*\}")


@dataclass
class Outcome:
    """What became of one workflow; `lost` names variables and fields that are gone."""

    name: str
    same_payload: bool = False
    compiles: bool = False
    lost: list[str] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    message: str = ""


def flowdsl(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "flowdsl", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def split_sentences(prompt: str) -> list[str]:
    """Cut a prompt, HTML or not, into sentences without list marks."""
    text = re.sub(r"(?i)</(?:p|li|h[1-6]|div|tr)>|<br[^>]*>", "\n", prompt)
    text = html.unescape(re.sub(r"(?i)</?[a-z][^<>]*>", "", text))
    sentences: list[str] = []
    for line in text.split("\n"):
        line = re.sub(r"^\s*(?:#+|[-*•]|\w{1,3}[.)]|(?:Step|Schritt) \d+[.:)]?)\s+", "", line)
        sentences += re.split(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ\"{])", line.strip())
    return [each for each in sentences if re.search(r"\w\w", each)]


def words_of(text: str) -> str:
    """The letters of a text, by which a sentence is found again."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def prose_of(flow: str) -> str:
    """The words of every `do` and of every title of a step in a flow."""
    texts = re.findall(r'\b(?:do|step) (?:r?"""(.*?)"""|r?"((?:[^"\\]|\\.)*)")', flow, re.DOTALL)
    return " | ".join(words_of((long or short).replace('\\"', '"')) for long, short in texts)


def fields_of(schema: Any) -> set[str]:
    """The names of the properties of a schema that is a text."""
    try:
        properties = json.loads(schema or "{}").get("properties", {})
    except (ValueError, AttributeError):
        return set()
    return set(properties) if isinstance(properties, dict) else set()


def study(file: Path, folder: Path) -> Outcome:
    """Import, compile and convert one workflow in an empty folder."""
    body = json.loads(file.read_text(encoding="utf-8"))
    outcome = Outcome(file.stem)
    prompt = body["main_prompt"]
    imported = flowdsl(folder, "import", str(file.resolve()), "-o", "project")
    project = folder / "project"
    if imported.returncode:
        outcome.message = imported.stderr
        return outcome
    before = compile_payload(project)
    if before is not None:
        keys = ("name", "main_prompt", "input_schema", "output_schema")
        outcome.same_payload = all(_plain(before.get(key)) == _plain(body.get(key)) for key in keys)
    [flow] = project.glob("flows/*.flow")
    converted = flowdsl(project, "convert", f"flows/{flow.name}", "--write")
    after = compile_payload(project)
    outcome.compiles = converted.returncode == 0 and after is not None
    outcome.message = "" if outcome.compiles else converted.stderr[-2000:]
    if outcome.compiles and after is not None:
        mended = re.findall(r"`\$?(\w+)` in the prompt is taken for", converted.stderr)
        outcome.lost = [
            each for each in find_lost(body, after) if each.split()[-1].lstrip("$") not in mended
        ]
        prose = prose_of(flow.read_text(encoding="utf-8"))
        sentences = split_sentences(prompt)
        outcome.sentences = sentences
        outcome.prose = [each for each in sentences if words_of(each) in prose]
    return outcome


def find_lost(body: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The fields of schemas and variables of the prompt that the new workflow lacks."""
    lost = []
    for key in ("input_schema", "output_schema"):
        missing = fields_of(body.get(key)) - fields_of(after.get(key))
        lost += [f"{key}: {each}" for each in sorted(missing)]
    names = {saved or given for saved, given in _VARIABLE.findall(body["main_prompt"])}
    told = json.dumps(after)
    return lost + [f"variable {each}" for each in sorted(names) if each.lstrip("$") not in told]


def compile_payload(project: Path) -> dict[str, Any] | None:
    """The payload of the one workflow of a project; None where it does not compile."""
    done = flowdsl(project, "compile", "-o", "out")
    files = list(project.glob("out/*/payload.json"))
    if done.returncode or len(files) != 1:
        return None
    found: dict[str, Any] = json.loads(files[0].read_text(encoding="utf-8"))
    return found


def _plain(value: Any) -> Any:
    """A schema as what it says: the blanks and the order of a JSON text mean nothing."""
    if not isinstance(value, str):
        return value or None
    try:
        return json.loads(value)
    except ValueError:
        return value


def main() -> int:
    """Print a line for each workflow, and the shares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-v", "--verbose", action="store_true", help="list sentences left as prose")
    arguments = parser.parse_args()
    outcomes = []
    for file in sorted(arguments.folder.glob("*.json")):
        with tempfile.TemporaryDirectory() as folder:
            outcome = study(file, Path(folder))
        outcomes.append(outcome)
        print(
            f"{outcome.name}: import {'same' if outcome.same_payload else 'CHANGED'}, "
            f"{'compiles' if outcome.compiles else 'DOES NOT COMPILE'}, "
            f"{len(outcome.sentences) - len(outcome.prose)} of {len(outcome.sentences)} sentences, "
            f"lost {outcome.lost or 'nothing'}"
        )
        if outcome.message:
            print(outcome.message)
        for sentence in outcome.prose if arguments.verbose else ():
            print(f"   {' ' if _ONLY_DO.match(sentence) else '-'} {sentence}")
    count = len(outcomes)
    same = sum(each.same_payload for each in outcomes)
    compiling = sum(each.compiles for each in outcomes)
    lost = sum(len(each.lost) for each in outcomes)
    every = [sentence for each in outcomes for sentence in each.sentences]
    prose = [sentence for each in outcomes for sentence in each.prose]
    able, unable = (
        sum(_ONLY_DO.match(sentence) is None for sentence in each) for each in (every, prose)
    )
    share = 1 - unable / able if able else 0.0
    print(
        f"{count} workflows: import leaves {same} as they were, {compiling} compile after "
        f"convert, {lost} lost"
    )
    print(
        f"{len(every) - len(prose)} of {len(every)} sentences are statements; of the {able} that "
        f"have one, {able - unable} ({share:.0%}, goal {GOAL:.0%})"
    )
    return 0 if same == compiling == count and not lost and share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
