"""The intermediate representation: what a program means, with nothing left to look up.

Holds workflows and chains as frozen, versioned values: tasks inlined, names unique, constants
evaluated, every `fail` resolved, every output given one source. `lowering` makes it from an
analysis without errors, `passes` simplify it, and `verify` proves what code generation relies on.

Knows neither the words of a prompt nor the wire format; no higher layer reads the AST to generate
code.

Entry points: `lowering.program.lower_program`, `passes.simplify.simplified`,
`verify.verify_program`.

Every node carries the `Origin` of the source that it came from, inside tasks too.
"""
