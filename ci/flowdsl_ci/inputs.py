"""What the user of the action or the template chose, from environment variables."""

from __future__ import annotations

from collections.abc import Mapping

from .commands import Settings
from .errors import JobError


class Inputs:
    """Inputs by their names in YAML: `on-drift` is the variable `<prefix>ON_DRIFT`."""

    def __init__(self, prefix: str, environ: Mapping[str, str]) -> None:
        self._prefix = prefix
        self._environ = environ

    def text(self, name: str) -> str:
        """An input without the blanks around it; raises `JobError` when it is more than one line."""
        value = self._environ.get(self._prefix + name.upper().replace("-", "_"), "").strip()
        if not value.isprintable():
            raise JobError(f"`{name}` holds a line break or a control character")
        return value

    def flag(self, name: str) -> bool:
        """An input that is `true` or `false`; raises `JobError` otherwise."""
        value = self.text(name)
        if value not in ("true", "false", ""):
            raise JobError(f"`{name}` is {value!r}; it is `true` or `false`")
        return value == "true"

    def settings(self) -> Settings:
        """What is passed on to FlowDSL."""
        return Settings(
            environment=self.text("environment"),
            fail_on=self.text("fail-on"),
            breaking=self.text("breaking"),
            on_drift=self.text("on-drift"),
            timeout=self.text("timeout"),
            lock_timeout=self.text("lock-timeout"),
            allow_older=self.flag("allow-older"),
        )
