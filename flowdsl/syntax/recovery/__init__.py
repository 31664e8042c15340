"""Reading on behind syntax errors, and the words for them.

`recovery` drives: it tries to repair one token (`repair`), a form of another language
(`corrections`) or the quotes of a text (`quotes`), and else reads on at the next statement
(`next_statement`) or at the next declaration (`resynchronisation`). `unexpected` and `advice` find
the words; `foreign_syntax` holds the forms of other languages.
"""
