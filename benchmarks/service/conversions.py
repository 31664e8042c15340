"""Dashboard workflows as people write them: imported, and their prompts converted to statements.

`python benchmarks/service/conversions.py FOLDER [-v]` reads every `*.json` of a folder, each the
body of a workflow of the service, and for each in a project of its own

1. imports it and compiles it: the payload has to come back as it was. What is misspelt there is
   an error of `check`, and kept with the comment that the notes of `import` name;
2. converts its prompt with `flowdsl convert --write`, and checks the project;
3. looks for every input, secret, output and variable of the original in what it then compiles to;
4. counts the sentences that are statements now, of those that deserve one: `sentences.txt` has
   what a person thinks that each deserves. `do` is for clicks, ways through menus, introductions.
   A sentence is *whole* if it has a statement of each kind that it deserves, and *partly* if it
   has one of any. A statement counts for a sentence if

   - nearly all of its words (80 %) stand in the sentence or around it, and two of them, or all
     that it has, in the sentence itself. Words as `the` and those of the language do not count;
     numbers do, in figures and in words, and durations in seconds: `wait 60s` is `a minute`;
   - for a decision, at least half of the words of the sentence stand in it or in its branch. An
     `else` counts as one, and so do `choose` and `expect` with an `else`. One that holds the
     condition without the act, or the act without the condition, mostly does not;
   - for a rule, all of its words are in the rule.

   Where the words of a sentence are still together in a `do`, it is neither.

Goals: every proposal compiles, nothing is lost, no payload is changed by import, and 60 % of the
sentences that deserve a statement are one.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GOAL = 0.6
MARKS = Path(__file__).with_name("sentences.txt")
_VARIABLE = re.compile(r"\{\{\s*(\w+)[^{}]*\}\}|\{(\$?\w+)[^{}]*\}")


@dataclass
class Outcome:
    """What became of one workflow; `lost` names variables and fields that are gone.

    `shares` has the sentences that deserve a statement, each with the share that it has and the
    kinds that it deserves.
    """

    name: str
    same_payload: bool = False
    mistaken: bool = False
    compiles: bool = False
    lost: list[str] = field(default_factory=list)
    shares: list[tuple[float, str, str]] = field(default_factory=list)
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


def read_marks() -> dict[str, list[tuple[str, str]]]:
    """The sentences of each workflow, with the kinds of statements that each deserves."""
    marks: dict[str, list[tuple[str, str]]] = {}
    for line in MARKS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line[1 : line.index("]")]
            marks[name] = []
        elif line and not line.startswith("#"):
            kinds, _, sentence = line.partition(" | ")
            marks[name].append((kinds, sentence))
    return marks


def words_of(text: str) -> str:
    """The letters of a text, by which a sentence is found again."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def prose_of(flow: str) -> str:
    """The words of every `do` and of every title of a step in a flow."""
    texts = re.findall(r'\b(?:do|step) (?:r?"""(.*?)"""|r?"((?:[^"\\]|\\.)*)")', flow, re.DOTALL)
    return " | ".join(words_of((long or short).replace('\\"', '"')) for long, short in texts)


_LOOP = r"for|while|repeat|retry|\} (?:while|until)"
_KINDS = {
    "type": r"type .+ (?:into|over)",
    "wait": r"wait \w+s",
    "until": r"wait until",
    "expect": r"expect|if not sees",
    "if": r"(?:\} else )?if|\} else|expect .*else|choose .*else",
    "export": r"export file",
    "emit": r"emit|extract|keep",
    "retry": _LOOP,
    "while": _LOOP,
    "repeat": _LOOP,
}
"""How the line of a statement begins, where that is not the kind itself."""

_FIGURES = {
    word: str(at)
    for at, each in enumerate(
        """
        one|ein|eine|einmal|once two|zwei|zweimal|twice three|drei|dreimal four|vier five|fünf
        six|sechs seven|sieben eight|acht nine|neun ten|zehn
        """.split(),  # noqa: SIM905
        start=1,
    )
    for word in each.split("|")
} | {"fifteen": "15", "twenty": "20", "zwanzig": "20", "thirty": "30", "sixty": "60"}
_FIGURES["strg"] = "ctrl"
"""Words as the language writes them."""


