"""The language of prompts, which code generation prints and import parses.

`sentences.toml` holds every sentence with its typed holes and who reads it; `sentences.py` loads
it. `words.py` prints sentences, `values.py` types, values and conditions, `text.py` and `exact.py`
the user's texts; `outline.py` prints lines and bullets. `reading` parses them. `cost.py` counts
what a finished prompt costs, whoever wrote it.

Knows no statements: `flowdsl.codegen` decides which sentence says a statement, `flowdsl.decompile`
which statement a sentence says.

Entry points: `words.say_sentence`, `outline.render_outline`, `reading.outline.read_outline`,
`reading.frames.Sentences`.

Each sentence is defined in one place, and printed prompts can be parsed again.
"""
