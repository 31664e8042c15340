"""What every test shares: how Hypothesis searches.

By default the same examples every time and no time limit for one, so that a run on a slow machine
says the same as on a fast one. `pytest --hypothesis-profile=explore` searches anew. How many
examples is said in `support/effort.py`.
"""

from __future__ import annotations

from hypothesis import settings

from tests.support.effort import examples

settings.register_profile("fixed", deadline=None, derandomize=True, max_examples=examples(100))
settings.register_profile("explore", deadline=None)
settings.load_profile("fixed")
