"""Parse prompts: the outline, the sentences in its lines, and the content of their holes.

`outline.py` finds paragraphs, lines and bullets, `frames.py` recognises a sentence in a line,
`texts.py`, `phrases.py` and `conditions.py` parse the content of holes.

Knows no statements, and of a workflow only the names that its texts may contain. Returns None for
text that code generation does not print.

Entry points: `outline.read_outline`, `frames.Sentences`.

Takes roughly linear time in the length of any text.
"""
