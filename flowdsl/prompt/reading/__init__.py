"""Prompts taken apart: the outline, the sentences in its lines, and what stands in their holes.

`outline.py` finds paragraphs, lines and bullets, `frames.py` hears a sentence in a line, `texts.py`, `phrases.py` and
`conditions.py` read what stands in holes.

Knows no statements and nothing of a workflow but the names that its texts may hold. Gives None for what is not printed like this.

Entry points: `outline.read_outline`, `frames.Sentences`.

Time is about linear in the length of any text.
"""
