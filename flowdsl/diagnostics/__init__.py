"""Findings as data.

Declares what a finding is (`DiagnosticSpec`), records findings (`Sink`), orders them, renders them
for people and machines (`render/`), applies their fixes to texts (`fixes`), and tells known
findings from new ones (`baseline`).

Does not decide anything about flows: the layer that reports a spec declares it, in its `errors.py`.

Entry points: `Sink.report`, `DiagnosticSpec`, `render.text.render_text`, `render.json.render_json`,
`fixes.apply_fixes`, `baseline.Baseline`.

A phase never raises for bad source: it reports here and continues. The name of a diagnostic is its
identity.
"""
