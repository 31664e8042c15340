"""What a program means: names, types, and where values are set.

Follows imports (`modules`), gives every name, type, literal and reference its meaning (`resolve` and the modules it calls), and
follows runtime variables and outputs along every path (`dataflow`).

Does not judge style or replay, and knows nothing of the wire format: types become JSON Schema in `codegen`.

Entry points: `modules.load`, `resolve.analyze_program`; `model.SemanticModel` is what later phases read.

Bad source never raises. What could not be resolved has the type `UNKNOWN`, which fits everywhere, so that one mistake is reported
once; the order of findings does not depend on the order of files.
"""
