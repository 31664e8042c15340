"""Edits outside the changed texts: consts, arguments, and tests that quote a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from flowdsl.format.literals import literal_of_pieces
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.syntax import ast
from flowdsl.syntax.visit import children, walk

from .editing import Edit
from .literals import ChangedReference, TextSplicer

_GIVEN = (ast.ConstDecl, ast.Argument, ast.Pair, ast.Param)


def value_edits(
    model: SemanticModel, changed: Iterable[ChangedReference]
) -> list[tuple[Edit, ...]]:
    """Return ways to change the values of references: everywhere at once, then one at a time."""
    found: list[tuple[Edit, ...]] = []
    constants = model.constants
    for reference in changed:
        written = literal_of_pieces([reference.new] if reference.new else [])
        if written is None:
            continue
        for module in model.modules:
            path, text = module.source.path, module.source.text
            for declaration in module.declarations:
                if isinstance(declaration, ast.TestDecl):
                    continue
                for node in _find_given_texts(declaration, is_given=False):
                    if constants.get(node) == reference.old:
                        splicer = TextSplicer(path, text, {})
                        found.append(tuple(splicer.literal(node.start, node.end, written)))
    together = tuple(edit for edits in found for edit in edits)
    return [together, *found] if len(found) > 1 else found


def find_rendered_references(model: SemanticModel, source: str, node: ast.Node) -> dict[str, str]:
    """Return the words that references to consts below a node expand to, by their spelling."""
    found: dict[str, str] = {}
    for each in walk(node):
        words = model.constants.get(each)
        if isinstance(each, ast.Ref | ast.ConstRef) and isinstance(words, str) and words:
            spelled = source[each.start : each.end].strip("{}")
            found[f"{{{spelled}}}"] = words
    return found


def _find_given_texts(node: ast.Node, *, is_given: bool) -> Iterator[ast.Text]:
    """Return the texts of consts, arguments and entries below a node."""
    if isinstance(node, ast.Text):
        if is_given:
            yield node
        return
    is_given = is_given or isinstance(node, _GIVEN)
    for child in children(node):
        yield from _find_given_texts(child, is_given=is_given)


# Tests


def quotes_of(model: SemanticModel, edits: Sequence[Edit]) -> Iterator[Edit]:
    """Return the edits of tests that quote a literal which `edits` change, in any spelling."""
    changed: dict[tuple[str, ...], str] = {}
    for module in model.modules:
        own = [each for each in edits if each.path == module.source.path]
        for declaration in module.declarations if own else ():
            for text in _texts_in(declaration):
                inside = [each for each in own if _is_inside(each, text)]
                if inside:
                    written = module.source.text[text.start : text.end]
                    for each in sorted(inside, key=lambda edit: edit.start, reverse=True):
                        before, behind = each.start - text.start, each.end - text.start
                        written = written[:before] + each.text + written[behind:]
                    changed[_spell_text_words(module.source.text, text)] = written
    for home, test in model.tests if changed else ():
        for text in _texts_in(test):
            written = changed.get(_spell_text_words(home.source.text, text), "")
            if written:
                yield Edit(home.source.path, text.start, text.end, written)


def _is_inside(edit: Edit, text: ast.Text) -> bool:
    whole = (edit.start, edit.end) == (text.start, text.end)
    return whole or text.start < edit.start <= edit.end < text.end


def _texts_in(node: ast.Node) -> Iterator[ast.Text]:
    return (each for each in walk(node) if isinstance(each, ast.Text))


def _spell_text_words(source: str, text: ast.Text) -> tuple[str, ...]:
    """Return the content of a text: its words, and its references as they are spelled."""
    return tuple(
        part.value if isinstance(part, ast.TextLiteral) else source[part.start : part.end]
        for part in text.parts
        if not isinstance(part, ast.TextComment)
    )
