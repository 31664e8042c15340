"""Other tools that check files of text, on inputs of nearly equal size.

    python benchmarks/performance/peers.py FOLDER [--install] [--files N] [--runs N] [--busy]

Installs ruff, yamllint, robocop and cfn-lint (from PyPI), wmill and baml-cli (from npm) into FOLDER
when asked to, writes a thousand files of some 58 lines in the language of each, and prints the
seconds on processors and the seconds that pass, of one file and of all, side by side with those of
`flowdsl check` without its index. A tool that cannot be installed is named and left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import corpus
from measuring import IDLE, Command, measure_idleness

PYTHON_PACKAGES = ("ruff", "yamllint", "robotframework-robocop", "cfn-lint")
NODE_PACKAGES = ("windmill-cli", "@boundaryml/baml")
FLOWDSL = "flowdsl"

PYTHON = '''
"""Reads the rows of account § and marks what is paid."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row§:
    """A row of the register, as the screen shows it."""

    number: str
    amount: float
    status: str = "open"
    note: str | None = None


@dataclass
class Account§:
    """An account, and the rows that were read of it."""

    account: str
    user: str
    rows: list[Row§] = field(default_factory=list)
    paid: list[str] = field(default_factory=list)


def sign_in_§(user: str, password: str) -> bool:
    """Sign in to the ledger."""
    if not user or not password:
        raise ValueError(f"Sign-in to Ledger § failed for {user}")
    return len(password) > 8 and user.isalnum()


def read_account_§(account: str, user: str, password: str) -> Account§:
    """Read the account and its rows."""
    if not sign_in_§(user, password):
        raise LookupError(f"No such account: {account}")
    found = Account§(account, user)
    for number in range(50):
        row = Row§(f"{account}-{number}", number * 1.5)
        found.rows.append(row)
        if row.status == "paid" and row.amount > 0:
            found.paid.append(row.number)
    return found


def balance_§(account: Account§) -> float:
    """Add up what is open."""
    total = 0.0
    for row in account.rows:
        if row.number in account.paid:
            continue
        total += row.amount
    return round(total, 2)
