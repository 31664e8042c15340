"""From the AST and its side tables to IR: tasks inlined, names unique, every `fail` resolved.

`program` begins with workflows, chains and checks, `outputs` decides where each output gets its
value, `statements` lowers bodies, `values` and `types` lower the parts of statements. `decisions`
says what constants decide, `spelling` where a read text has to be kept from spelling a secret.

Entry point: `program.lower_program`, for an analysis without errors.
"""
