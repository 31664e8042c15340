"""Reading on behind syntax errors, and what to say about them.

`recovery` drives: it tries `repair`s of one token and of `quotes`, else reads on at the next place
that `resynchronisation` finds; `unexpected` and `advice` find the words, with the forms of other
languages in `foreign_syntax`.
"""
