"""What stands between the quotes of a text: the second stage of scanning.

`literals` gives a text literal its parts, `variables` those in braces. `paragraphs` says how lines
read that the author wrapped.

Entry point: `literals.scan_text`. Every part keeps its offsets in the source.
"""
