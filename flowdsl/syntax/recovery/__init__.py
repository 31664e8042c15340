"""Recovery from syntax errors, and their messages.

`recovery` drives: it tries to repair one token (`repair`), a form of another language
(`corrections`) or the quotes of a text (`quotes`), and otherwise resumes at the next statement
(`next_statement`) or at the next declaration (`resynchronisation`). `unexpected` and `advice` write
the messages; `foreign_syntax` holds the forms of other languages.
"""
