"""A small project that tests edit: a workflow, the library that it imports, and a test."""

from __future__ import annotations

from pathlib import Path

PROJECT = '[project]\nname = "yard"\nid = "prj_1"\nflows = ["flows"]\n'
LIBRARY = """flow 1

## Signs in.
task sign_in(user: string, secret password: string) {
  type user into "the field \\"User\\""
  type $password into "the field \\"Password\\""
}
"""
# A tab, a smiley and line breaks of Windows in front of everything that is asked about.
COST = """flow 1\r
import { sign_in } from "./yard.flow"\r
\r
## 😀 Reads what a rental costs.\r
workflow cost {\r
  inputs { rental: string, user: string }\r
  secrets { password: string }\r
  outputs { price: number }\r
  steps {\r
\tcall sign_in(user: user, password: $password)\r
    do "😀😀 Look at {rental} 😀."\r
    extract price from "the price"\r
  }\r
}\r
\r
test "it costs" for cost {\r
  given { rental = "1" user = "kim" }\r
  reads { price = 2 }\r
  outputs { price = 2 }\r
}\r
"""


def make_project(folder: Path, **more: str) -> Path:
    files = {"flowdsl.toml": PROJECT, "flows/yard.flow": LIBRARY, "flows/cost.flow": COST} | {
        name.replace("__", "/"): text for name, text in more.items()
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder
