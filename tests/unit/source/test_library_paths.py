"""Paths of libraries: what a flow may write, and that none leads out of where it begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.source.files import (
    MemoryFiles,
    UnknownLibrary,
    UnreadableFile,
    library_of,
    resolve_path,
    spell_flow_path,
    split_library,
)
from tests.support.rows import in_rows

MEANT = {
    ("flows/a.flow", "@epic/login.flow"): "@epic//login.flow",
    ("flows/a.flow", "@epic/deep/menu.flow"): "@epic//deep/menu.flow",
    ("flows/a.flow", "@epic/./deep/../login.flow"): "@epic//login.flow",
    ("flows/a.flow", "./@epic/login.flow"): "flows/@epic/login.flow",
    ("flows/a.flow", "../@epic/login.flow"): "@epic/login.flow",
    ("@epic/a.flow", "./login.flow"): "@epic/login.flow",
    ("@epic//login.flow", "./menu.flow"): "@epic//menu.flow",
    ("@epic//deep/menu.flow", "../login.flow"): "@epic//login.flow",
    ("@epic//login.flow", "@other/x.flow"): "@other//x.flow",
    ("@epic//login.flow", "@epic/menu.flow"): "@epic//menu.flow",
    ("flows/a.flow", "@epic"): "@epic//",
    ("flows/a.flow", "@/x.flow"): "@//x.flow",
    ("flows/a.flow", "@Epic/x.flow"): "@Epic//x.flow",
}
LEADING_OUT = [
    ("flows/a.flow", "@epic/../x.flow"),
    ("flows/a.flow", "@epic/deep/../../x.flow"),
    ("flows/a.flow", "@epic//x.flow"),
    ("flows/a.flow", "@epic//etc/hostname"),
    ("flows/a.flow", "@epic/a\\b.flow"),
    ("flows/a.flow", "@epic/C:/x.flow"),
    ("flows/a.flow", "@epic/a\0.flow"),
    ("flows/a.flow", "@ep\0ic/a.flow"),
    ("@epic//login.flow", "../x.flow"),
    ("@epic//deep/menu.flow", "../../x.flow"),
    ("@epic//login.flow", "/etc/hostname"),
    ("@epic//login.flow", "@other/../x.flow"),
]


@in_rows(("from_file", "target"), MEANT)
def test_a_path_means_a_file_of_the_project_or_of_a_library(from_file: str, target: str) -> None:
    assert resolve_path(from_file, target) == MEANT[from_file, target]


@in_rows(("from_file", "target"), LEADING_OUT)
def test_no_path_leads_out_of_a_library(from_file: str, target: str) -> None:
    assert resolve_path(from_file, target) is None


PARTS = st.sampled_from(["a", "b.flow", ".", "..", "", "@epic", "@", "@x", " ", "é", "a" * 300])
TARGETS = st.lists(PARTS, max_size=7).map("/".join) | st.text(max_size=20)
FILES = st.sampled_from(
    ["a.flow", "x/y/a.flow", "@epic/a.flow", "@epic//a.flow", "@epic//x/a.flow"]
)


@given(from_file=FILES, target=TARGETS)
def test_what_a_path_means_is_below_its_home_and_in_normal_form(
    from_file: str, target: str
) -> None:
    path = resolve_path(from_file, target)
    if path is None:
        return
    home, inner = split_library(path)
    named = target.partition("/")[0]
    assert home == (f"{named}//" if target.startswith("@") else split_library(from_file)[0])
    assert not {"", ".", ".."}.intersection(inner.split("/") if inner else ())
    assert "\\" not in path and "\0" not in path and ":" not in path
    # Written in a flow of the project, it means the same again.
    if home:
        assert resolve_path("z.flow", spell_flow_path(path)) == path


@given(from_file=FILES, targets=st.lists(TARGETS, max_size=4))
def test_a_chain_of_relative_paths_stays_in_its_library(from_file: str, targets: list[str]) -> None:
    """However often a file names another, only `@` leads to another library."""
    here = from_file
    for target in targets:
        there = None if target.startswith("@") else resolve_path(here, target)
        if there is not None:
            assert library_of(there) == library_of(here)
            here = there


def test_files_in_memory_know_their_libraries() -> None:
    files = MemoryFiles({"a.flow": "", "@epic//login.flow": "x", "@epic/own.flow": "y"})
    assert files.read_text("@epic//login.flow") == "x"
    with pytest.raises(UnknownLibrary) as caught:
        files.read_text("@epik//login.flow")
    assert caught.value.known == ("epic",)
    for path in ("@epic//none.flow", "@none/own.flow"):
        with pytest.raises(UnreadableFile) as missing:
            files.read_text(path)
        assert missing.value.missing
