"""What a program means: names, types, and where values are set.

Follows imports (`modules`), gives every name, type, literal and reference its meaning (`resolve` and the modules it calls), and
follows runtime variables and outputs along every path (`dataflow`). On summaries of tasks it finds what shows once they are
inlined: decisions that a replay would not make again (`replay`), texts that the platform misreads (`platform_text`).
`capabilities` is the one table of what is assumed about the agents and their tools.

Does not judge style, and knows no more of the wire format than the names of its fields: types become JSON Schema in `codegen`.

Entry points: `modules.load`, `resolve.analyze_program`; `model.SemanticModel` is what later phases read.

Bad source never raises. What could not be resolved has the type `UNKNOWN`, which fits everywhere, so that one mistake is reported
once; the order of findings does not depend on the order of files.
"""
