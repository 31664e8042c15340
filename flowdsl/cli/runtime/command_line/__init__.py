"""Reading command lines: the parser's manners, options of every command, examples, completion, and
words that people guess.
"""
