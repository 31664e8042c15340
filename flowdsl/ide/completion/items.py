"""One thing that may be written, as every source of completions makes it."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Edit
from flowdsl.source.record import Record

KEYWORD = "keyword"
FILE = "file"
VALUE = "value"
ANNOTATION = "annotation"
SETTING = "setting"


class Item(Record):
    """A completion: `insert` takes the place of the word that is being written.

    `kind` is one of this module, or that of a name. `edits` are made as well, such as the line of
    an import. Items of a smaller `order` come first.
    """

    label: str
    kind: str
    detail: str = ""
    doc: str = ""
    insert: str = ""
    edits: tuple[Edit, ...] = ()
    order: int = 1

    @property
    def written(self) -> str:
        """Return the text that is inserted."""
        return self.insert or self.label
