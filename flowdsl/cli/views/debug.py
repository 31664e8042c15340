"""Trees of grammar rules as indented text."""

from __future__ import annotations

from flowdsl.syntax.reference import Branch, Leaf


def grammar_tree(branch: Branch, text: str) -> str:
    """A tree of grammar rules and terminals, as `syntax.reference` gives it, with the text of each terminal."""
    lines: list[str] = []
    pending: list[tuple[Branch | Leaf | None, int]] = [(branch, 0)]
    while pending:
        node, depth = pending.pop()
        indent = "  " * depth
        if node is None:
            lines.append(f"{indent}-")
        elif isinstance(node, Leaf):
            lines.append(f"{indent}{node.terminal} {text[node.start : node.end]!r}")
        else:
            lines.append(f"{indent}{node.rule} {node.start}..{node.end}")
            pending += [(child, depth + 1) for child in reversed(node.children)]
    return "\n".join(lines)