def tokens_of(text: str) -> set[str]:
    """The words of a text that count, numbers in figures, and durations in seconds."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()
    text = re.sub(r"\bhalf a minute|eine halbe minute", "30 s", text)
    text = re.sub(r"\ba (?=minute|moment)", "1 ", text)
    words = [_FIGURES.get(each, each) for each in words_of(text).split()]
    plain = re.sub(r"\b(\d+)s\b", r"\1", " ".join(words))
    minutes = re.findall(r"\b(\d+) ?(?:m|min|mins|minutes?|minuten?)\b", plain)
    found = {
        each.removesuffix("s") if len(each) > 3 else each
        for each in plain.split()
        if len(each) > 1 or each.isdigit()
    }
    return found | {f"{int(each) * 60}" for each in minutes}


_UNCOUNTED = tokens_of(
    """
    max into over until timeout file sees not else from times png for each
    nothing is left to do reason field that has focus work the of it its this and or with by as if
    in on at are be there you your an then so keep does
    der die das den dem und oder ist sind im auf mit zu als ein eine einen dann wenn falls bei von
    use using focused action declare task failed upsert runtime values mark export save screenshot
    run attachment copy clipboard execute terminal command start end loop iteration entry
    """
)
"""Words of the language, of tools, and small ones, which say little of a sentence."""


@dataclass
class Written:
    """A statement: its first line with the `else` of it, and the words of line and of branch."""

    line: str
    words: set[str]
    branch: set[str]


def statements_of(flow: str) -> list[Written]:
    """The statements and rules of a flow, one after another and inside one another."""
    rules = re.search(r"(?s)\n  always \{(.*?)\n  \}", flow)
    lines = [f"always {each}" for each in (rules[1] if rules else "").splitlines() if each.strip()]
    found = [Written(line, tokens_of(line), set()) for line in lines]
    steps = re.sub(r"\n +else (?!\{)", " else ", flow[flow.find("  steps {") :]).splitlines()
    for at, line in enumerate(steps):
        margin = len(line) - len(line.lstrip())
        branch: list[str] = []
        if line.endswith("{"):
            for inner in steps[at + 1 :]:
                if inner.strip() and len(inner) - len(inner.lstrip()) <= margin:
                    break
                branch.append(inner)
        text = re.sub(
            r"_\d+\b|\bmax \d+|\btimeout \w+|: \w+(?:\[\])*\?? (?=from )|\\\\.", " ", line.strip()
        )
        text = re.sub(r"^(?:\} )?[a-z]+(?: until)?\b", "", text)
        found.append(Written(line.strip(), tokens_of(text), tokens_of("\n".join(branch))))
    return found


def share_of(kinds: str, sentence: str, context: str, flow: list[Written]) -> float:
    """The share of the kinds that a sentence deserves of which the flow has a statement for it.

    `context` is the sentence with those around it, from which a statement may have words, too: a
    case is asked with the words of its head.
    """
    own, near = tokens_of(sentence), tokens_of(context)
    telling = own - _UNCOUNTED
    found = 0
    for kind in kinds.split():
        begins = re.compile(f"(?:{_KINDS.get(kind, kind)})\\b")
        found += any(
            _counts_for(kind, each, own, near, telling) for each in flow if begins.match(each.line)
        )
    return found / len(kinds.split())


def _counts_for(
    kind: str, statement: Written, own: set[str], near: set[str], telling: set[str]
) -> bool:
    words = statement.words - _UNCOUNTED
    if kind == "always":
        return telling <= statement.words
    if kind == "capture" and statement.words <= {"screenshot", "png"}:
        return "screenshot" in own or "bildschirmfoto" in own
    if len(words - near) > len(words) * 0.2:
        return False
    if kind == "if":
        return len((words | statement.branch) & telling) * 2 >= len(telling)
    return bool(words) and len(words & own) >= min(2, len(words), len(telling) or 1)


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
    imported = flowdsl(folder, "import", str(file.resolve()), "-o", "project")
    project = folder / "project"
    if imported.returncode:
        outcome.message = imported.stderr
        return outcome
    [flow] = project.glob("flows/*.flow")
    written = flow.read_text(encoding="utf-8")
    told = re.search(r"`(# flow: ignore\[[^\]]+\] )REASON`", imported.stderr)
    outcome.mistaken = told is not None
    if told is not None:
        comment = rf"  {told[1]}as it was\n\g<0>"
        allowed = re.sub(r"(?m)^  prompt from", comment, written)
        flow.write_text(allowed, encoding="utf-8")
    before = compile_payload(project)
    flow.write_text(written, encoding="utf-8")
    if before is not None:
        keys = ("name", "main_prompt", "input_schema", "output_schema")
        outcome.same_payload = all(_plain(before.get(key)) == _plain(body.get(key)) for key in keys)
    converted = flowdsl(project, "convert", f"flows/{flow.name}", "--write")
    after = compile_payload(project)
    outcome.compiles = converted.returncode == 0 and after is not None
    outcome.message = "" if outcome.compiles else converted.stderr[-2000:]
    if outcome.compiles and after is not None:
        mended = re.findall(r"`\$?(\w+)` in the prompt is taken for", converted.stderr)
        outcome.lost = [
            each for each in find_lost(body, after) if each.split()[-1].lstrip("$") not in mended
        ]
        text = flow.read_text(encoding="utf-8")
        prose, lines = prose_of(text), statements_of(text)
        marks = read_marks()[file.stem]
        for at, (kinds, sentence) in enumerate(marks):
            if kinds != "do":
                context = " ".join(each for _, each in marks[max(at - 4, 0) : at + 2])
                together = words_of(sentence) in prose and len(sentence) > 8
                share = 0 if together else share_of(kinds, sentence, context, lines)
                outcome.shares.append((share, kinds, sentence))
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
            f"{outcome.name}: import {'same' if outcome.same_payload else 'CHANGED'}"
            f"{' with its mistakes' if outcome.mistaken else ''}, "
            f"{'compiles' if outcome.compiles else 'DOES NOT COMPILE'}, "
            f"{sum(each[0] == 1 for each in outcome.shares)} of {len(outcome.shares)} sentences, "
            f"lost {outcome.lost or 'nothing'}"
        )
        if outcome.message:
            print(outcome.message)
        for share, kinds, sentence in outcome.shares if arguments.verbose else ():
            if share < 1:
                print(f"   {share:.0%} {kinds}: {sentence}")
    count = len(outcomes)
    same = sum(each.same_payload for each in outcomes)
    compiling = sum(each.compiles for each in outcomes)
    lost = sum(len(each.lost) for each in outcomes)
    shares = [share for each in outcomes for share, _, _ in each.shares]
    whole = sum(each == 1 for each in shares) / max(len(shares), 1)
    partly = sum(each > 0 for each in shares) / max(len(shares), 1)
    print(
        f"{count} workflows: import leaves {same} as they were, {compiling} compile after "
        f"convert, {lost} lost"
    )
    print(
        f"of {len(shares)} sentences that deserve a statement {whole:.0%} are whole and "
        f"{partly:.0%} at least partly (goal {GOAL:.0%})"
    )
    return 0 if same == compiling == count and not lost and whole >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
