"""What a reference is once a workflow is lowered."""

from __future__ import annotations

import pytest

from tests.support.flows.compiling import compiled


@pytest.mark.parametrize(
    ("written", "value"),
    [("lib.folder", "C:/Reports"), ("lib.places.archive", "D:/Archive"), ("lib.days[1]", "Tue")],
)
def test_a_const_of_an_imported_file_is_its_value(written: str, value: str) -> None:
    library = (
        'flow 1\nconst folder = "C:/Reports"\nconst places = { archive: "D:/Archive" }\nconst '
        'days = ["Mon", "Tue"]\n'
    )
    main = (
        f'flow 1\nimport "lib.flow" as lib\nworkflow w {{ steps {{ do "Open {{{written}}} now." '
        f"}} }}\n"
    )
    (workflow,) = compiled({"main.flow": main, "lib.flow": library}).workflows
    assert f"Open {value} now." in str(workflow.payload["main_prompt"])
