"""The compilation of a project with the help of its index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress

from flowdsl.diagnostics.diagnostic import ERROR
from flowdsl.diagnostics.findings import Findings
from flowdsl.source.failure import ChangedSources
from flowdsl.source.files import FileSystem, UnreadableFile
from flowdsl.source.record import Record, replace

from .check import merge_findings, restore_findings, share_a_name, update_groups
from .index import (
    NOTHING,
    Group,
    Index,
    Made,
    Request,
    index_document,
    place_of_environment,
    read_index,
    write_sealed,
)
from .outputs import Outputs
from .store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.codegen.artifacts import Bundle, ImageFile
    from flowdsl.compiler.pipeline import Compilation


class Compiled(Record):
    """What a project compiles to.

    - `findings`: those of its check, and behind them those of the program.
    - `read`: the paths of all files that were read.
    - `made`: the artifacts, in the order of a bundle; None if an error stops it.
    - `load`: gives the bundle, or the part of it with these artifacts; raises `ChangedSources`.
    - `outputs`: gives what is known about the files that were written of artifacts to an absolute
      folder; None without an index.
    """

    findings: Findings
    read: frozenset[str]
    made: tuple[Made, ...] | None
    load: Callable[[Collection[Made] | None], Bundle]
    outputs: Callable[[str], Outputs] | None = None


def compile_with_index(
    request: Request, settings: Mapping[str, str], *, by_content: bool = False
) -> Compiled:
    """Compile all flows of a project with the index of its environment.

    `settings` are the name of the environment and its variables. With `by_content` every file is
    read, since sizes and times prove little.
    """
    work = _Work(request, settings, by_content)
    try:
        return work.compile(work.read_index())
    except (ValueError, TypeError, KeyError, IndexError):
        # The index holds what cannot be read back, so it is not used at all.
        return work.compile(NOTHING)


class _Work:
    """The compilation of one project for one environment."""

    def __init__(self, request: Request, settings: Mapping[str, str], by_content: bool) -> None:
        self._request = request
        self._by_content = by_content
        self._key = request.key(*(f"{name}={value}" for name, value in sorted(settings.items())))
        self._place = place_of_environment("compile", settings)

    def read_index(self) -> Index:
        request = self._request
        if request.secret is None:
            return NOTHING
        return read_index(request.root, self._index_place, self._key, request.secret)

    @property
    def _index_place(self) -> str:
        return f"{self._place}/index.json"

    def compile(self, index: Index) -> Compiled:
        """Compile with a given index; raises what `from_json` raises when it is damaged."""
        request = self._request
        updated = update_groups(request, index, compiles=True, by_content=self._by_content)
        if share_a_name(updated.groups):
            from flowdsl.compiler.pipeline import compile_project

            return compiled_at_once(
                compile_project(request.files, request.entries, request.options()),
                {path for group in updated.groups for path in group.reads},
            )
        packed = {name: each for done in updated.fresh for name, each in done.packed.items()}
        store = Store(request.root, self._place, packed)
        if request.secret is not None and updated.changed:
            fresh = [done.group for done in updated.fresh]
            held, files = store.changed_files(updated.keep, fresh)
            document = index_document(updated.current.index(held, request.now))
            write_sealed(
                request.root, self._index_place, self._key, document, request.secret, files
            )
        return self._result(updated.groups, store)

    def _result(self, groups: Sequence[Group], store: Store) -> Compiled:
        files = self._request.files
        findings = merge_findings(groups, files)
        read = frozenset(path for group in groups for path in group.reads)
        failed = any(group.failed for group in groups)
        if not failed:
            late = restore_findings((group.late or () for group in groups), files)
            findings = replace(findings, diagnostics=(*findings.diagnostics, *late))
            failed = any(each.severity == ERROR for each in late)
        made = sorted(
            (made for group in groups for made in group.made),
            key=lambda made: (made.kind != "workflow", made.name),
        )

        def load(only: Collection[Made] | None) -> Bundle:
            try:
                return _load_bundle(files, groups, store, only)
            except (UnreadableFile, ValueError, KeyError, TypeError):
                # Someone has changed the store, or a picture, since the index was read.
                again = self.compile(NOTHING)
                if again.made is None:
                    raise ChangedSources(
                        "the flows were changed while they were compiled, and have errors now; "
                        "`flowdsl check` shows them"
                    ) from None
                return again.load(None)

        outputs = None if self._request.secret is None else self._outputs_in
        return Compiled(findings, read, None if failed else tuple(made), load, outputs)

    def _outputs_in(self, folder: str) -> Outputs:
        request = self._request
        assert request.secret is not None, "nothing is kept without a secret"
        return Outputs(request.root, self._key, request.secret, folder, request.now)


def compiled_at_once(compilation: Compilation, read: Collection[str]) -> Compiled:
    """What a compilation without an index compiled to; `read` are the files that were read."""
    from .artifacts import describe_artifact

    bundle = compilation.bundle
    made = None
    if bundle is not None:
        made = tuple(describe_artifact(each, "") for each in bundle.artifacts)

    def load(_only: Collection[Made] | None) -> Bundle:
        assert bundle is not None, "sources with errors have no artifacts"
        return bundle

    return Compiled(compilation.analysis.findings, frozenset(read), made, load)


def _load_bundle(
    files: FileSystem,
    groups: Sequence[Group],
    store: Store,
    only: Collection[Made] | None,
) -> Bundle:
    """Return the bundle, or a part of it; raises `NotInStore` and `KeyError`."""
    from flowdsl.codegen.artifacts import Bundle
    from flowdsl.source.packing import Packer

    from .artifacts import unpack_chain, unpack_workflow

    wanted = None if only is None else {made.digest for made in only}
    chosen = [
        group
        for group in groups
        if wanted is None or any(made.digest in wanted for made in group.made)
    ]
    workflows, chains = [], []
    packer = Packer()
    for group in chosen:
        for made in group.made:
            if wanted is not None and made.digest not in wanted:
                continue
            packed = store.find(group, made.digest)
            if made.kind == "workflow":
                workflows.append(unpack_workflow(packed, packer))
            else:
                chains.append(unpack_chain(packed))
    images = dict(sorted(_read_images(files, chosen)))
    for workflow in workflows:
        if any(image not in images for image in workflow.images):
            raise KeyError(workflow.name)
    paths = {path for group in groups for path in group.paths}
    return Bundle(
        tuple(sorted(workflows, key=lambda each: each.name)),
        tuple(sorted(chains, key=lambda each: each.name)),
        images,
        _Texts(files, paths),
    )


def _read_images(files: FileSystem, groups: Sequence[Group]) -> Iterator[tuple[str, ImageFile]]:
    for path in {path for group in groups for path in group.pictures}:
        from flowdsl.codegen.bundle import image_file

        file = image_file(files.read_bytes(path))
        yield file.sha256, file


class _Texts(Mapping[str, str]):
    """The texts of flows by their digests, which are read when one of them is needed."""

    def __init__(self, files: FileSystem, paths: Collection[str]) -> None:
        self._files = files
        self._paths = paths
        self._texts: dict[str, str] | None = None

    def _all(self) -> dict[str, str]:
        if self._texts is None:
            from flowdsl.ir.source_map import text_digest

            self._texts = {}
            for path in sorted(self._paths):
                with suppress(UnreadableFile):  # It was there when it was compiled.
                    text = self._files.read_text(path)
                    self._texts[text_digest(text)] = text
        return self._texts

    def __getitem__(self, digest: str) -> str:
        return self._all()[digest]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())
