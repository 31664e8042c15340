"""Options that many commands take, and kinds of options."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COLORS = ("auto", "always", "never")


def add_global_options(parser: Any, directory: Any, color: Any) -> None:
    """Declare the global options; `directory` and `color` are their defaults."""
    parser.add_argument(
        "-C", dest="directory", metavar="DIR", default=directory, help="work in DIR"
    )
    parser.add_argument(
        "--color",
        choices=COLORS,
        default=color,
        help="colour in what people read (default: auto)",
    )


def add_flag(parser: Any, option: str, help: str) -> None:
    """Declare an option without a value; it is false unless given."""
    parser.add_argument(option, action="store_true", help=help)


def add_yes(parser: Any, help: str = "do not ask") -> None:
    """Declare `--yes`, which answers every question of a command."""
    parser.add_argument("-y", "--yes", action="store_true", help=help)


def add_json(parser: Any) -> None:
    """Declare `--json`, which prints one object for programs."""
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def add_repeated(parser: Any, option: str, metavar: str, help: str, **more: Any) -> None:
    """Declare an option that may be repeated; its values are a list."""
    parser.add_argument(option, action="append", default=[], metavar=metavar, help=help, **more)
