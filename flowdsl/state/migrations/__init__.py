"""The migration of a document to the next format: a function for each older format number.

A function takes and returns the decoded JSON object and never loses a resource. What it does not
understand it leaves as it is: the model of the document refuses it afterwards, with the place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flowdsl.state.migrations.from_1 import migrate as _from_1
from flowdsl.state.migrations.from_2 import migrate as _from_2

MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1, 2: _from_2}
