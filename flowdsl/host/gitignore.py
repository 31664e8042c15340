"""Which files git would ignore.

`.gitignore` files from the top of the work tree down to the file's folder count. `.git/info/exclude` and a user's own
global list do not: what a project contains must not differ between two machines.
"""

from __future__ import annotations

import os

from flowdsl.source.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class IgnoreChain(Record):
    """The `.gitignore` files that speak about one folder, the deepest first.

    Each is paired with how a project path becomes a path relative to it: drop `cut` characters, then put `lead` in front.
    """

    files: tuple[tuple[int, str, GitIgnoreSpec], ...] = ()

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether git ignores a project path of which no parent folder is ignored."""
        for cut, lead, spec in self.files:
            verdict = spec.check_file(lead + path[cut:] + ("/" if is_folder else "")).include
            if verdict is not None:
                return verdict
        return False

    def below(self, root: str, folder: str) -> IgnoreChain:
        """The chain for `folder` (a project path, "" for the root) when this is the chain of its parent."""
        spec = _load(os.path.join(root, folder))
        if spec is None:
            return self
        return IgnoreChain(((len(folder) + 1 if folder else 0, "", spec), *self.files))


def chain_above(root: str) -> IgnoreChain:
    """The `.gitignore` files above `root` in its git work tree; none when it is in none."""
    found: list[tuple[int, str, GitIgnoreSpec]] = []
    folder, lead = root, ""
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return IgnoreChain()
        lead = f"{os.path.basename(folder)}/{lead}"
        folder = above
        spec = _load(folder)
        if spec is not None:
            found.append((0, lead, spec))
    return IgnoreChain(tuple(found))


def _load(folder: str) -> GitIgnoreSpec | None:
    try:
        descriptor = os.open(os.path.join(folder, ".gitignore"), os.O_RDONLY)
    except OSError:
        return None
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        return read_rules(file.read().splitlines())


def read_rules(lines: list[str]) -> GitIgnoreSpec:
    """The rules of a `.gitignore`. A line that is no pattern says nothing, as in git."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(line for line in lines if _is_rule(line))


def _is_rule(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
