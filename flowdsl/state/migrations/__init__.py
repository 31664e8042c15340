"""How a document of an older format becomes one of the next: format number to the function that lifts it by one.

Format 1 is the first, so the table is empty. A function takes and returns the decoded JSON object and never loses a
resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
