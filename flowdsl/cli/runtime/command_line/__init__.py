"""Parsing command lines: the parser, common options, examples, completion, and guessed commands."""
