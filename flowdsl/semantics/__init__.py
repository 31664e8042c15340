"""What a program means: names, types, and where values are set.

Follows imports (`modules`), gives every name, type, literal and reference its meaning (`resolve`
and the modules that it calls), and follows runtime variables and outputs along every path
(`control_flow.dataflow`). From summaries of tasks it finds what shows only once they are inlined:
decisions that a replay would not make again (`control_flow.replay`), and texts that the platform
misreads (`texts.platform_text`). `capabilities` is the one table of what is assumed about the
agents and their tools.

Does not judge style, and knows no more of the wire format than the names of its fields: types
become JSON Schema in `codegen`.

Entry points: `modules.load` and `resolve.analyze_program`; later phases read `model.SemanticModel`.

Bad source never raises. What could not be resolved has the type `UNKNOWN`, which fits everywhere,
so that one mistake is reported once. The order of findings does not depend on the order of files.
"""
