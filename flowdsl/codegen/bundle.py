"""Compile a program to everything that is deployed or written to disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowdsl.ir import nodes
from flowdsl.ir.images import MEDIA_TYPES, image_extension, image_hash
from flowdsl.ir.source_map import text_digest
from flowdsl.semantics.capabilities import Capabilities

from .artifacts import Bundle, ImageFile
from .chain_payload import emit_chain
from .workflow_payload import emit_workflow


def emit_bundle(
    program: nodes.Program,
    images: Iterable[bytes],
    capabilities: Capabilities,
    texts: Mapping[str, str],
) -> Bundle:
    """Return the artifacts of a program.

    `images` are the contents of the pictures it names, `texts` those of its files, by path.
    """
    digests = {path: text_digest(text) for path, text in texts.items()}
    files = (image_file(content) for content in images)
    return Bundle(
        workflows=tuple(
            emit_workflow(workflow, capabilities, digests) for workflow in program.workflows
        ),
        chains=tuple(emit_chain(chain) for chain in program.chains),
        images={file.sha256: file for file in sorted(files, key=lambda file: file.sha256)},
        sources={digests[path]: text for path, text in texts.items()},
    )


def image_file(content: bytes) -> ImageFile:
    extension = image_extension(content)
    return ImageFile(image_hash(content), extension, MEDIA_TYPES[extension], content)
