"""Imported by `flowdsl run` before it runs: its clock is fast."""

from __future__ import annotations

from unittest.mock import patch

from tests.runs.fast_clock import USERS, hurried_runtime

for _user in USERS:
    patch(f"{_user}.system_runtime", hurried_runtime).start()
