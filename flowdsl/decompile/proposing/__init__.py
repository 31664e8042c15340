"""Statements proposed for a prompt that somebody wrote in a dashboard.

Reads Markdown and rich text, turns headings into steps and sentences into `do`, and only
unmistakable instructions into other statements.

Does not judge the result: the person who asked is shown what would change.

Entry points: `convert.propose`, and `section.py` for the text of the sections.

Words stay the author's, and conditions stay prose.
"""
