from __future__ import annotations

import importlib

import pytest

from flowdsl.cyberdesk.assumptions import ASSUMPTIONS, Assumption


def test_ids_are_unique() -> None:
    assert len({assumption.id for assumption in ASSUMPTIONS}) == len(ASSUMPTIONS)


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda assumption: assumption.id)
def test_what_relies_on_an_assumption_exists(assumption: Assumption) -> None:
    for path in assumption.used_in:
        module, _, name = path.rpartition(".")
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError:
            module, _, owner = module.rpartition(".")
            found = getattr(importlib.import_module(module), owner)
        assert callable(getattr(found, name))
