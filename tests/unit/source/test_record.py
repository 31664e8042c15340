"""Records, with dataclasses as the witness of what declared fields mean."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.source.record import Record, field_defaults, field_names, replace, uncompared


class Placed(Record, eq=True, kw_only=True, base=True):
    origin: int


class Titled(Placed, kw_only=True, base=True):
    kind: str = "step"
    title: str
    note: str = uncompared(default="")


class Step(Titled):
    pass


class Pair(Record, base=True):
    x: int
    y: int = 0


class Point(Pair):
    pass


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlainPlaced:
    origin: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlainStep(PlainPlaced):
    kind: str = "step"
    title: str
    note: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True, eq=False)
class PlainPoint:
    x: int
    y: int = 0


PAIRS: list[tuple[Any, Any, Any]] = [(Step, Titled, PlainStep), (Point, Pair, PlainPoint)]


def fields_made(class_: Any, names: list[str], positional: list[int], named: Any) -> Any:
    """The fields of a new instance, or TypeError where the arguments are wrong."""
    try:
        made = class_(*positional, **named)
    except TypeError:
        return TypeError
    return [getattr(made, name) for name in names]


@pytest.mark.parametrize(("record", "base", "witness"), PAIRS)
@pytest.mark.parametrize("instances", [0, 30])
@given(
    positional=st.lists(st.integers(), max_size=3),
    named=st.dictionaries(
        st.sampled_from(["origin", "kind", "title", "note", "x", "y"]), st.integers(), max_size=4
    ),
)
def test_arguments_fill_the_fields_that_they_fill_in_a_dataclass(
    record: Any,
    base: Any,
    witness: Any,
    instances: int,
    positional: list[int],
    named: dict[str, int],
) -> None:
    class Fresh(base):  # type: ignore[misc]
        """Until it has some instances, a class makes them without an `__init__` of its own."""

        last: int = 0

    right: Any = {"origin": 1, "title": 2} if record is Step else {"x": 1}
    for _ in range(instances):
        Fresh(**right)
    names = [field.name for field in dataclasses.fields(witness)]
    assert list(field_names(record)) == names
    expected = fields_made(witness, names, positional, named)
    if len(positional) <= len(names):  # `Fresh` has room for one more
        assert fields_made(Fresh, names, positional, named) == expected
    assert fields_made(record, names, positional, named) == expected


@given(*[st.builds(dict, **{name: st.integers(0, 1) for name in field_names(Step)})] * 2)
def test_values_are_equal_where_those_of_a_dataclass_are(one: Any, other: Any) -> None:
    equal = PlainStep(**one) == PlainStep(**other)
    assert (Step(**one) == Step(**other)) == equal
    assert not equal or hash(Step(**one)) == hash(Step(**other))


def test_a_field_that_is_not_compared_is_still_a_field() -> None:
    step = Step(origin=1, title="a", note="seen")
    assert step == Step(origin=1, title="a")
    assert step.note == "seen"
    assert repr(step) == "Step(origin=1, kind='step', title='a', note='seen')"
    assert field_defaults(Step) == {"kind": "step", "note": ""}


def test_values_of_two_classes_are_never_equal() -> None:
    class Other(Placed, kw_only=True):
        pass

    class Another(Placed, kw_only=True):
        pass

    assert Other(origin=1) == Other(origin=1)
    assert Other(origin=1) != Another(origin=1)


def test_a_class_is_a_plain_one_that_belongs_to_its_bases() -> None:
    step = Step(origin=1, title="a")
    assert type(Step) is type
    for base in (Step, Titled, Placed, Record):
        assert isinstance(step, base)
        assert issubclass(Step, base)
    for other in (Point, Pair):
        assert not isinstance(step, other)
        assert not issubclass(Titled, other)


def test_a_class_without_base_has_no_classes_below_it() -> None:
    with pytest.raises(TypeError, match="without `base=True`"):

        class Further(Step):
            pass


def test_without_eq_an_instance_equals_itself_alone() -> None:
    assert Point(1, 2) != Point(1, 2)
    assert len({Point(1, 2), Point(1, 2)}) == 2


@pytest.mark.parametrize("made", [Step(origin=1, title="a", note="n"), Point(3)])
def test_a_copy_has_the_fields_of_the_original_but_for_those_that_change(made: Any) -> None:
    names = field_names(type(made))
    for name in names:
        changed = replace(made, **{name: 9})
        assert type(changed) is type(made)
        assert [getattr(changed, each) for each in names] == [
            9 if each == name else getattr(made, each) for each in names
        ]
        assert replace(made, **{name: getattr(made, name)}) is made
    with pytest.raises(TypeError):
        replace(made, colour=1)


def test_instances_can_be_sent_to_another_process() -> None:
    step = Step(origin=1, title="a", note="n")
    for other in (pickle.loads(pickle.dumps(step)), copy.deepcopy(step)):
        assert other == step
        assert other.note == "n"


def test_what_is_no_record_has_no_fields() -> None:
    assert [field_names(class_) for class_ in (int, tuple, PlainPoint, Record)] == [()] * 4


def test_patterns_take_positions_only_where_arguments_do() -> None:
    assert Point.__match_args__ == PlainPoint.__match_args__ == ("x", "y")
    assert Step.__match_args__ == PlainStep.__match_args__ == ()
