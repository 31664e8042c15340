"""What crosses from one focused call to another is handed over as JSON, and named by marks."""

from __future__ import annotations

from tests.support.flows.compiling import steps_of, workflow


def test_a_text_that_crosses_to_another_call_is_kept_in_an_object_and_handed_over() -> None:
    body = (
        'extract a: string from "A" extract b: string from "B" type b into "C" '
        'do "Go." press "F2" expect "{a} is there"'
    )
    steps = steps_of(workflow(body))
    assert 'save it as "a" in an object with "value"' in steps
    assert 'as text, save it as "b".' in steps, "what stays in its call keeps its form"
    assert "- Data: a = {{a}}\n" in steps
    assert "“⟪a.value⟫ is there”" in steps


def test_a_value_that_a_failed_reading_leaves_is_handed_over() -> None:
    body = (
        'extract a: string from "A" do "Go." press "F2" '
        'extract a: string from "B" else { } expect "{a} is there"'
    )
    assert "- Data: a = {{a}}\n" in steps_of(workflow(body))


def test_a_further_use_changes_no_other_variable() -> None:
    body = 'extract a: string from "A" do "Go." press "F2" expect "{a} is there"'
    more = f'{body} extract c: string from "C" do "On." press "F3" expect "{{c}} is there"'
    assert steps_of(workflow(more)).startswith(steps_of(workflow(body)))


def test_lists_and_records_are_handed_over_as_they_are() -> None:
    body = (
        'extract rows: string[] from "the rows" do "Go." press "F2" '
        'if not rows is empty { press "F3" expect "x" }'
    )
    steps = steps_of(workflow(body))
    assert "- Data: rows = {{rows}}\n" in steps
    assert "⟪rows⟫" in steps and "⟪rows.value⟫" not in steps


def test_entries_of_inputs_stand_in_the_text_and_those_that_were_read_in_objects() -> None:
    of_inputs = 'for n in names max 3 { expect "{n} is there" }'
    steps = steps_of(workflow(of_inputs, sections="inputs { names: string[] }"))
    assert "“⟦{{loop_item}}⟧ is there”" in steps and "_entries" not in steps
    read = 'extract names: string[] from "N" for n in names max 3 { expect "{n} is there" }'
    steps = steps_of(workflow(read))
    assert 'Save "names_entries": the list ⟪names⟫ with each entry' in steps
    assert "- Data: loop_item = {{loop_item}}\n" in steps
    assert "“⟪loop_item.value⟫ is there”" in steps
