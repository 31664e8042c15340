"""Findings as data.

Declares what a finding is (`DiagnosticSpec`), records findings (`Sink`), orders them, and renders them for people
and machines (`render/`).

Does not decide anything about flows: specs are declared by the layer that reports them, in its `errors.py`.

Entry points: `Sink.report`, `DiagnosticSpec`, `render.text.render_text`, `render.json.render_json`.

A phase never raises for bad source: it reports here and goes on. The name of a diagnostic is its identity.
"""
