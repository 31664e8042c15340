from __future__ import annotations
from collections.abc import Iterator
from .attempts import Attempt, Site
def attempts(site: Site) -> Iterator[Attempt]:
    yield from ()
