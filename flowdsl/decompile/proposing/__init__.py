"""Propose statements for a prompt that somebody wrote in a dashboard.

Parses Markdown and rich text, turns headings into steps and sentences into `do`, and only
unmistakable instructions into other statements. Does not judge the result: the user who asked is
shown what would change. Entry points: `convert.propose_statements`, and `section.py` for the text
of the sections. The author's wording is kept, and conditions stay prose.
"""
