"""The second stage of scanning: the contents of text literals.

`literals` splits a text literal into parts, `variables` scans those in braces. `paragraphs` joins
lines that the author wrapped.

Entry point: `literals.scan_text`. Every part keeps its offsets in the source.
"""
