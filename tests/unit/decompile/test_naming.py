"""Names for workflows: snake case, ASCII, and files on any disk."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.decompile.naming import (
    LONGEST,
    Names,
    describe_workflow_name,
    telling_title,
    workflow_name,
)
from tests.support.rows import in_rows

DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
}


@in_rows(
    ("title", "name"),
    [
        ("EHR Patient Lookup", "ehr_patient_lookup"),
        ("Überweisung prüfen", "ueberweisung_pruefen"),
        ("U\u0308berweisung", "ueberweisung"),
        ("Œuvre naïve", "oeuvre_naive"),
        ("請求書", "workflow"),
        ("Rechnung 請求書 (alt)", "rechnung_alt"),
        ("2024 report", "workflow_2024_report"),
        ("claimStatus-v2", "claim_status_v2"),
        ("Patient's chart", "patients_chart"),
        ("not", "not_workflow"),
        ("CON", "con_workflow"),
        ("lpt1", "lpt1_workflow"),
        ("../../etc/passwd", "etc_passwd"),
        ("", "workflow"),
        ("FW: RE: Close the books", "close_the_books"),
        ("AW:Rechnung", "rechnung"),
        ("(Copy) Claim intake", "claim_intake"),
        ("Copy of (copy 2) Claim intake", "claim_intake"),
        ("Claim intake (Copy)", "claim_intake_copy"),
        ("RE:", "re"),
        ("Copy of", "copy_of"),
        ("Copyright check", "copyright_check"),
        ("Re-order forms", "re_order_forms"),
    ],
)
def test_a_title_becomes_a_name(title: str, name: str) -> None:
    assert workflow_name(title) == name


@given(st.text(max_size=120))
def test_any_title_gives_a_name_of_the_language_and_of_a_file(title: str) -> None:
    name = workflow_name(title)
    assert re.fullmatch(r"[a-z_][a-z0-9_]*", name)
    assert len(name) <= LONGEST
    assert name not in DEVICES and name not in {"true", "false", "null", "not", "sees", "env"}
    assert workflow_name(name) == name


@given(st.lists(st.sampled_from(["a", "A", "a_2", "b", "x" * LONGEST]), max_size=12))
def test_names_are_given_once_capitals_or_not(wanted: list[str]) -> None:
    names = Names(frozenset(("b",)))
    given_names = [names.give(name) for name in wanted]
    folded = [name.lower() for name in given_names]
    assert len(set(folded)) == len(folded)
    assert "b" not in folded
    assert all(len(name) <= LONGEST for name in given_names)


def test_the_second_of_a_name_is_numbered() -> None:
    names = Names()
    assert [names.give("claims") for _ in range(3)] == ["claims", "claims_2", "claims_3"]
    assert names.give("Claims_2") == "Claims_2_2"


@in_rows(
    ("title", "name", "shown"),
    [
        ("請求書", "workflow", "workflow (`請求書`)"),
        ("請求書", "workflow_2", "workflow_2 (`請求書`)"),
        ("EC受注データ取込", "ec", "ec (`EC受注データ取込`)"),
        ("🚚 24/7", "workflow_24_7", "workflow_24_7 (`🚚 24/7`)"),
        ("Überweisung prüfen", "ueberweisung_pruefen", "ueberweisung_pruefen"),
        ("Invoice 請求書", "invoice", "invoice"),
        ("2024 report", "workflow_2024_report", "workflow_2024_report"),
    ],
)
def test_a_message_has_the_title_where_the_name_does_not_tell_it(
    title: str, name: str, shown: str
) -> None:
    assert describe_workflow_name(name, telling_title(title)) == shown
