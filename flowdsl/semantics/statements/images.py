"""The pictures of `image` statements."""

from __future__ import annotations

from flowdsl.source.files import UnreadableFile, spell_flow_path
from flowdsl.syntax import ast

from .. import errors
from ..modules import project_path, report_unreadable
from ..program import ModuleScope

MAX_BYTES = 10_000_000
"""The maximum size in bytes of a prompt image that the platform accepts (`POST
/v1/workflows/prompt-image`): 10 MB."""


def is_image(content: bytes) -> bool:
    """Whether `content` begins as a PNG, JPEG, GIF or WebP, the kinds that the platform accepts."""
    if content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")):
        return True
    return content.startswith(b"RIFF") and content[8:12] == b"WEBP"


def check_image(scope: ModuleScope, statement: ast.ImageStmt) -> None:
    """Read the picture of a statement and keep its bytes in `program.images`.

    A picture that the platform would reject is reported.
    """
    program = scope.program
    span = statement.path.span(scope.source)
    outside = errors.FILE_OUTSIDE_PROJECT
    path = project_path(scope.source, statement.path, outside, program.sink)
    if path is None:
        return
    try:
        content = program.files.read_bytes(path)
    except UnreadableFile as error:
        report_unreadable(program.files, error, span, program.sink)
        return
    if not is_image(content):
        scope.report(errors.NOT_AN_IMAGE, span, path=spell_flow_path(path))
    elif len(content) > MAX_BYTES:
        scope.report(
            errors.IMAGE_TOO_LARGE,
            span,
            path=spell_flow_path(path),
            size=len(content),
            limit=MAX_BYTES,
        )
    else:
        program.images[path] = content
