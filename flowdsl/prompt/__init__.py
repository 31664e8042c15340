"""The language of prompts: what code generation writes with, and import reads with.

`sentences.toml` holds every sentence with its typed holes and who meets it; `sentences.py` makes data of it and knows nothing else
of this package. `words.py` says a sentence, `values.py` types, values and conditions, `text.py` and `exact.py` what a user wrote;
`outline.py` prints lines and bullets. `reading` goes the other way.

Does not know statements: which sentence says one is decided in `flowdsl.codegen`, which one a sentence says in `flowdsl.decompile`.

Entry points: `words.say`, `outline.render_outline`, `reading.outline.read_outline`, `reading.frames.Sentences`.

A sentence stands in one place, and what is printed can be read back.
"""
