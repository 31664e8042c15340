"""Takes prompts apart: the outline, the sentences in its lines, and what fills their holes.

`outline.py` finds paragraphs, lines and bullets, `frames.py` recognises a sentence in a line,
`texts.py`, `phrases.py` and `conditions.py` read what fills holes.

Knows no statements, and nothing of a workflow but the names that its texts may hold. Returns None
for what is not printed like this.

Entry points: `outline.read_outline`, `frames.Sentences`.

Takes time about linear in the length of any text.
"""
