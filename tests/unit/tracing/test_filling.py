"""Values of inputs: those that the run tells, those that the history tells, and no others.

What the service puts into a prompt comes from the emulator's `render`, which shares no code with
the trace.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.emulator.simulation.variables import render_text
from flowdsl.tracing.filling import (
    Pattern,
    fill_in_inputs,
    fill_in_prompt,
    infer_inputs,
    pattern_of,
)
from flowdsl.tracing.history import read_history
from flowdsl.tracing.versions import PromptVersion, version_of_run
from tests.support.rows import in_rows

NAMES = ("site", "row", "memo")
VALUES = st.text(alphabet="ab.{}$ \n⟦", min_size=1, max_size=6) | st.sampled_from(
    ["Hill", "__EMPTY__", "Open", "3.1 Open", "{site}", "{{x}}"]
)
PIECES = st.sampled_from(
    ["Open ", " of ", ".\n", "3.1 ", "{site}", "{memo}", "{row.name}", "{{x}}", "{$pin}", "\\{no}"]
)
PROMPTS = st.lists(PIECES, max_size=12).map("".join)


def service_values(site: str, memo: str, name: str) -> dict[str, Any]:
    return {"site": site, "memo": memo, "row": {"name": name}}


@given(PROMPTS, VALUES, VALUES, VALUES)
def test_a_prompt_is_filled_in_as_the_service_does(
    prompt: str, site: str, memo: str, name: str
) -> None:
    known = service_values(site, memo, name)
    assert fill_in_inputs(prompt, known) == render_text(prompt, known)


@given(PROMPTS, VALUES, VALUES, VALUES, st.sets(st.sampled_from(NAMES)))
def test_what_the_history_tells_is_so_and_what_is_not_known_fits(
    prompt: str, site: str, memo: str, name: str, supplied: set[str]
) -> None:
    """Whatever a machine supplied, the trace claims no value but the one that the agent saw."""
    known = service_values(site, memo, name)
    told = render_text(prompt, known)
    run = {key: value for key, value in known.items() if key not in supplied}
    values = infer_inputs(prompt, run, told)
    assert values is not None
    for spelled, value in values.items():
        assert render_text(spelled, known).split() == value.split()
    assert pattern_of(prompt, run).fits(told)


@in_rows(
    "inputs",
    [
        {},
        {"site": None},
        {"site": ""},
        {"site": {"$ref": "first.outputs.site"}},
        {"site": [{"$ref": "first.outputs.site"}]},
    ],
    ids=["left out", "null", "blank", "of an earlier step", "in a list"],
)
def test_a_value_that_the_run_does_not_tell_is_a_name_and_fits_any(inputs: dict[str, Any]) -> None:
    text = "The portal of {site} did not open"
    assert fill_in_inputs(text, inputs) == text
    pattern = pattern_of(text, inputs)
    assert pattern.fits("The portal of Hill did not open")
    assert not pattern.fits("The portal of Hill opened")


def test_a_value_that_the_caller_left_out_expressly_is_known() -> None:
    # An explicit `__EMPTY__` is no place for a machine's value (platform facts, 1.3).
    assert pattern_of("Open {site}.", {"site": "__EMPTY__"}) == Pattern(("Open __EMPTY__.",))
    assert pattern_of("Open {row.name}.", {"row": {}}) == Pattern(("Open __EMPTY__.",))


def test_a_reference_inside_a_record_leaves_the_other_fields_known() -> None:
    inputs = {"row": {"name": {"$ref": "first.outputs.name"}, "tier": "gold"}}
    assert fill_in_inputs("{row.name}, {row.tier}", inputs) == "{row.name}, gold"


def test_secrets_are_never_filled_in() -> None:
    assert fill_in_inputs("{$pin} {{pin}} {pin}", {"pin": "1234"}) == "{$pin} {{pin}} 1234"
    assert infer_inputs("Type {$pin}.", {}, "Type 1234.") is None


def test_braces_of_a_value_are_no_variables() -> None:
    pattern = pattern_of("Claim {n} is shut", {"n": "{site}"})
    assert pattern.fits("Claim {site} is shut") and not pattern.fits("Claim 12 is shut")


PROMPT = "Title\n\n1. Open the portal of {site}.\n2. Type {memo} into the field."


def told(text: str) -> Any:
    return read_history([{"role": "user", "content": text}]).messages


def test_the_version_that_a_machine_filled_in_is_known_with_its_values() -> None:
    known = [PromptVersion("1. Another.", "earlier"), PromptVersion(PROMPT, "live")]
    messages = told(PROMPT.replace("{site}", "Hill").replace("{memo}", "a\n\nb"))
    found = version_of_run(None, known, messages, {}, None)
    assert found is not None and found.certainty == "told"
    assert found.values == {"{site}": "Hill", "{memo}": "a b"}
    assert "portal of Hill." in fill_in_prompt(found.text, {}, found.values)


def test_a_told_prompt_that_fits_two_versions_says_neither() -> None:
    texts = ("Open {site}.", "Open the {site}.", "Close the {site}.")
    known = [PromptVersion(each, "earlier") for each in texts]
    found = version_of_run(None, known, told("Open the Hill."), {}, None)
    assert found is not None and found.certainty == "assumed"
    assert found.text == "Open the {site}.", "nor is it one that it does not fit"


def test_a_prompt_longer_than_a_shown_message_is_known_too() -> None:
    prompt = "\n".join(f"{number}. Do the part {number} of {{site}}." for number in range(2_000))
    messages = told(prompt.replace("{site}", "Hill"))
    known = [
        PromptVersion(prompt.replace("1999", "2000"), "earlier"),
        PromptVersion(prompt, "live"),
    ]
    found = version_of_run(None, known, messages, {}, None)
    assert found is not None and (found.certainty, found.values) == ("told", {"{site}": "Hill"})
