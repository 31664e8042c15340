"""`flowdsl completion`: a script that lets a shell complete command lines."""

from __future__ import annotations

import argparse

from ..runtime.console import Console
from ..runtime.exit_codes import SUCCESS

SHELLS = ("bash", "zsh", "fish", "powershell")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to read the script")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the script, which calls `flowdsl` for each answer."""
    from argcomplete.shell_integration import shellcode

    console.out(shellcode(["flowdsl"], shell=arguments.shell).strip("\n"))
    return SUCCESS
