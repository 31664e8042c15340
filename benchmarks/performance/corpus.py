"""Sources to measure with: realistic workflows with numbered names, always the same bytes."""

from __future__ import annotations

from pathlib import Path

LIBRARY = """flow 1

type Row {
  number: string
  amount: number @min(0.01)
  status: "open" | "paid" | "denied" = "open"
  note: string? @untrusted
}

task sign_in_§(user: string, secret password: string) {
  step "Sign in" {
    do "Start \\"Ledger §\\" from the taskbar and wait for its sign-in window."
    type "{user}" into "the User field of the sign-in window"
    type $password into "the Password field of the sign-in window"
    press "Enter"
    wait until "the navigation tree or an error message is visible" timeout 60s
    expect "the navigation tree is visible" else abort "Sign-in to Ledger § failed for {user}"
  }
}
"""

WORKFLOW = '''
## Reads the rows of an account and marks what is paid. Number § of many.
@owner("finance-ops")
workflow read_account_§ {
  title = "Read account §"
  tags = ["finance", "read-only"]
  webhooks = true

  inputs {
    ## Account number, digits only.
    account: string @pattern(r"^[0-9]{6,10}$")
    day: date
    user: string @machine
    rows: Row[] @min_items(1) @max_items(50)
    with_notes: bool = true
  }
  secrets { password: string }
  outputs {
    balance: number
    paid: string[]
    open_rows: Row[]?
  }

  steps {
    call sign_in_LIB(user: user, password: $password)
    step "Open the account" {
      do """
        Press F3, type {account} into "Account" and press Enter.
        {# Account numbers are unique; names are not. #}
      """
      if sees "the text 'No such account' below the search form" {
        abort "No account {account}"
      }
      choose "the row of register § whose account is {account} and whose day is {day}"
        else abort "Account {account} is missing or not unique"
      extract shown: number from "the Balance cell of register § in the last row of the grid"
      emit balance = shown
    }
    for row in rows max 50 {
      step "Check {row.number}" {
        type "{row.number}" into "the Number field"
        retry 2 wait 5s {
          press "Ctrl+F"
          expect "the row {row.number} of register § is highlighted" else \
fail "{row.number} was not found"
        } else { abort "Row {row.number} cannot be shown" }
        if sees "the word 'Paid' in the highlighted row" and row.amount > 0 {
          emit paid += row.number
        }
      }
    }
    if with_notes {
      extract shown_rows: Row[] from "every row of the grid whose status is Open"
      emit open_rows = shown_rows
    }
  }

  checks {
    output matches schema
    output satisfies "balance is not negative and paid is part of {rows}"
  }
}
'''

FILES_PER_LIBRARY = 10


def project(count: int) -> dict[str, str]:
    """`count` files of about 70 lines; one in ten is a library that the next nine import."""
    files: dict[str, str] = {}
    for number in range(count):
        library = number - number % FILES_PER_LIBRARY
        if number == library:
            files[f"flows/lib_{number}.flow"] = LIBRARY.replace("§", str(number))
            continue
        imports = f'flow 1\nimport {{ Row, sign_in_{library} }} from "./lib_{library}.flow"\n'
        files[f"flows/account_{number}.flow"] = imports + _workflow(number, library)
    return files


def one_file(lines: int) -> str:
    """One file of at least `lines` lines."""
    parts = [LIBRARY.replace("§", "0")]
    total = parts[0].count("\n")
    while total < lines:
        parts.append(_workflow(len(parts), 0))
        total += parts[-1].count("\n")
    return "".join(parts)


def _workflow(number: int, library: int) -> str:
    return WORKFLOW.replace("§", str(number)).replace("LIB", str(library))


def write(files: dict[str, str], folder: Path) -> None:
    """Writes a project with a `flowdsl.toml` into `folder`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "flowdsl.toml").write_text(
        '[project]\nname = "bench"\nid = "prj_be9c0000"\nflows = ["flows/**/*.flow"]\n\n'
        '[env.local]\napi = "local"\n',
        encoding="utf-8",
    )
