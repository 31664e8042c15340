"""The types and modifiers of coloured words, which a server announces before it reads a file."""

TYPES = (
    "keyword",
    "comment",
    "string",
    "number",
    "decorator",
    "property",
    "parameter",
    "variable",
    "secret",
    "macro",
    "function",
    "class",
    "type",
    "namespace",
)
MODIFIERS = ("declaration", "modification", "readonly", "static")
