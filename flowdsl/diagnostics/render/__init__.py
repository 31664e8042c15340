"""Findings as text for people and machines.

One module for each format, each a pure function from diagnostics to text: `text`, `terse`, `json`,
`github`, `sarif`, `junit`.

Does not sort, filter or count files: diagnostics come sorted, and the caller knows how many files
it checked.

Entry points: `text.render_text`, `terse.render_terse`, `json.render_json`, `github.render_github`,
`sarif.render_sarif`, `junit.render_junit`.

What comes from a source never reaches a terminal or a log as a control character. `show_path` turns
a project path into the path to print.
"""