'''

FLOW_OF_WINDMILL = """---
summary: Read account §
description: Reads the rows of account § and marks what is paid.
value:
  modules:
    - id: sign_in
      summary: Sign in to Ledger §
      value:
        type: script
        path: f/bench/sign_in_§
        input_transforms:
          user:
            type: javascript
            expr: flow_input.user
          system:
            type: static
            value: Ledger §
      retry:
        constant:
          attempts: 2
          seconds: 5
    - id: each_row
      summary: Check every row of register §
      value:
        type: forloopflow
        iterator:
          type: javascript
          expr: flow_input.rows
        skip_failures: false
        modules:
          - id: check_row
            summary: Mark the row when it is paid
            value:
              type: script
              path: f/bench/check_row_§
              input_transforms:
                number:
                  type: javascript
                  expr: flow_input.iter.value.number
schema:
  $schema: https://json-schema.org/draft/2020-12/schema
  type: object
  required: [account, user, rows]
  properties:
    account:
      type: string
      pattern: "^[0-9]{6,10}$"
      description: Account number, digits only.
    user:
      type: string
    rows:
      type: array
      items:
        type: object
        properties:
          number:
            type: string
"""

ROBOT = """*** Settings ***
Documentation       Reads the rows of account § and marks what is paid.
Library             Collections
Library             String


*** Variables ***
${LEDGER_§}         Ledger §
${TIMEOUT_§}        60s
@{STATES_§}         open    paid    denied


*** Test Cases ***
Read Account §
    [Documentation]    Reads the account and its rows.
    [Tags]    finance    read-only
    Sign In §    clerk    ${EMPTY}
    ${rows}=    Read Rows §    100200
    FOR    ${row}    IN    @{rows}
        Check Row §    ${row}
    END

Refuse A Wrong Account §
    [Documentation]    An account that is not there ends the run.
    [Tags]    finance
    Run Keyword And Expect Error    No account*    Read Rows §    x


*** Keywords ***
Sign In §
    [Documentation]    Signs in to the ledger.
    [Arguments]    ${user}    ${password}
    Log    ${LEDGER_§} ${user}
    IF    $password == "wrong"
        Fail    Sign-in to Ledger § failed for ${user}
    END

Read Rows §
    [Documentation]    Reads the rows of an account.
    [Arguments]    ${account}
    ${digits}=    Get Regexp Matches    ${account}    ^[0-9]{6,10}$
    IF    not $digits    Fail    No account ${account}
    ${rows}=    Create List
    FOR    ${number}    IN RANGE    50
        Append To List    ${rows}    ${account}-${number}
    END
    RETURN    ${rows}

Check Row §
    [Documentation]    Marks a row that is paid.
    [Arguments]    ${row}
    ${state}=    Get From List    ${STATES_§}    0
    IF    $state == "paid"
        Log    ${row} is paid
    ELSE
        Log    ${row} is open
    END
"""

BAML = """// Reads the rows of account § and marks what is paid.

enum Status§ {
  OPEN @description("not paid yet")
  PAID @description("paid in full")
  DENIED
}

class Row§ {
  number string @description("the number of the row, as it is shown")
  amount float
  status Status§
  note string?
}

class Account§ {
  account string @description("account number, digits only")
  balance float
  paid string[]
  rows Row§[]
}

function ReadAccount§(screen: string, account: string) -> Account§ {
  client "openai/gpt-4o"
  prompt #"
    {{ _.role("user") }}
    This is the text of a screen of Ledger §:
    {{ screen }}

    Read the rows of account {{ account }}. A row is paid when the word Paid stands in it.
    Leave out rows that are hidden, and rows of other accounts.
    Give amounts with two decimals.

    {{ ctx.output_format }}
  "#
}

function CheckRow§(row: Row§, day: string) -> Status§ {
  client "openai/gpt-4o"
  prompt #"
    {{ _.role("user") }}
    Is this row of register § paid on {{ day }}?
    {{ row.number }}: {{ row.amount }}, {{ row.note }}

    {{ ctx.output_format }}
  "#
}

test reads_account_§ {
  functions [ReadAccount§]
  args {
    screen "100200 | 12.50 | Paid"
    account "100200"
  }
}
"""

STACK = """---
AWSTemplateFormatVersion: "2010-09-09"
Description: Keeps the rows of account § and tells when one is paid.
Parameters:
  Stage§:
    Type: String
    Default: test
    AllowedValues: [test, live]
    Description: Where the register runs.
  Days§:
    Type: Number
    Default: 30
    MinValue: 1
    MaxValue: 365
Conditions:
  IsLive§: !Equals [!Ref Stage§, live]
Resources:
  Rows§:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      VersioningConfiguration:
        Status: Enabled
      LifecycleConfiguration:
        Rules:
          - Id: old-rows-§
            Status: Enabled
            ExpirationInDays: !Ref Days§
      Tags:
        - Key: register
          Value: "§"
  Paid§:
    Type: AWS::SNS::Topic
    Condition: IsLive§
    Properties:
      DisplayName: Paid rows of register §
      Tags:
        - Key: register
          Value: "§"
  Work§:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      MessageRetentionPeriod: 86400
      Tags:
        - Key: register
          Value: "§"
Outputs:
  Rows§:
    Description: The bucket of the rows of register §.
    Value: !Ref Rows§
  Work§:
    Description: Where rows wait to be read.
    Value: !GetAtt Work§.Arn
  Stage§:
    Description: Where register § runs.
    Value: !Ref Stage§
"""


class Peer:
    """A tool in a folder: where its program is, its inputs, and how it is called."""

    def __init__(
        self, name: str, program: str, text: str, path: str, *words: str, writes: str = "check"
    ) -> None:
        self.name = name
        self.program = program
        self.text = text.lstrip("\n")
        self.path = path
        self.words = words
        self.writes = writes

    def write(self, folder: Path, count: int) -> None:
        """Write `count` files of its language, and what makes them a project."""
        for number in range(count):
            path = folder / self.path.replace("§", str(number))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text.replace("§", str(number)), "utf-8")
        (folder / "wmill.yaml").write_text('---\ndefaultTs: bun\nincludes: ["f/**"]\n', "utf-8")


LINT_YAML = "{extends: default, rules: {line-length: disable}}"
PEERS = (
    Peer("ruff", "py/bin/ruff", PYTHON, "f/a§.py", "check", "--no-cache", "f"),
    Peer("yamllint", "py/bin/yamllint", FLOW_OF_WINDMILL, "f/a§.yaml", "-d", LINT_YAML, "f"),
    Peer("robocop", "py/bin/robocop", ROBOT, "f/a§.robot", "check", "--no-cache", "f"),
    Peer(
        "robocop format",
        "py/bin/robocop",
        ROBOT,
        "f/a§.robot",
        *("format", "--check", "--no-cache", "f"),
        writes="format",
    ),
    Peer(
        "wmill lint", "npm/node_modules/.bin/wmill", FLOW_OF_WINDMILL, "f/a§.flow/flow.yaml", "lint"
    ),
    Peer("baml-cli", "npm/node_modules/.bin/baml-cli", BAML, "baml_src/a§.baml", "check"),
    Peer("cfn-lint", "py/bin/cfn-lint", STACK, "f/a§.yaml", "f/*.yaml"),
)


def install(folder: Path) -> None:
    """Install what can be installed into `folder`; what cannot be is named."""
    python, node = folder / "py", folder / "npm"
    subprocess.run([sys.executable, "-m", "venv", str(python)], check=True)
    pip = [str(python / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(node)]
    for command, packages in ((pip, PYTHON_PACKAGES), (npm, NODE_PACKAGES)):
        for package in packages:
            try:
                subprocess.run([*command, package], check=True, stdout=subprocess.DEVNULL)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"{package} cannot be installed: {error}", file=sys.stderr)


def installed(folder: Path) -> Iterator[tuple[Peer, Path]]:
    """The peers in a folder, with their programs."""
    for peer in PEERS:
        if (program := (folder / peer.program).absolute()).exists():
            yield peer, program


Measured = dict[str, tuple[float, float]]
"""By tool: the seconds on processors, and the seconds that pass; medians."""


def measure(
    folder: Path, count: int, runs: int, *, leave_out: tuple[str, ...] = ()
) -> tuple[Measured, dict[str, str]]:
    """Measure FlowDSL and each peer in `folder` in turns, over `count` files.

    Also returns the size of the input of each, in words.
    """
    commands: dict[str, Command] = {}
    sizes: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        ours = Path(temporary, FLOWDSL)
        corpus.write(corpus.project(max(count, 2)), ours)
        sizes[FLOWDSL] = _size(ours / "flows")
        words = [sys.executable, "-m", "flowdsl"]
        index = ours / ".flowdsl/cache/check.json"
        one = [] if count > 1 else ["flows/account_1.flow"]

        def forget() -> None:
            index.unlink(missing_ok=True)

        commands[FLOWDSL] = Command([*words, "check", *one], ours, forget)
        if count > 1:
            subprocess.run([*words, "fmt", "flows"], cwd=ours, check=True, capture_output=True)
            commands["flowdsl fmt"] = Command([*words, "fmt", "--check", "flows"], ours)
        for peer, program in installed(folder):
            if peer.name in leave_out or (count == 1 and peer.writes == "format"):
                continue
            place = Path(temporary, peer.name.replace(" ", "-"))
            peer.write(place, count)
            sizes[peer.name] = _size(place / peer.path.partition("/")[0])
            commands[peer.name] = Command([str(program), *peer.words], place)
        for command in commands.values():
            command.run()  # the first run reads programs from the disk
            command.cpu.clear()
            command.wall.clear()
        for _ in range(runs):
            for command in commands.values():
                command.run()
    return {name: command.medians() for name, command in commands.items()}, sizes


def _size(folder: Path) -> str:
    texts = [path.read_text("utf-8") for path in folder.rglob("*.*") if path.is_file()]
    lines, length = sum(text.count("\n") for text in texts), sum(map(len, texts))
    return f"{lines:,} lines, {length / 1000:,.0f} kB"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the peers are, or are installed")
    parser.add_argument("--install", action="store_true", help="install them there first")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slow", action="store_true", help="with cfn-lint, a minute a run")
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine as well")
    options = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    if options.install:
        install(options.folder)
    missing = {peer.name for peer in PEERS} - {peer.name for peer, _ in installed(options.folder)}
    if missing:
        print("left out, for they are not installed:", ", ".join(sorted(missing)))
    idle = measure_idleness()
    print(f"a process gets {idle:.0%} of a core")
    if idle < IDLE and not options.busy:
        return 2
    for count in (1, options.files):
        slow = ("cfn-lint",) if count > 1 and not options.slow else ()
        found, sizes = measure(options.folder, count, options.runs, leave_out=slow)
        print(f"\n{count:,} files{'CPU s':>15}{'wall s':>9}   FlowDSL takes, CPU and wall")
        for name, (cpu, wall) in found.items():
            ours = found["flowdsl fmt" if "format" in name else FLOWDSL]
            ratios = f"{ours[0] / cpu:7.2f}x{ours[1] / wall:7.2f}x" if name in sizes else ""
            print(f"{name:<15}{cpu:>9.2f}{wall:>9.2f}   {ratios:<16}   {sizes.get(name, '')}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
