"""Lexer and parser: from characters to reduced grammar rules.

`lexer` cuts a file into the lossless `tokens`, and `driver` parses them: both use `tables`, which
are generated from `grammars/flowdsl.lark`; `operations` are the kinds of reductions. The caller of
`driver.run` says what is built for a rule: this package does not know the AST.

Entry points: `lexer.Lexemes` and `driver.run`; `lexer.lex` for the tokens alone.
"""
