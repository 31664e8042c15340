"""What the machine takes each sentence to mean, and what it assumes, as data.

`meanings.toml` quotes every sentence. Where it does not quote the words that prompts are printed
with, nobody has decided what the new ones mean, and the machine refuses to run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flowdsl.prompt.sentences import SENTENCES, Sentence
from flowdsl.source.record import Record

WHO = ("main", "focused", "extraction", "transformation", "nobody")
"""Who carries a sentence out; each is explained at the top of `meanings.toml`."""


class MeaningsChanged(Exception):
    """Sentences and the table of their meanings do not fit: the message names what differs."""


class Meaning(Record):
    """What a sentence is taken to mean.

    - `text`: the sentence as it was read when that was decided.
    - `who`: those of WHO that carry it out.
    - `rests`: `D:` and the path of a page of the platform's documentation, or `I:` and the name of
      an assumption.
    - `step`: it is one step of a recording.
    - `explained`: the rule without which its words mean nothing, empty for none.
    - `goes_on`: the sentence that goes on from what it leaves open, empty for none.
    """

    text: str
    who: tuple[str, ...]
    means: str
    rests: tuple[str, ...]
    step: bool = False
    explained: str = ""
    goes_on: str = ""


class Axis(Record):
    """A question on the service without an answer: its values with what each means."""

    name: str
    question: str
    reason: str
    source: str
    values: tuple[tuple[Any, str], ...]


def _read_table(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


@cache
def sentence_meanings() -> Mapping[str, Meaning]:
    """The meaning of each sentence, by its name."""
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
"""What nobody knows of the service, by the name of the field of `Variant`."""

ASSUMPTIONS: dict[str, str] = _ASSUMED["assumptions"]
"""What the machine relies on, beside what the compiler does."""


def check_meanings(
    sentences: Mapping[str, Sentence] = SENTENCES, rows: Mapping[str, Meaning] | None = None
) -> None:
    """Raise MeaningsChanged where a sentence has no row, a row no sentence, or one other words."""
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
