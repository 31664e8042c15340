"""The inputs of the action or the template, read from environment variables."""

from __future__ import annotations

from collections.abc import Mapping

from .commands import Settings
from .errors import JobError


class Inputs:
    """Inputs by their names in YAML: `on-drift` is in the variable `<prefix>ON_DRIFT`."""

    def __init__(self, prefix: str, environ: Mapping[str, str]) -> None:
        self._prefix = prefix
        self._environ = environ

    def text(self, name: str) -> str:
        """An input without the blanks around it; raises `JobError` if it has several lines."""
        value = self._environ.get(self._prefix + name.upper().replace("-", "_"), "").strip()
        if not value.isprintable():
            raise JobError(f"`{name}` holds a line break or a control character")
        return value

    def flag(self, name: str) -> bool:
        """An input that is `true` or `false`; raises `JobError` for other words."""
        value = self.text(name)
        if value not in ("true", "false", ""):
            raise JobError(f"`{name}` is {value!r}; it is `true` or `false`")
        return value == "true"

    def settings(self) -> Settings:
        """The inputs that are passed on to FlowDSL."""
        return Settings(
            environment=self.text("environment"),
            fail_on=self.text("fail-on"),
            breaking=self.text("breaking"),
            on_drift=self.text("on-drift"),
            timeout=self.text("timeout"),
            lock_timeout=self.text("lock-timeout"),
            allow_older=self.flag("allow-older"),
        )
