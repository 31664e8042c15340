"""Which name is suggested for one that does not exist."""

from __future__ import annotations

from flowdsl.diagnostics.suggest import find_closest_name, find_misspelt_name
from tests.support.rows import in_rows


@in_rows(
    ("name", "candidates", "nearest"),
    [
        ("mnr", ["mrn", "name"], "mrn"),
        ("MRN", ["mrn"], "mrn"),
        ("ab", ["ac", "a"], "a"),
        ("x", ["xy", "n"], "xy"),
        ("x", ["n"], None),
        ("s", [], None),
        ("no", ["an"], None),
    ],
)
def test_the_nearest_name_has_a_letter_in_common(
    name: str, candidates: list[str], nearest: str | None
) -> None:
    assert find_closest_name(name, candidates) == nearest


@in_rows(
    ("name", "candidate"),
    [
        ("mnr", "mrn"),
        ("birthDate", "birth_date"),
        ("diffrence", "difference"),
        ("diffrnce", "difference"),
        ("patient_nmae", "patient_name"),
        ("usr", "user"),
        ("totl", "total"),
        ("MRN", "mrn"),
    ],
)
def test_a_slip_is_certain(name: str, candidate: str) -> None:
    assert find_misspelt_name(name, ["another_name", candidate]) == candidate
    assert find_misspelt_name(candidate, [name]) == name


@in_rows(
    ("name", "candidate"),
    [
        ("last_name", "first_name"),
        ("site_2", "site_1"),
        ("site_b", "site_a"),
        ("address1", "address"),
        ("rows", "row"),
        ("approved", "approver"),
        ("invoiced", "invoice"),
        ("start_date", "end_date"),
        ("mrn", "mrn_of_mother"),
        ("id", "it"),
    ],
)
def test_another_name_is_no_slip(name: str, candidate: str) -> None:
    assert find_misspelt_name(name, [candidate]) is None
    assert find_misspelt_name(candidate, [name]) is None
