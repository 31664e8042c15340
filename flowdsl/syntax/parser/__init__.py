"""From characters to reduced rules of the grammar.

`lexer` cuts a file into the lossless `tokens`, and `driver` parses them: both by `tables`, which
are generated from `grammars/flowdsl.lark`, with the `operations` that a rule is reduced by. The
caller of `driver.run` says what is built of a rule: the AST is not known here.

Entry points: `lexer.Lexemes` and `driver.run`; `lexer.lex` for the tokens alone.
"""
