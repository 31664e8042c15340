"""`flowdsl check --fix` carries projects in former spellings over, and nothing half.

The projects of `tests/corpus/carried` were written in them; generated programs are spelt formerly.
"""

from __future__ import annotations

from flowdsl.compiler.pipeline import compile_project
from flowdsl.source.files import MemoryFiles
from tests.support.effort import THOROUGH, every
from tests.support.flows.carried import (
    digest_of,
    options_of,
    payloads_of,
    read_digests,
    read_projects,
)
from tests.support.flows.former import (
    carry_over,
    find_called_outputs,
    flows_in,
    spell_formerly,
)
from tests.support.meaning.checked import DOCUMENTED, checked, checked_seed, files_of, joined
from tests.support.meaning.generator.programs import FILES
from tests.support.rows import for_rows


@for_rows(lambda: every(8, [*read_projects().items()][::-1]), name=lambda row: row[0], fewest=6)
def test_kept_projects_compile_to_what_they_did(row: tuple[str, dict[str, str | bytes]]) -> None:
    """Byte for byte, but for what the language means otherwise on purpose.

    A second time changes nothing.
    """
    project, files = row
    options = options_of(files)
    fixed, carried = carry_over(files, options, unsafe=True)
    assert fixed.kept == ()
    bundle = compile_project(MemoryFiles(dict(carried)), flows_in(carried), options).bundle
    assert bundle is not None
    known = {
        name: digest
        for name, (digest, _) in read_digests().items()
        if name.startswith(f"{project}: ")
    }
    payloads = payloads_of(project, bundle)
    assert {name: digest_of(each) for name, each in payloads.items()} == known
    assert carry_over(carried, options, unsafe=True)[1] == carried


@for_rows(lambda: range(160 if THOROUGH else 4))
def test_generated_programs_are_carried_over_to_what_they_were(seed: int) -> None:
    whole = checked_seed(seed)
    if whole is None or find_called_outputs(whole.model):
        return
    files = {**files_of(whole.source), **FILES}
    former = spell_formerly(files, DOCUMENTED)
    _, carried = carry_over(former, DOCUMENTED, unsafe=False)
    again = checked(joined({path: str(carried[path]) for path in files_of(whole.source)}))
    assert again is not None
    assert again.payload == whole.payload
