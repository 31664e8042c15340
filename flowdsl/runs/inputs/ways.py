"""How inputs and secrets are given, in the words of whoever gives them. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ways:
    """The advice of messages; `{name}` in a template stands for the name of the value."""

    input_template: str
    secret_template: str

    def input(self, name: str) -> str:
        """How the input `name` is given."""
        return self.input_template.replace("{name}", name)

    def secret(self, name: str) -> str:
        """How the secret `name` is given."""
        return self.secret_template.replace("{name}", name)


ON_COMMAND_LINE = Ways(
    "`--input {name}=...`", "`--secret {name}=env:NAME` or `--secret {name}=file:PATH`"
)
IN_PYTHON = Ways('`inputs={"{name}": ...}`', '`secrets={"{name}": ...}`')
