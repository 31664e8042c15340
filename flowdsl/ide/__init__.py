"""Editor features as plain functions over an analysis: no protocol, no IO, no clock.

Does: keeps the analyses of a project up to date while its files are edited, and answers what an
editor asks about a place in a file, in offsets of code points.

Does not: know the Language Server Protocol, read the disk, or resolve names itself: what names mean
comes from the tables of the checker, the style from the formatter, the prompts from the compiler.

Entry points: `session.Session`, then a function for each feature, in `names`, `completion`, `views`
and `edits`.

Invariants: no text of a file makes a function raise; an answer is never about another text than the
one that was asked about.
"""
