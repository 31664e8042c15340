"""The meaning of a program: names, types, and where values are set.

Follows imports (`modules`), gives every name, type, literal and reference its meaning (`resolve`
and the modules that it calls), and follows runtime variables and outputs along every path
(`control_flow.dataflow`). With summaries of tasks it finds problems that appear only after
inlining: decisions that a replay would not make again (`control_flow.replay`), and texts that the
platform misreads (`texts.platform_text`). `capabilities` is the single table of assumptions about
the agents and their tools.

Does not check style, and knows only the field names of the wire format: types become JSON Schema in
`codegen`.

Entry points: `modules.load_sources` and `resolve.analyze_program`; later phases read
`semantic_model.SemanticModel`, with the symbols of `model`.

Bad source never raises. Anything that could not be resolved has the type `UNKNOWN`, which is
assignable to every type, so that one mistake is reported only once. The order of findings does not
depend on the order of files.
"""
