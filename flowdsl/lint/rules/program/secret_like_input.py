"""A plain input, parameter or answer that is named like a secret.

Its value would be in the prompt and in every log.
"""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import SUSPICIOUS
from flowdsl.lint.context import LintContext
from flowdsl.syntax import ast

SPEC = SUSPICIOUS.spec(
    "secret-like-input",
    "`{name}` is named like a secret, and {kind} is shown to the model and in logs",
)

_WORDS_FOR_SECRETS = """
    apikey credential credentials passcode passphrase passwd password pin pwd secret token
"""
_SECRET_WORDS = frozenset(_WORDS_FOR_SECRETS.split())
"""A name that ends in one of these is reported."""

_SECRET_PAIRS = frozenset(
    (("access", "key"), ("api", "key"), ("pass", "word"), ("private", "key"), ("secret", "key"))
)
"""So is one that ends in these two words; a `key` alone may be that of a record."""

_TAILS = frozenset(("current", "new", "old", "text", "value"))
"""Words that may follow those for a secret: `password_new` is one, `password_age` is not."""

_QUESTIONS = frozenset(("has", "hide", "is", "needs", "no", "show"))
"""A name that begins with one of these is answered by yes or no, even as a text:
`has_password: string` holds no password. `reset_token` and `use_token` are usually secrets."""

_TEXTS = frozenset(("any", "string"))
"""The types that can hold a secret. The digits of a PIN may be an `int`, too."""

_WORD_BEGINS = re.compile(r"(?<=[^A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def check(context: LintContext, node: ast.InputsSection | ast.TaskDecl | ast.Pause) -> None:
    """Report the inputs, parameters or answers that are named like a secret and can hold one."""
    if isinstance(node, ast.InputsSection):
        for field in node.fields:
            if _is_secret_like(field.name.text, field.type):
                context.report(
                    SPEC,
                    context.span(field.name),
                    name=field.name.text,
                    kind="an input",
                    help=(
                        f"declare it under `secrets`: code then says `${field.name.text}`, text "
                        f"`{{${field.name.text}}}`"
                    ),
                )
        return
    if isinstance(node, ast.Pause):
        kind, then = "an answer", ""
        plain = [(each.field.name, each.field.type) for each in node.answers if not each.secret]
    else:
        kind, then = "a parameter", ", and pass a secret"
        plain = [(each.name, each.type) for each in node.params if not each.secret]
    for name, type_ in plain:
        if _is_secret_like(name.text, type_):
            context.report(
                SPEC,
                context.span(name),
                name=name.text,
                kind=f"{kind} without `secret`",
                help=f"write `secret {name.text}: string`{then}",
            )


def _is_secret_like(name: str, type_: ast.TypeExpr) -> bool:
    """Whether a field is named like a secret, and its type can hold one."""
    words = _split_name(name)
    if words[0] in _QUESTIONS:
        return False
    while len(words) > 1 and words[-1] in _TAILS:
        words.pop()
    last = words[-1]
    if last not in _SECRET_WORDS and tuple(words[-2:]) not in _SECRET_PAIRS:
        return False
    return _holds(type_, _TEXTS | {"int"} if last == "pin" else _TEXTS)


def _split_name(name: str) -> list[str]:
    """Return the words of a name in snake or camel case, at least one: `APIToken2`: api, token.

    They are in lower case, without digits at their end.
    """
    spaced = _WORD_BEGINS.sub("_", name).lower()
    words = [word.rstrip("0123456789") for word in spaced.split("_")]
    return [word for word in words if word] or [""]


def _holds(type_: ast.TypeExpr, names: frozenset[str]) -> bool:
    """Whether a type is one of those that `names` names, or optional or a list of one."""
    if isinstance(type_, ast.OptionalType):
        return _holds(type_.inner, names)
    if isinstance(type_, ast.ListType):
        return _holds(type_.element, names)
    return (
        isinstance(type_, ast.NamedType)
        and type_.name.namespace is None
        and type_.name.name.text in names
    )
