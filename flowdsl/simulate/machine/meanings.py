"""The meaning that the machine gives to each sentence, and its assumptions, as data.

`meanings.toml` quotes every sentence. If a quote differs from the sentence that prompts are printed
with, the new meaning is undecided, and the machine refuses to run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from flowdsl.prompt.sentences import SENTENCES, Sentence, read_table
from flowdsl.source.record import Record

WHO = ("main", "focused", "extraction", "transformation", "nobody")
"""The agents that execute a sentence; each is explained at the top of `meanings.toml`."""


class MeaningsChanged(Exception):
    """Sentences and the table of their meanings do not match: the message names the difference."""


class Meaning(Record):
    """The meaning that the machine gives to a sentence.

    - `text`: the sentence at the time of that decision.
    - `who`: those of WHO that execute it.
    - `rests`: its sources: `D:` and the path of a page of the platform's documentation, or `I:` and
      the name of an assumption.
    - `step`: whether it is one step of a recording.
    - `explained`: the rule that explains its words, empty for none.
    - `goes_on`: the sentence that refers to its pending outcome, empty for none.
    """

    text: str
    who: tuple[str, ...]
    means: str
    rests: tuple[str, ...]
    step: bool = False
    explained: str = ""
    goes_on: str = ""


class Axis(Record):
    """An open question about the service: its possible values, with the meaning of each."""

    name: str
    question: str
    reason: str
    source: str
    values: tuple[tuple[Any, str], ...]


def _read_table(name: str) -> dict[str, Any]:
    return read_table(os.path.join(os.path.dirname(__file__), name))


@cache
def sentence_meanings() -> Mapping[str, Meaning]:
    """Return the meaning of each sentence, by name."""
    return {
        f"{family}.{key}": Meaning(**row | {"who": tuple(row["who"]), "rests": tuple(row["rests"])})
        for family, rows in _read_table("meanings.toml").items()
        for key, row in rows.items()
    }


_ASSUMED = _read_table("assumptions.toml")

AXES: dict[str, Axis] = {
    axis: Axis(
        row["name"],
        row["question"],
        row["reason"],
        row["source"],
        tuple((each["value"], each["means"]) for each in row["values"]),
    )
    for axis, row in _ASSUMED["axes"].items()
}
"""The unknown properties of the service, by field of `Variant`."""

ASSUMPTIONS: dict[str, str] = _ASSUMED["assumptions"]
"""The assumptions of the machine, besides those of the compiler."""


def check_meanings(
    sentences: Mapping[str, Sentence] = SENTENCES, rows: Mapping[str, Meaning] | None = None
) -> None:
    """Raise MeaningsChanged if sentences and rows do not match one to one, word by word."""
    found = "; ".join(_find_problems(sentences, sentence_meanings() if rows is None else rows))
    if found:
        raise MeaningsChanged(
            f"{found}; decide in simulate/machine/meanings.toml what the sentence means now"
        )


def _find_problems(sentences: Mapping[str, Sentence], rows: Mapping[str, Meaning]) -> Iterator[str]:
    for name, sentence in sentences.items():
        if name not in rows:
            yield f"the sentence {name} has no meaning"
        elif rows[name].text != sentence.text:
            yield f'{name} says "{sentence.text}", its meaning is that of "{rows[name].text}"'
    for name in rows:
        if name not in sentences:
            yield f"a meaning is given to {name}, which is no sentence"
