"""The language of prompts, which code generation writes and import reads.

`sentences.toml` holds every sentence with its typed holes and who reads it; `sentences.py` makes
data of it. `words.py` says a sentence, `values.py` types, values and conditions, `text.py` and
`exact.py` what a user wrote; `outline.py` prints lines and bullets. `reading` goes the other way.
`cost.py` counts what a finished prompt costs, whoever wrote it.

Knows no statements: `flowdsl.codegen` decides which sentence says a statement, `flowdsl.decompile`
which statement a sentence says.

Entry points: `words.say`, `outline.render_outline`, `reading.outline.read_outline`,
`reading.frames.Sentences`.

A sentence stands in one place, and what is printed can be read back.
"""
