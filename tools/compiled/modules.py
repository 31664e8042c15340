"""Which modules are compiled, and why the others are not.

Compiled are the modules in which a check spends 95 % of its time, and those whose classes they use.
A class and what is derived from it are compiled both or not at all. Left out are

- `syntax/parser/tables.py`: nothing but data;
- `syntax/recovery`, `semantics/flow_tests` and most of `lint/rules`: they run for files with
  mistakes or with what few files have;
- `source/record.py`: a metaclass makes what it makes when a program runs;
- `lint/texts/spelled.py`: rules that seldom run derive classes from its own;
- `source/files.py`: programs may derive classes from its `MemoryFiles`, which `flowdsl.api` has;
- `compiler`: a handful of calls for each file;
- `incremental`, and all that is sent to another process: instances of native classes cannot be
  pickled.
"""

from __future__ import annotations

MODULES = (
    "flowdsl/source/text.py",
    "flowdsl/diagnostics/diagnostic.py",
    "flowdsl/diagnostics/sink.py",
    "flowdsl/diagnostics/suggest.py",
    "flowdsl/syntax/ast.py",
    "flowdsl/syntax/edition.py",
    "flowdsl/syntax/build.py",
    "flowdsl/syntax/parse.py",
    "flowdsl/syntax/statements.py",
    "flowdsl/syntax/visit.py",
    "flowdsl/syntax/parser/driver.py",
    "flowdsl/syntax/parser/lexer.py",
    "flowdsl/syntax/texts/literals.py",
    "flowdsl/syntax/texts/variables.py",
    "flowdsl/semantics/types.py",
    "flowdsl/semantics/model.py",
    "flowdsl/semantics/places.py",
    "flowdsl/semantics/modules.py",
    "flowdsl/semantics/program.py",
    "flowdsl/semantics/semantic_model.py",
    "flowdsl/semantics/traversal.py",
    "flowdsl/semantics/analysis.py",
    "flowdsl/semantics/calls/call_graph.py",
    "flowdsl/semantics/calls/inlining.py",
    "flowdsl/semantics/control_flow/appends.py",
    "flowdsl/semantics/control_flow/dataflow.py",
    "flowdsl/semantics/control_flow/leaving.py",
    "flowdsl/semantics/control_flow/replay.py",
    "flowdsl/semantics/control_flow/required_tools.py",
    "flowdsl/semantics/declarations/runtime_variables.py",
    "flowdsl/semantics/declarations/signatures.py",
    "flowdsl/semantics/declarations/type_expressions.py",
    "flowdsl/semantics/names/paths.py",
    "flowdsl/semantics/names/references.py",
    "flowdsl/semantics/names/scopes.py",
    "flowdsl/semantics/provenance/origins.py",
    "flowdsl/semantics/provenance/typed_fields.py",
    "flowdsl/semantics/provenance/untrusted.py",
    "flowdsl/semantics/statements/arguments.py",
    "flowdsl/semantics/statements/body.py",
    "flowdsl/semantics/statements/conditions.py",
    "flowdsl/semantics/statements/keys.py",
    "flowdsl/semantics/statements/loops.py",
    "flowdsl/semantics/texts/destinations.py",
    "flowdsl/semantics/texts/rules.py",
    "flowdsl/semantics/values/annotations.py",
    "flowdsl/semantics/values/assignability.py",
    "flowdsl/semantics/values/expressions.py",
    "flowdsl/semantics/values/fitting.py",
    "flowdsl/lint/bodies.py",
    "flowdsl/lint/context.py",
    "flowdsl/lint/rule.py",
    "flowdsl/lint/run.py",
    "flowdsl/lint/triggers.py",
    "flowdsl/lint/unused.py",
    "flowdsl/lint/texts/prose.py",
    "flowdsl/lint/rules/program/credential_in_literal.py",
    "flowdsl/lint/rules/program/deep_nesting.py",
    "flowdsl/lint/rules/program/long_lists.py",
    "flowdsl/lint/rules/program/loops.py",
    "flowdsl/lint/rules/prose/likeness.py",
    "flowdsl/lint/rules/prose/duplicated_prose.py",
    "flowdsl/lint/rules/prose/choice_by_input.py",
)
