"""The position scanner against `tomllib` on generated files."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.config.positions import Path, locate_keys

BARE = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)


def basic(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


KEYS = st.one_of(BARE, TEXTS.map(basic), BARE.map(lambda name: f"'{name}'"))
BLANKS = st.sampled_from(["", " ", "\t ", "  "])
BREAKS = st.sampled_from(["", " ", "\n", " # ] } = ,\n  ", "\r\n\t"])
SCALARS = st.one_of(
    TEXTS.map(basic),
    st.sampled_from(
        [
            "1",
            "-0.5e3",
            "true",
            "nan",
            "1979-05-27 07:32:00Z",
            "1979-05-27",
            "07:32:00",
            '"""a\n"b" # c\\""""""',
            "'''\nx''y'''''",
            '"a\\"]"',
            "'[#'",
            '""',
        ]
    ),
)


def joined_array(items: list[str], blanks: list[str]) -> str:
    body = "".join(f"{blanks[i]}{item}{blanks[i]}," for i, item in enumerate(items))
    return f"[{body}{blanks[-1]}]"


def joined_table(names: list[str], values: list[str]) -> str:
    pairs = ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))
    return f"{{ {pairs} }}"


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.integers(0, 3).flatmap(
        lambda n: st.builds(
            joined_array,
            st.lists(values, min_size=n, max_size=n),
            st.lists(BREAKS, min_size=n + 1, max_size=n + 1),
        )
    )


def tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.integers(0, 3).flatmap(
        lambda n: st.builds(
            joined_table,
            st.lists(BARE, min_size=n, max_size=n, unique=True),
            st.lists(values, min_size=n, max_size=n),
        )
    )


VALUES = st.recursive(SCALARS, lambda inner: st.one_of(arrays(inner), tables(inner)), max_leaves=6)
DOTTED = st.lists(KEYS, min_size=1, max_size=3).map(" . ".join)
LINES = st.one_of(
    st.builds(lambda key, b, value: f"{b}{key}{b}={b}{value}{b}# note", DOTTED, BLANKS, VALUES),
    DOTTED.map(lambda key: f"[ {key} ]"),
    DOTTED.map(lambda key: f"[[{key}]] # [x]"),
    st.sampled_from(["", "# a = 1", "   "]),
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Lines that TOML accepts together: each is kept only when the whole still parses."""
    kept: list[str] = []
    for line in draw(st.lists(LINES, max_size=10)):
        try:
            tomllib.loads("\n".join([*kept, line]))
        except ValueError:
            continue
        kept.append(line)
    return draw(st.sampled_from(["\n", "\r\n"])).join(kept)


def leaves(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for i, inner in enumerate(value) for leaf in leaves(inner, (*path, i))]
    return [(path, value)]


@given(documents())
def test_every_leaf_has_the_place_of_its_own_text(text: str) -> None:
    places = locate_keys(text)
    for path, value in leaves(tomllib.loads(text)):
        place = places[path]
        written = text[place.value_start : place.value_end]
        assert repr(tomllib.loads(f"x = {written}")["x"]) == repr(value)


@given(documents())
def test_every_key_has_the_place_where_it_is_written(text: str) -> None:
    def keys(value: Any, path: Path = ()) -> list[Path]:
        if isinstance(value, dict):
            own = [(*path, key) for key in value]
            return own + [p for key, inner in value.items() for p in keys(inner, (*path, key))]
        if isinstance(value, list):
            return [p for i, inner in enumerate(value) for p in keys(inner, (*path, i))]
        return []

    places = locate_keys(text)
    for path in keys(tomllib.loads(text)):
        place = places[path]
        written = text[place.key_start : place.key_end]
        assert list(tomllib.loads(f"{written} = 0")) == [path[-1]]
