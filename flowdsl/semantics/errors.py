"""Diagnostics of the semantics layer.

`message` and `help` are `str.format` templates: a brace that stands for itself is written twice.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import INFO, DiagnosticSpec

# Files and imports

MISSING_FILE = DiagnosticSpec(
    "missing-file",
    "names",
    "there is no file `{path}`",
    "paths are relative to the file that names them",
)
UNREADABLE_FILE = DiagnosticSpec("unreadable-file", "names", "`{path}` cannot be read: {reason}")
IMPORT_NOT_FLOW = DiagnosticSpec(
    "import-not-flow",
    "names",
    "`{written}` is no `.flow` file",
    "an import names a file by its relative path, ending in `.flow`",
)
IMPORT_OUTSIDE_PROJECT = DiagnosticSpec(
    "import-outside-project",
    "names",
    "`{written}` leads out of the project",
    "write a path relative to this file, with `/`, that stays below the project's folder",
)
FILE_OUTSIDE_PROJECT = DiagnosticSpec(
    "file-outside-project",
    "names",
    "`{written}` leads out of the project",
    "write a path relative to this file, with `/`, that stays below the project's folder",
)
UNKNOWN_LIBRARY = DiagnosticSpec(
    "unknown-library", "names", "`{written}` names no library that the project declares"
)
OUTSIDE_LIBRARY = DiagnosticSpec(
    "outside-library",
    "names",
    "`{written}` leads out of the library `{name}`",
    "name a file of the library by a path that stays below its folder; a file of another library "
    "that the project declares is `@NAME/FILE`",
)
WORKFLOW_IN_LIBRARY = DiagnosticSpec(
    "workflow-in-library",
    "names",
    "the {kind} `{name}` is declared in the library `{library}`, from which nothing is deployed",
    "declare the {kind} in a flow of this project; what it does can stay in tasks of the library",
)
IMPORT_CYCLE = DiagnosticSpec(
    "import-cycle",
    "names",
    "imports form a cycle: {cycle}",
    "move what these files share into a file that imports none of them",
)
UNKNOWN_IMPORT = DiagnosticSpec(
    "unknown-import", "names", "`{path}` declares no `{name}` that can be imported"
)
MALFORMED_SCHEMA_FILE = DiagnosticSpec(
    "malformed-schema-file", "types", "`{path}` is no JSON Schema: {problem}"
)
MALFORMED_PAYLOAD_FILE = DiagnosticSpec(
    "malformed-payload-file", "types", "`{path}` holds no {what}: {problem}"
)
NOT_AN_IMAGE = DiagnosticSpec(
    "not-an-image",
    "platform",
    "`{path}` is no image the platform takes",
    "use a PNG, JPEG, GIF or WebP file",
)
IMAGE_TOO_LARGE = DiagnosticSpec(
    "image-too-large",
    "platform",
    "`{path}` has {size:,} bytes, and the platform takes images up to {limit:,}",
    "crop the picture to the part that matters",
)

# Declarations

DUPLICATE_DECLARATION = DiagnosticSpec(
    "duplicate-declaration", "names", "`{name}` is already declared", "rename one of the two"
)
SHADOWED_NAME = DiagnosticSpec(
    "shadowed-name",
    "names",
    "`{name}` is already {kind}",
    (
        "choose another name: inputs, consts, parameters, loop variables, secrets and runtime "
        "variables share one set of names"
    ),
)
RESERVED_NAME = DiagnosticSpec(
    "reserved-name", "names", "`{name}` is a name of the language", "choose another name"
)
DUPLICATE_FIELD = DiagnosticSpec(
    "duplicate-field",
    "names",
    "there is already a field `{name}`",
    "rename or remove one of the two",
)
DUPLICATE_SECTION = DiagnosticSpec(
    "duplicate-section", "names", "there is already a section `{name}`", "merge the two"
)
CONFLICTING_SECTIONS = DiagnosticSpec(
    "conflicting-sections",
    "names",
    "`{one}` and `{other}` exclude each other",
    "remove one of the two",
)
MISSING_STEPS = DiagnosticSpec(
    "missing-steps",
    "names",
    "workflow `{name}` says nothing to do",
    'add `steps {{ }}` or `prompt from "./file.md"`',
)
EMPTY_CHAIN = DiagnosticSpec(
    "empty-chain", "names", "chain `{name}` has no step", "add `step name = run workflow()`"
)
DUPLICATE_SETTING = DiagnosticSpec(
    "duplicate-setting", "names", "`{name}` is already set", "remove one of the two"
)
UNKNOWN_SETTING = DiagnosticSpec("unknown-setting", "names", "{owner} has no setting `{name}`")
TOO_MANY_ENTRIES = DiagnosticSpec(
    "too-many-entries", "platform", "`{name}` takes at most {limit} entries, and here are {count}"
)

# Names

UNDECLARED_NAME = DiagnosticSpec("undeclared-name", "names", "`{name}` is not declared")
UNDECLARED_TYPE = DiagnosticSpec("undeclared-type", "names", "there is no type `{name}`")
UNDECLARED_TASK = DiagnosticSpec("undeclared-task", "names", "there is no task `{name}`")
UNDECLARED_WORKFLOW = DiagnosticSpec(
    "undeclared-workflow", "names", "there is no workflow `{name}`"
)
UNDECLARED_CHAIN = DiagnosticSpec("undeclared-chain", "names", "there is no chain `{name}`")
UNKNOWN_STEP = DiagnosticSpec("unknown-step", "names", "chain `{chain}` has no step `{name}`")
UNDECLARED_NAMESPACE = DiagnosticSpec(
    "undeclared-namespace",
    "names",
    "no file is imported as `{name}`",
)
UNDEFINED_ENVIRONMENT_VALUE = DiagnosticSpec(
    "undefined-environment-value", "names", "`env.{name}` is not defined in {where}"
)
ENVIRONMENT_NOT_A_VALUE = DiagnosticSpec(
    "environment-not-a-value",
    "names",
    "`{written}` names no value of the environment",
    "write `env.name`: its values are single texts",
)
WRONG_SIGIL = DiagnosticSpec(
    "wrong-sigil", "names", "`{written}` is written like {meant}, and `{name}` is {kind}"
)
UNKNOWN_FIELD = DiagnosticSpec("unknown-field", "names", "`{owner}` has no field `{name}`")
PATH_INTO_SCALAR = DiagnosticSpec(
    "path-into-scalar",
    "names",
    "`{owner}` is `{type}`, and nothing is inside it",
    "remove `{part}`",
)
WRONG_ACCESS = DiagnosticSpec(
    "wrong-access", "names", "`{owner}` is {kind}, and this path treats it as something else"
)
NEGATIVE_INDEX = DiagnosticSpec(
    "negative-index",
    "names",
    "an index cannot be negative",
    "indexes count from 0 at the start of the list",
)
NOT_IN_CONST = DiagnosticSpec(
    "not-in-const", "names", "the value of const `{name}` has nothing at `{part}`"
)
UNDECLARED_IN_PROMPT = DiagnosticSpec(
    "undeclared-in-prompt", "names", "workflow `{workflow}` declares no `{name}`", arguable=True
)
UNKNOWN_PATH_IN_PROMPT = DiagnosticSpec(
    "unknown-path-in-prompt",
    "names",
    "`{owner}` of workflow `{workflow}` has nothing at `{part}`",
    arguable=True,
)
UNLISTED_IN_PROMPT = DiagnosticSpec(
    "unlisted-in-prompt", "suspicious", "the schemas of workflow `{workflow}` list no `{name}`"
)
ESCAPED_VARIABLE = DiagnosticSpec(
    "escaped-variable",
    "names",
    "the backslash makes `{name}` literal text, and `{name}` is a declared {kind}",
    "write `/` in place of the backslash, or put the separator into the value",
)
SPACE_IN_BRACES = DiagnosticSpec(
    "space-in-braces",
    "names",
    "these braces hold nothing but `{name}`, and a space makes them literal text",
    "write `{right}`",
)

# Annotations

UNKNOWN_ANNOTATION = DiagnosticSpec(
    "unknown-annotation", "names", "there is no annotation `@{name}` here"
)
DUPLICATE_ANNOTATION = DiagnosticSpec(
    "duplicate-annotation", "names", "`@{name}` already stands here", "remove one of the two"
)
MISPLACED_ANNOTATION = DiagnosticSpec(
    "misplaced-annotation",
    "types",
    "`@{name}` does not go with `{field}`, which is `{type}`",
    "`@{name}` goes with {goes_with}",
)
WRONG_ANNOTATION_ARGUMENT = DiagnosticSpec(
    "wrong-annotation-argument", "types", "`@{name}` takes {wanted}"
)
INVALID_PATTERN = DiagnosticSpec(
    "invalid-pattern", "types", "this regular expression cannot be read: {problem}"
)
UNCHECKED_PATTERN = DiagnosticSpec(
    "unchecked-pattern",
    "suspicious",
    "{value} is not compared with the `@pattern` of `{name}`: {why}",
    "the service compares it when a run is created; a pattern without that is compared here, too",
    INFO,
)
EMPTY_RANGE = DiagnosticSpec(
    "empty-range", "types", "`@{high}` is below `@{low}`, so that no value fits"
)

# Types

TYPE_MISMATCH = DiagnosticSpec(
    "type-mismatch", "types", "{what} is `{wanted}`, and this is `{found}`"
)
OPTIONAL_FOR_REQUIRED = DiagnosticSpec(
    "optional-for-required",
    "types",
    "`{value}` may be missing, and {what} is required",
)
NULL_FOR_REQUIRED = DiagnosticSpec(
    "null-for-required",
    "types",
    "{what} may not be `null`",
    "give a value, or declare it `{type}?`",
)
MIXED_ENUM = DiagnosticSpec(
    "mixed-enum",
    "types",
    "the number `{written}` stands among texts, and a choice is of texts or of whole numbers",
    'write `"{written}"`, in quotes, or leave the texts out',
)
NULL_FOR_ABSENT = DiagnosticSpec(
    "null-for-absent",
    "types",
    "{what} may be left out, and is never `null`",
    "leave it out where there is no value, or declare it `{name}: {type}`",
)
CONTRADICTORY_OPTIONAL = DiagnosticSpec("contradictory-optional", "types", "`{name}?:` {problem}")
DEFAULT_OF_OPTIONAL = DiagnosticSpec(
    "default-of-optional",
    "types",
    "`{name}` has a default, which makes it never missing, and its type says that it may be",
    "drop the `?`, or the default",
)
UNKNOWN_ENUM_VALUE = DiagnosticSpec(
    "unknown-enum-value", "types", "`{value}` is no value for {what}"
)
MALFORMED_LITERAL = DiagnosticSpec("malformed-literal", "types", "`{value}` is no `{type}`")
VALUE_OUT_OF_BOUNDS = DiagnosticSpec(
    "value-out-of-bounds",
    "types",
    "{problem} `{bound}` of `{name}`",
    "give another value, or change the annotation",
)
MISSING_FIELD = DiagnosticSpec("missing-field", "types", "{what} lacks the field `{name}`")
DUPLICATE_ENUM_VALUE = DiagnosticSpec(
    "duplicate-enum-value", "types", "`{value}` is already listed", "remove one of the two"
)
RECURSIVE_TYPE = DiagnosticSpec(
    "recursive-type", "types", "a type contains itself: {cycle}", "use `any` for the inner value"
)
CONST_CYCLE = DiagnosticSpec("const-cycle", "names", "a const is made of itself: {cycle}")
CONDITION_NOT_BOOL = DiagnosticSpec(
    "condition-not-bool",
    "types",
    "`{written}` is `{type}`, and a condition is `bool`",
    "compare it with a value, as in `{written} == ...`, or write `not {written} is empty`",
)
INCOMPARABLE = DiagnosticSpec(
    "incomparable-types",
    "types",
    "`{operator}` does not go between `{left}` and `{right}`",
    "compare single values of the same type; numbers, dates and times can be ordered",
)
EMPTY_COMPARISON = DiagnosticSpec(
    "empty-comparison", "types", "`{written}` has nothing to compare with: {why}"
)
REPEATED_VALUE = DiagnosticSpec(
    "repeated-value", "types", "`{value}` stands here a second time", "remove it"
)
MATCH_OF_NO_ENUM = DiagnosticSpec(
    "match-of-no-enum",
    "types",
    "`{written}` is `{type}`, and `match` goes through the values of an enum",
    'ask with `if {written} == ...`, or declare its values where it is declared: `"a" | "b"`',
)
MATCH_INCOMPLETE = DiagnosticSpec(
    "match-incomplete",
    "flow",
    "`{written}` may also be {values}, which {lacking}",
    "add the values to a branch, or `else {{ }}` for all others",
)
PATTERN_OF_A_RUN = DiagnosticSpec(
    "pattern-of-a-run",
    "types",
    "`matches` is decided before a run, and `{written}` is known in a run only",
    "ask with `contains`, `starts with`, `ends with` or `in`; what an input may be in any case is "
    'said where it is declared, with `@pattern("...")`',
)
NEVER_NULL = DiagnosticSpec(
    "never-null", "types", "`{written}` is `{type}` and never missing", "remove the comparison"
)
NOT_A_LIST = DiagnosticSpec(
    "not-a-list",
    "types",
    "`{written}` is `{type}`, and not a list",
    'name a list, write one as `["a", "b"]`, or give a count as a number',
)
APPEND_TO_SCALAR = DiagnosticSpec(
    "append-to-scalar",
    "types",
    "`+=` adds to a list, and `{name}` is `{type}`",
    "write `=`, or declare `{name}` as a list",
)
RUNTIME_TYPE_CONFLICT = DiagnosticSpec(
    "runtime-type-conflict",
    "types",
    "`{name}` is set as `{type}` here and as `{earlier}` before",
    "a runtime variable has one type: use another name",
)
KEEP_UNDECLARED = DiagnosticSpec(
    "keep-undeclared",
    "names",
    "`keep {name} {operator}` sets a variable that nothing declares",
    "declare it with its type where it is first set: `keep {name}: string = ...`",
)
RESULT_NOT_A_RECORD = DiagnosticSpec(
    "result-not-a-record",
    "types",
    "the result of a task is a record, and this is `{type}`",
    "write `-> {{ name: {type} }}`",
)
NO_RESULT = DiagnosticSpec(
    "no-result",
    "types",
    "task `{name}` has no result to keep",
    "remove `as`, or declare a result with `->`",
)
UNKNOWN_EMIT_TARGET = DiagnosticSpec(
    "unknown-emit-target", "names", "there is no {noun} `{name}` to emit"
)

# Arguments

UNKNOWN_ARGUMENT = DiagnosticSpec("unknown-argument", "names", "there is no {noun} `{name}`")
DUPLICATE_ARGUMENT = DiagnosticSpec(
    "duplicate-argument", "names", "`{name}` is already given", "remove one of the two"
)
MISSING_ARGUMENT = DiagnosticSpec(
    "missing-argument", "types", "`{target}` needs {names}", "give each of them a value"
)
STEP_OUTPUT_IN_TEXT = DiagnosticSpec(
    "step-output-in-text",
    "platform",
    "`{name}` is known only when the step has run, and cannot stand inside a text",
    "bind the output itself, as in `name: step.outputs.field`",
)
STEP_NOT_RUN_YET = DiagnosticSpec(
    "step-not-run-yet",
    "names",
    "step `{name}` has not run when {reader}",
    "move step `{name}` in front of what needs its outputs",
)
ANSWER_NOT_GIVEN_YET = DiagnosticSpec(
    "answer-not-given-yet",
    "names",
    "nobody has been asked for `{name}` when {reader}",
    "move the `pause` in front of what needs its answers",
)
EMPTY_PAUSE = DiagnosticSpec(
    "empty-pause",
    "names",
    "this pause asks for nothing",
    "write what a person is to give: `pause {{ code: string }}`",
)
MISPLACED_PAUSE = DiagnosticSpec("misplaced-pause", "flow", "no step runs {place}")
CLEANUP_WITHOUT_CHAIN = DiagnosticSpec(
    "cleanup-without-chain",
    "suspicious",
    "no chain here runs `{workflow}`, and `on failure` runs in sessions and chains only",
    "run the workflow in a chain, or remove `on failure` when it is only ever run alone",
    INFO,
)
UNKNOWN_READ = DiagnosticSpec("unknown-read", "names", "nothing reads `{name}`")
UNUSED_ANSWER = DiagnosticSpec(
    "unused-answer", "names", "nothing in `{workflow}` asks `{question}{text}`"
)
AMBIGUOUS_ANSWER = DiagnosticSpec(
    "ambiguous-answer",
    "names",
    "`~{text}` is a part of {number} questions of `{workflow}`",
    "write more of the one that is meant, or the whole of it",
)
NO_ROWS = DiagnosticSpec(
    "no-rows",
    "types",
    "`{word}` is followed by a text, and takes none",
    'the rows of a file are written `rows "./file.csv"`',
)
UNKNOWN_ANSWER = DiagnosticSpec(
    "unknown-answer", "types", "`{answer}` does not answer what `{section}` asks"
)
UNKNOWN_SUBJECT = DiagnosticSpec(
    "unknown-subject",
    "names",
    "a test is for a workflow, a task or a chain, and not for a `{word}`",
    "write `for name`, `for task name` or `for chain name`",
)
UNKNOWN_RUN = DiagnosticSpec(
    "unknown-run",
    "names",
    "this test has no run {number}",
    "what is expected of the first run stands without `run`; `then given` makes run 2, and so on",
)
MISPLACED_EXPECTATION = DiagnosticSpec(
    "misplaced-expectation", "flow", "a test of a {kind} has no `{word}`"
)
UNKNOWN_ACT = DiagnosticSpec("unknown-act", "names", "nothing in `{workflow}` does `{act}`")
UNKNOWN_ITEM = DiagnosticSpec("unknown-item", "names", "`{workflow}` has no loop {which}")
MALFORMED_ROWS = DiagnosticSpec(
    "malformed-rows", "types", "`{path}` cannot be taken as rows: {problem}"
)
NO_FIXTURE = DiagnosticSpec(
    "no-fixture",
    "types",
    "`{name}` is no record, and a test gives inputs by their names",
    'write it as `fixture {name} = {{ input: "value" }}`',
)
IMPOSSIBLE_REASON = DiagnosticSpec(
    "impossible-reason", "flow", "no path of `{workflow}` {ends} with `{text}`"
)

# Secrets and places

SECRET_WITH_DEFAULT = DiagnosticSpec(
    "secret-with-default",
    "secrets",
    "secret `{name}` has a default, which would stand in the source",
    "remove the default: secrets are given when a run is created",
)
MISPLACED_SECRET = DiagnosticSpec(
    "misplaced-secret",
    "secrets",
    "{place} may not hold a secret, and `{name}` is one",
    "secrets go into `type ... into`, into the text of `do`, and to `secret` parameters",
)
PLAIN_VALUE_FOR_SECRET = DiagnosticSpec(
    "plain-value-for-secret",
    "secrets",
    "`{name}` takes a secret, and this is none",
    "declare the value under `secrets` and pass it as `$name`",
)
SECRET_FOR_PLAIN = DiagnosticSpec(
    "secret-for-plain-value",
    "secrets",
    "`{secret}` is a secret, and {kind} `{name}` takes none",
    "declare `{name}` as a secret",
)
ANY_GIVEN_TO_TOOL = DiagnosticSpec(
    "any-given-to-tool",
    "secrets",
    "`{name}` is of the type `any` and stands in {place}, where a text in it may spell a secret",
    "declare what it is, such as `string` or a record, and name one value of it",
)
SECRET_IN_TEST = DiagnosticSpec(
    "secret-in-test",
    "secrets",
    "`{name}` is a secret, and a test gives it a placeholder itself",
    "remove the value",
)
SIGN_IN_TYPED_TEXT = DiagnosticSpec(
    "sign-in-typed-text",
    "names",
    "this types the characters `{written}`, and not the {kind} `{name}`",
    "write `{right}`",
    arguable=True,
)
MISPLACED_RUNTIME_VALUE = DiagnosticSpec(
    "misplaced-runtime-value",
    "flow",
    "{place} may not hold a runtime value, and `{name}` is one",
    "it may hold {allowed}",
)
MISPLACED_VALUE = DiagnosticSpec(
    "misplaced-value",
    "flow",
    "{place} may not hold {kind}, and `{name}` is one",
    "it may hold {allowed}",
)
MACHINE_INPUT_WITH_DEFAULT = DiagnosticSpec(
    "machine-input-with-default",
    "flow",
    "`{name}` is supplied by the machine, and has a default",
    "remove the default or `@machine`",
)

# Flow

UNSET_RUNTIME_VARIABLE = DiagnosticSpec(
    "unset-runtime-variable",
    "flow",
    "`{name}` {why}",
    "set it in front of every path that leads here, or move this to where it is set",
)
MISSING_EMIT = DiagnosticSpec(
    "missing-emit",
    "flow",
    "{noun} `{name}` {how}",
    "emit it on every path to the end, or make it optional with `?`",
)
UNREACHABLE = DiagnosticSpec(
    "unreachable-statement",
    "flow",
    "no path reaches this statement",
    "remove it, or move it in front of what ends every path",
)
MISSING_BOUND = DiagnosticSpec(
    "missing-bound",
    "flow",
    "this `{statement}` has no bound",
    "write `max N` after {after}",
)
BOUND_TOO_SMALL = DiagnosticSpec(
    "bound-too-small", "flow", "a bound of `{value}` is too small", "the least is 1"
)
BOUND_WITHOUT_MAX = DiagnosticSpec(
    "bound-without-max",
    "flow",
    "`{name}` bounds a loop, and nothing says how large it may be",
    "write `@max(20)` behind its type, or the most that a run may take",
)
BOUND_BELOW_MIN_ITEMS = DiagnosticSpec(
    "bound-below-min-items",
    "flow",
    "no list fits: `{list}` holds at least {least}, and this `for` takes at most {bound}",
    "write `max {least}` or more, or lower the `@min_items` of the list",
)
REPEAT_NEVER_ENDS = DiagnosticSpec(
    "repeat-never-ends",
    "flow",
    "nothing in this `repeat` sets what `{condition}` asks for, so that no round ends it",
    (
        "set it anew in the body, with `extract`, `copy`, `keep` or `call ... as`, or ask the "
        "screen with `sees`"
    ),
)
NESTED_FOR = DiagnosticSpec(
    "nested-for",
    "platform",
    "a `for` runs inside a `for`, and {tool} in the inner one needs the main agent",
    "move that out of the inner `for`, or give it a workflow of its own",
)
FAILURE_NEEDS_ONE_CALL = DiagnosticSpec(
    "failure-needs-one-call",
    "platform",
    "{tool} needs the main agent, whose lines would go on after a failure in this `for`",
    "move it out of the `for`, or remove `on failure`, so that a failure ends the run",
)
RECURSIVE_TASK = DiagnosticSpec(
    "recursive-task",
    "flow",
    "a task calls itself: {cycle}",
    "tasks are inlined: use `repeat`, `retry` or `for`",
)
BACKGROUND_EXTRACT = DiagnosticSpec(
    "background-extract",
    "flow",
    "background extract `{name}` {problem}",
    "remove `in background`: a value read in background is known after the run only",
)
APPEND_REPEATED = DiagnosticSpec(
    "append-repeated",
    "flow",
    "`+=` inside a `retry` may add to `{name}` more than once",
    "{way} after the `retry`, or behind all that may fail in it",
    arguable=True,
)
ENTRY_ADDED_TWICE = DiagnosticSpec(
    "entry-added-twice",
    "suspicious",
    "an entry that fails behind this is added to `{name}` twice: here, and in the `on failure`",
    (
        "move this `+=` behind all that may fail in the body, or leave `{name}` out of the "
        "`on failure`"
    ),
)

TOO_LARGE = DiagnosticSpec(
    "too-large",
    "flow",
    (
        "{what} has {size:,} {unit} once consts and tasks are in their places, and the most is "
        "{limit:,}"
    ),
    "something is put in twice again and again: let each level use the one below it once",
)

# Keys

UNKNOWN_KEY = DiagnosticSpec("unknown-key", "platform", "`{key}` is no key")
MALFORMED_CHORD = DiagnosticSpec(
    "malformed-chord",
    "platform",
    "`{key}` in `{chord}` is no modifier, and only the last key of a chord may be another",
    "write keys that are pressed one after another with a space between them",
)

MISPLACED_DAY = DiagnosticSpec(
    "misplaced-day",
    "types",
    "only an input of type `date` can have a day as its default, and {why}",
    'write the day itself, as `"2026-03-01"`, or make it an input of type `date`',
)
UNUSABLE_DAY = DiagnosticSpec(
    "unusable-day",
    "types",
    "no day can be counted from `{name}`: {why}",
    (
        "count from `today`, from `start of week`, `month`, `quarter` or `year`, from a const that "
        "holds a date, or from an input of type `date` above this one"
    ),
)
TYPED_DAY_BASE = DiagnosticSpec(
    "typed-day-base",
    "types",
    "a day that is typed counts from today, not from `{name}`",
    (
        "declare an input with `{day}` as its default (`due: date = {day}`) and type that, or "
        "count from `today` or `start of month`"
    ),
)
DAY_NEEDS_TERMINAL = DiagnosticSpec(
    "day-needs-terminal",
    "platform",
    "a day is typed with the help of a terminal command, which this workflow does not allow",
    (
        "write `terminal {{ dates = true }}` in the workflow, for the day of the desktop; or "
        "declare `day: date = today` in `inputs` and type that, for the day of whoever starts the "
        "run"
    ),
)
UNKNOWN_DISPLAY = DiagnosticSpec(
    "unknown-display", "types", "`{display}` is no format of a `{type}`: {problem}"
)
NO_DISPLAYS = DiagnosticSpec(
    "no-displays",
    "types",
    "a `{type}` has no formats",
    (
        "leave `as` out, and the value is typed as it is; only a `date`, `datetime`, `time`, `int` "
        "or `number` is written in a format"
    ),
)

# What the agents and the platform make of it

BACKSLASH_BEFORE_VARIABLE = DiagnosticSpec(
    "backslash-before-variable",
    "platform",
    (
        "a backslash stands directly before `{variable}`, and the platform reads the two "
        "together as a literal brace"
    ),
    "write `/`, or put the separator into the value",
)
BRACE_IN_COMMAND = DiagnosticSpec(
    "brace-in-command",
    "platform",
    "the platform could read `{written}` in this command as a variable",
    (
        "put a blank after the brace, or write the command without it: a command is sent byte "
        "for byte, so it has no escape"
    ),
)
BRANCH_FROZEN_BY_REPLAY = DiagnosticSpec(
    "branch-frozen-by-replay",
    "platform",
    (
        "a replay would always take the branch of the recorded run: the screen does not decide "
        "this {construct}, and {tool} needs the main agent"
    ),
    arguable=True,
)
BRANCH_FROZEN_IN_LOOP = DiagnosticSpec(
    "branch-frozen-in-loop",
    "platform",
    (
        "every entry of the `for` would take the branch of the first one: {tool} needs the main "
        "agent, which decides this {construct} once"
    ),
)
BRANCH_OUTSIDE_FOCUSED_ACTION = DiagnosticSpec(
    "branch-outside-focused-action",
    "suspicious",
    (
        "this {construct} is carried out by the main agent, because {tool} needs it, and a "
        "replay notices another outcome by the screen alone"
    ),
)
EXTRA_SETS_KNOWN_FIELD = DiagnosticSpec(
    "extra-sets-known-field",
    "platform",
    "`extra` cannot set `{field}`, which FlowDSL writes itself",
    "set it with {way}; `extra` is for fields that this version does not know",
)
COMMAND_OUTPUT_UNREADABLE = DiagnosticSpec(
    "command-output-unreadable",
    "platform",
    (
        "the output of this command cannot be kept in `{variable}`: no focused agent is known to "
        "have a terminal"
    ),
    "let the command write a file and export it; or try it on your account, and then list "
    "`execute_terminal_command` under `[platform] focused_agent_tools` in `flowdsl.toml`",
)
CONTROL_CHARACTER = DiagnosticSpec(
    "control-character",
    "platform",
    "this text holds the control character U+{code}",
    "remove it: only line breaks and tabs may stand in text",
)
DECIDED_ONCE = DiagnosticSpec(
    "decided-once",
    "suspicious",
    "the main agent decides this {construct}, and a replay may not ask it again",
    (
        "check the result of the command on screen, in a file or in an output: every run does "
        "that afresh"
    ),
    INFO,
)
IMAGE_WITH_COMMAND = DiagnosticSpec(
    "image-with-command",
    "platform",
    (
        "workflow `{name}` holds a picture, which makes its prompt HTML, and a command, which is "
        "sent byte for byte"
    ),
    "say in words what the picture shows, or move the command into a workflow of its own",
    arguable=True,
)

LIST_ON_ONE_LINE = DiagnosticSpec(
    "list-on-one-line",
    "platform",
    "{where} has a list, and what is said here stands on one line of the prompt",
    "write it as a sentence, as in `the name, the date and the amount`; a `do` keeps its lists",
)
PICTURE_LIMITS_INPUTS = DiagnosticSpec(
    "picture-limits-inputs",
    "platform",
    "the picture makes the prompt of `{name}` HTML, so that {inputs} cannot hold `<` before a "
    'letter or `&` before a letter or `#`: a run with "AT&T" is refused',
    "say in words what the picture shows where such texts are to be expected",
    INFO,
)
RESERVED_BRACKET = DiagnosticSpec(
    "reserved-bracket",
    "platform",
    "`{sign}` may not stand in {where}: prompts mark with it where {marked}",
)

# Where values end up

SECRET_READ_BACK = DiagnosticSpec(
    "secret-read-back",
    "secrets",
    "this reads `{field}` back, where a secret was typed",
    "read another field, or empty this one first with `clear`",
    arguable=True,
)
UNTRUSTED_IN_INSTRUCTION = DiagnosticSpec(
    "untrusted-in-instruction",
    "flow",
    "{place} may not hold text from outside, and `{written}` {why}",
    (
        "type it into a field, emit it or compare it; to point at something on screen, name what "
        "stands beside it"
    ),
    arguable=True,
)
UNSAFE_VALUE_IN_COMMAND = DiagnosticSpec(
    "unsafe-value-in-command",
    "platform",
    "a command may not hold `{written}`, which {why}",
    arguable=True,
)

# What has no effect

RETRY_CANNOT_FAIL = DiagnosticSpec(
    "retry-cannot-fail",
    "suspicious",
    "nothing in this `retry` can fail, so that it never makes a second attempt",
    'say when an attempt has failed, as in `expect "..." else fail "..."`, or remove the `retry`',
)
FOR_CANNOT_FAIL = DiagnosticSpec(
    "for-cannot-fail",
    "suspicious",
    "nothing in this `for` can fail, so that its `on failure` is never done",
    'say when an entry has failed, as in `expect "..." else fail "..."`, or remove the block',
)
LIST_OVERWRITTEN = DiagnosticSpec(
    "list-overwritten-in-loop",
    "suspicious",
    "each pass of this `{kind}` replaces the whole list `{name}`",
)
