"""A plain input, parameter or answer that is named like a secret.

Its value would be in the prompt and in every log.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import SUSPICIOUS
from flowdsl.lint.context import LintContext
from flowdsl.syntax import ast

SPEC = SUSPICIOUS.spec(
    "secret-like-input",
    "`{name}` is named like a secret, and {kind} is shown to the model and in logs",
)

_WORDS_FOR_SECRETS = """
    credential credentials passcode passphrase passwd password pin pwd secret token
"""
SECRET_WORDS = frozenset(_WORDS_FOR_SECRETS.split())
SECRET_PAIRS = frozenset(
    (("access", "key"), ("api", "key"), ("pass", "word"), ("private", "key"), ("secret", "key"))
)
_JOINED = frozenset(("apikey",))
_TAILS = frozenset(("current", "new", "old", "text", "value"))
_QUESTIONS = frozenset(("has", "hide", "is", "needs", "no", "reset", "show", "use"))

_TEXTS = frozenset(("any", "string"))
_PIN = "pin"


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
    words = _split_name(name)
    if words[0] in _QUESTIONS:
        return False
    while len(words) > 1 and words[-1] in _TAILS:
        words.pop()
    last = words[-1]
    if last not in SECRET_WORDS and last not in _JOINED and tuple(words[-2:]) not in SECRET_PAIRS:
        return False
    return _holds(type_, _TEXTS | {"int"} if last == _PIN else _TEXTS)


def _split_name(name: str) -> list[str]:
    """The words of a name in snake or camel case; at least one.

    They are in lower case, without digits at their end.
    """
    spaced = "".join(
        f"_{each}" if each.isupper() and not before.isupper() else each
        for before, each in zip("_" + name, name, strict=False)
    )
    words = [word.rstrip("0123456789") for word in spaced.lower().split("_")]
    return [word for word in words if word] or [""]


def _holds(type_: ast.TypeExpr, names: frozenset[str]) -> bool:
    if isinstance(type_, ast.OptionalType):
        return _holds(type_.inner, names)
    if isinstance(type_, ast.ListType):
        return _holds(type_.element, names)
    return (
        isinstance(type_, ast.NamedType)
        and type_.name.namespace is None
        and type_.name.name.text in names
    )
