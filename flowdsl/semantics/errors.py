"""Diagnostics of the semantics layer.

`message` and `help` are `str.format` templates: a brace that stands for itself is written twice.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import FLOW, INFO, NAMES, PLATFORM, SECRETS, SUSPICIOUS, TYPES

# Files and imports

MISSING_FILE = NAMES.spec(
    "missing-file",
    "there is no file `{path}`",
    "paths are relative to the file that names them",
)
UNREADABLE_FILE = NAMES.spec("unreadable-file", "`{path}` cannot be read: {reason}")
IMPORT_NOT_FLOW = NAMES.spec(
    "import-not-flow",
    "`{written}` is no `.flow` file",
    "an import names a file by its relative path, ending in `.flow`",
)
IMPORT_OUTSIDE_PROJECT = NAMES.spec(
    "import-outside-project",
    "`{written}` leads out of the project",
    "write a path relative to this file, with `/`, that stays below the project's folder",
)
FILE_OUTSIDE_PROJECT = NAMES.spec(
    "file-outside-project",
    "`{written}` leads out of the project",
    "write a path relative to this file, with `/`, that stays below the project's folder",
)
UNKNOWN_LIBRARY = NAMES.spec(
    "unknown-library", "`{written}` names no library that the project declares"
)
OUTSIDE_LIBRARY = NAMES.spec(
    "outside-library",
    "`{written}` leads out of the library `{name}`",
    "name a file of the library by a path that stays below its folder; a file of another library "
    "that the project declares is `@NAME/FILE`",
)
WORKFLOW_IN_LIBRARY = NAMES.spec(
    "workflow-in-library",
    "the {kind} `{name}` is declared in the library `{library}`, from which nothing is deployed",
    "declare the {kind} in a flow of this project; what it does can stay in tasks of the library",
)
IMPORT_CYCLE = NAMES.spec(
    "import-cycle",
    "imports form a cycle: {cycle}",
    "move what these files share into a file that imports none of them",
)
UNKNOWN_IMPORT = NAMES.spec("unknown-import", "`{path}` declares no `{name}` that can be imported")
MALFORMED_SCHEMA_FILE = TYPES.spec("malformed-schema-file", "`{path}` is no JSON Schema: {problem}")
MALFORMED_PAYLOAD_FILE = TYPES.spec("malformed-payload-file", "`{path}` holds no {what}: {problem}")
NOT_AN_IMAGE = PLATFORM.spec(
    "not-an-image",
    "`{path}` is no image the platform takes",
    "use a PNG, JPEG, GIF or WebP file",
)
IMAGE_TOO_LARGE = PLATFORM.spec(
    "image-too-large",
    "`{path}` has {size:,} bytes, and the platform takes images up to {limit:,}",
    "crop the picture to the part that matters",
)

# Declarations

DUPLICATE_DECLARATION = NAMES.spec(
    "duplicate-declaration", "`{name}` is already declared", "rename one of the two"
)
SHADOWED_NAME = NAMES.spec(
    "shadowed-name",
    "`{name}` is already {kind}",
    (
        "choose another name: inputs, consts, parameters, loop variables, secrets and runtime "
        "variables share one set of names"
    ),
)
RESERVED_NAME = NAMES.spec(
    "reserved-name", "`{name}` is a word of the language", "choose another name"
)
DUPLICATE_FIELD = NAMES.spec(
    "duplicate-field",
    "there is already a field `{name}`",
    "rename or remove one of the two",
)
DUPLICATE_SECTION = NAMES.spec(
    "duplicate-section", "there is already a section `{name}`", "merge the two"
)
CONFLICTING_SECTIONS = NAMES.spec(
    "conflicting-sections",
    "`{one}` and `{other}` exclude each other",
    "remove one of the two",
)
MISSING_STEPS = NAMES.spec(
    "missing-steps",
    "workflow `{name}` says nothing to do",
    'add `steps {{ }}` or `prompt from "./file.md"`',
)
EMPTY_CHAIN = NAMES.spec(
    "empty-chain", "chain `{name}` has no step", "add `step name = run workflow()`"
)
DUPLICATE_SETTING = NAMES.spec(
    "duplicate-setting", "`{name}` is already set", "remove one of the two"
)
UNKNOWN_SETTING = NAMES.spec("unknown-setting", "{owner} has no setting `{name}`")
TOO_MANY_ENTRIES = PLATFORM.spec(
    "too-many-entries", "`{name}` takes at most {limit} entries, and here are {count}"
)

# Names

UNDECLARED_NAME = NAMES.spec("undeclared-name", "`{name}` is not declared")
UNDECLARED_TYPE = NAMES.spec("undeclared-type", "there is no type `{name}`")
UNDECLARED_TASK = NAMES.spec("undeclared-task", "there is no task `{name}`")
UNDECLARED_WORKFLOW = NAMES.spec("undeclared-workflow", "there is no workflow `{name}`")
UNDECLARED_CHAIN = NAMES.spec("undeclared-chain", "there is no chain `{name}`")
UNKNOWN_STEP = NAMES.spec("unknown-step", "chain `{chain}` has no step `{name}`")
UNDECLARED_NAMESPACE = NAMES.spec(
    "undeclared-namespace",
    "no file is imported as `{name}`",
)
UNDEFINED_ENVIRONMENT_VALUE = NAMES.spec(
    "undefined-environment-value", "`env.{name}` is not defined in {where}"
)
ENVIRONMENT_NOT_A_VALUE = NAMES.spec(
    "environment-not-a-value",
    "`{written}` names no value of the environment",
    "write `env.name`: its values are single texts",
)
WRONG_SIGIL = NAMES.spec("wrong-sigil", "`{name}` is {kind}, and {rule} is written with `$`")
UNKNOWN_FIELD = NAMES.spec("unknown-field", "`{owner}` has no field `{name}`")
PATH_INTO_SCALAR = NAMES.spec(
    "path-into-scalar",
    "`{owner}` is `{type}`, and nothing is inside it",
    "remove `{part}`",
)
WRONG_ACCESS = NAMES.spec(
    "wrong-access", "`{owner}` is {kind}, and this path treats it as something else"
)
NEGATIVE_INDEX = NAMES.spec(
    "negative-index",
    "an index cannot be negative",
    "indexes count from 0 at the start of the list",
)
NOT_IN_CONST = NAMES.spec("not-in-const", "the value of const `{name}` has nothing at `{part}`")
UNDECLARED_IN_PROMPT = NAMES.spec(
    "undeclared-in-prompt", "workflow `{workflow}` declares no `{name}`", arguable=True
)
UNKNOWN_PATH_IN_PROMPT = NAMES.spec(
    "unknown-path-in-prompt",
    "`{owner}` of workflow `{workflow}` has nothing at `{part}`",
    arguable=True,
)
UNLISTED_IN_PROMPT = SUSPICIOUS.spec(
    "unlisted-in-prompt", "the schemas of workflow `{workflow}` list no `{name}`"
)
ESCAPED_VARIABLE = NAMES.spec(
    "escaped-variable",
    "the backslash makes `{name}` literal text, and `{name}` is a declared {kind}",
    "write `/` in place of the backslash, or put the separator into the value",
)
SPACE_IN_BRACES = NAMES.spec(
    "space-in-braces",
    "these braces hold nothing but `{name}`, and a space makes them literal text",
    "write `{right}`",
)

# Annotations

UNKNOWN_ANNOTATION = NAMES.spec("unknown-annotation", "there is no annotation `@{name}` here")
DUPLICATE_ANNOTATION = NAMES.spec(
    "duplicate-annotation", "`@{name}` already stands here", "remove one of the two"
)
MISPLACED_ANNOTATION = TYPES.spec(
    "misplaced-annotation",
    "`@{name}` does not go with `{field}`, which is `{type}`",
    "`@{name}` goes with {goes_with}",
)
WRONG_ANNOTATION_ARGUMENT = TYPES.spec("wrong-annotation-argument", "`@{name}` takes {wanted}")
UNUSABLE_WIRE_NAME = TYPES.spec(
    "unusable-wire-name", "`{wire}` cannot be the name of {what} in JSON: {why}"
)
INVALID_PATTERN = TYPES.spec("invalid-pattern", "this regular expression cannot be read: {problem}")
UNCHECKED_PATTERN = SUSPICIOUS.spec(
    "unchecked-pattern",
    "{value} is not compared with the `@pattern` of `{name}`: {why}",
    "the service compares it when a run is created; a pattern without that is compared here, too",
    INFO,
)
EMPTY_RANGE = TYPES.spec("empty-range", "`{high}` is below `{low}`, so that no value fits")

# Types

TYPE_MISMATCH = TYPES.spec("type-mismatch", "{what} is `{wanted}`, and this is `{found}`")
OPTIONAL_FOR_REQUIRED = TYPES.spec(
    "optional-for-required",
    "`{value}` may be missing, and {what} is required",
)
NULL_FOR_REQUIRED = TYPES.spec(
    "null-for-required",
    "{what} may not be `null`",
    "give a value, or declare it `{type}?`",
)
MIXED_ENUM = TYPES.spec(
    "mixed-enum",
    "the number `{written}` stands among texts, and a choice is of texts or of whole numbers",
    'write `"{written}"`, in quotes, or leave the texts out',
)
NULL_FOR_ABSENT = TYPES.spec(
    "null-for-absent",
    "{what} may be left out, and is never `null`",
    "leave it out where there is no value, or declare it `{name}: {type}`",
)
CONTRADICTORY_OPTIONAL = TYPES.spec("contradictory-optional", "`{name}?:` {problem}")
DEFAULT_OF_OPTIONAL = TYPES.spec(
    "default-of-optional",
    "`{name}` has a default, which makes it never missing, and its type says that it may be",
    "drop the `?`, or the default",
)
UNKNOWN_ENUM_VALUE = TYPES.spec("unknown-enum-value", "`{value}` is no value for {what}")
MALFORMED_LITERAL = TYPES.spec("malformed-literal", "`{value}` is no `{type}`")
VALUE_OUT_OF_BOUNDS = TYPES.spec(
    "value-out-of-bounds",
    "{problem} `{bound}` of `{name}`",
    "give another value, or change the annotation",
)
MISSING_FIELD = TYPES.spec("missing-field", "{what} lacks the field `{name}`")
DUPLICATE_ENUM_VALUE = TYPES.spec(
    "duplicate-enum-value", "`{value}` is already listed", "remove one of the two"
)
EMPTY_RECORD = TYPES.spec(
    "empty-record",
    "this record has no field, so that nobody could be told what to read or to give",
    "declare its fields, as in `{{ name: string }}`, or use `any`",
)
RECURSIVE_TYPE = TYPES.spec(
    "recursive-type", "a type contains itself: {cycle}", "use `any` for the inner value"
)
CONST_CYCLE = NAMES.spec("const-cycle", "a const is made of itself: {cycle}")
CONDITION_NOT_BOOL = TYPES.spec(
    "condition-not-bool",
    "`{written}` is `{type}`, and a condition is `bool`",
    "compare it with a value, as in `{written} == ...`, or write `{written} is not empty`",
)
INCOMPARABLE = TYPES.spec(
    "incomparable-types",
    "`{operator}` does not go between `{left}` and `{right}`",
    "compare single values of the same type; numbers, dates and times can be ordered",
)
COUNT_OF_NO_LIST = TYPES.spec(
    "count-of-no-list",
    "`count of` counts the entries of a list, and `{name}` is `{type}`",
    "name a list; whether a value is there is asked by `x is empty`",
)
EMPTY_COMPARISON = TYPES.spec("empty-comparison", "`{written}` has nothing to compare with: {why}")
REPEATED_VALUE = TYPES.spec("repeated-value", "`{value}` stands here a second time", "remove it")
MATCH_OF_NO_ENUM = TYPES.spec(
    "match-of-no-enum",
    "`{written}` is `{type}`, and `match` goes through the values of an enum",
    'ask with `if {written} == ...`, or declare its values where it is declared: `"a" | "b"`',
)
MATCH_INCOMPLETE = FLOW.spec(
    "match-incomplete",
    "`{written}` may also be {values}, which {lacking}",
    "add the values to a branch, or `else {{ }}` for all others",
)
WAIT_FOR_VALUE = FLOW.spec(
    "wait-for-value",
    "nobody can wait for `{written}`: a value does not change while a run waits",
    "wait for what the screen shows, and ask for the value in an `if` around it",
)
PATTERN_OF_A_RUN = TYPES.spec(
    "pattern-of-a-run",
    "`matches` is decided before a run, and `{written}` is known in a run only",
    "ask with `contains`, `starts with`, `ends with` or `in`; what an input may be in any case is "
    'said where it is declared, with `@pattern("...")`',
)
NOT_A_LIST = TYPES.spec(
    "not-a-list",
    "`{written}` is `{type}`, and not a list",
    'name a list, write one as `["a", "b"]`, or give a count as a number',
)
APPEND_TO_SCALAR = TYPES.spec(
    "append-to-scalar",
    "`+=` adds to a list, and `{name}` is `{type}`",
    "write `=`, or declare `{name}` as a list",
)
RUNTIME_TYPE_CONFLICT = TYPES.spec(
    "runtime-type-conflict",
    "`{name}` is set as `{type}` here and as `{earlier}` before",
    "a runtime variable has one type: use another name",
)
READING_WITHOUT_TYPE = NAMES.spec(
    "reading-without-type",
    "`{statement} {name}` without a type sets an output, and {why}",
    "{help}",
)
KEEP_OF_OUTPUT = NAMES.spec(
    "keep-of-output",
    "`{name}` is an output of this body, and `keep` sets variables only",
    "write `emit {name} {operator} ...`: what it says is taken back where an attempt fails",
)
KEEP_UNDECLARED = NAMES.spec(
    "keep-undeclared",
    "`keep {name} {operator}` sets a variable that nothing declares",
    "declare it with its type where it is first set: `keep {name}: string = ...`",
)
RESULT_NOT_A_RECORD = TYPES.spec(
    "result-not-a-record",
    "the result of a task is a record, and this is `{type}`",
    "write `-> {{ name: {type} }}`",
)
NO_RESULT = TYPES.spec(
    "no-result",
    "task `{name}` has no result to keep",
    "remove `as`, or declare a result with `->`",
)
UNKNOWN_EMIT_TARGET = NAMES.spec("unknown-emit-target", "there is no {noun} `{name}` to emit")

# Arguments

UNKNOWN_ARGUMENT = NAMES.spec("unknown-argument", "there is no {noun} `{name}`")
DUPLICATE_ARGUMENT = NAMES.spec(
    "duplicate-argument", "`{name}` is already given", "remove one of the two"
)
MISSING_ARGUMENT = TYPES.spec(
    "missing-argument", "`{target}` needs {names}", "give each of them a value"
)
STEP_OUTPUT_IN_TEXT = PLATFORM.spec(
    "step-output-in-text",
    "`{name}` is known only when the step has run, and cannot stand inside a text",
    "bind the output itself, as in `name: step.outputs.field`",
)
STEP_NOT_RUN_YET = NAMES.spec(
    "step-not-run-yet",
    "step `{name}` has not run when {reader}",
    "move step `{name}` in front of what needs its outputs",
)
ANSWER_NOT_GIVEN_YET = NAMES.spec(
    "answer-not-given-yet",
    "nobody has been asked for `{name}` when {reader}",
    "move the `pause` in front of what needs its answers",
)
EMPTY_PAUSE = NAMES.spec(
    "empty-pause",
    "this pause asks for nothing",
    "write what a person is to give: `pause {{ code: string }}`",
)
MISPLACED_PAUSE = FLOW.spec("misplaced-pause", "no step runs {place}")
CLEANUP_WITHOUT_CHAIN = SUSPICIOUS.spec(
    "cleanup-without-chain",
    "no chain here runs `{workflow}`, and `cleanup` runs in sessions and chains only",
    "run the workflow in a chain, or remove `cleanup` when it is only ever run alone",
    INFO,
)
UNKNOWN_READ = NAMES.spec("unknown-read", "nothing reads `{name}`")
UNUSED_ANSWER = NAMES.spec("unused-answer", "nothing in `{workflow}` asks `{question}{text}`")
AMBIGUOUS_ANSWER = NAMES.spec(
    "ambiguous-answer",
    "`~{text}` is a part of {number} questions of `{workflow}`",
    "write more of the one that is meant, or the whole of it",
)
NO_ROWS = TYPES.spec(
    "no-rows",
    "`{word}` is followed by a text, and takes none",
    'the rows of a file are written `rows "./file.csv"`',
)
UNKNOWN_ANSWER = TYPES.spec("unknown-answer", "`{answer}` does not answer what `{section}` asks")
UNKNOWN_SUBJECT = NAMES.spec(
    "unknown-subject",
    "a test is for a workflow, a task or a chain, and not for a `{word}`",
    "write `for name`, `for task name` or `for chain name`",
)
UNKNOWN_RUN = NAMES.spec(
    "unknown-run",
    "this test has no run {number}",
    "what is expected of the first run stands without `run`; `then given` makes run 2, and so on",
)
MISPLACED_EXPECTATION = FLOW.spec("misplaced-expectation", "a test of a {kind} has no `{word}`")
UNKNOWN_ACT = NAMES.spec("unknown-act", "nothing in `{workflow}` does `{act}`")
UNKNOWN_ITEM = NAMES.spec("unknown-item", "`{workflow}` has no loop {which}")
MALFORMED_ROWS = TYPES.spec("malformed-rows", "`{path}` cannot be taken as {what}: {problem}")
NO_FIXTURE = TYPES.spec(
    "no-fixture",
    "`{name}` is no record, and a test gives inputs by their names",
    'write it as `fixture {name} = {{ input: "value" }}`',
)
IMPOSSIBLE_REASON = FLOW.spec("impossible-reason", "no path of `{workflow}` {ends} with `{text}`")

# Secrets and places where values may be used

SECRET_WITH_DEFAULT = SECRETS.spec(
    "secret-with-default",
    "secret `{name}` has a default, which would stand in the source",
    "remove the default: secrets are given when a run is created",
)
MISPLACED_SECRET = SECRETS.spec(
    "misplaced-secret",
    "{place} may not hold a secret, and `{name}` is one",
    "secrets go into `type ... into`, into the text of `do`, and to `secret` parameters",
)
PLAIN_VALUE_FOR_SECRET = SECRETS.spec(
    "plain-value-for-secret",
    "`{name}` takes a secret, and this is none",
    "declare the value under `secrets` and pass it as `$name`",
)
SECRET_FOR_PLAIN = SECRETS.spec(
    "secret-for-plain-value",
    "`{secret}` is a secret, and {kind} `{name}` takes none",
    "declare `{name}` as a secret",
)
ANY_GIVEN_TO_TOOL = SECRETS.spec(
    "any-given-to-tool",
    "`{name}` is of the type `any` and stands in {place}, where a text in it may spell a secret",
    "declare what it is, such as `string` or a record, and name one value of it",
)
ANY_OF_INPUT = PLATFORM.spec(
    "any-of-input",
    "`{name}` {has} the type `any`, and nothing keeps what a caller puts there from being obeyed",
    (
        "declare what it holds, such as `{{ name: string, amount: number }}` or `string[]`; in a "
        "schema file, list it in `properties` with its `type`"
    ),
)
SECRET_IN_TEST = SECRETS.spec(
    "secret-in-test",
    "`{name}` is a secret, and a test gives it a placeholder itself",
    "remove the value",
)
SIGN_IN_TYPED_TEXT = NAMES.spec(
    "sign-in-typed-text",
    "this types the characters `{written}`, and not the {kind} `{name}`",
    "write `{right}`",
    arguable=True,
)
MISPLACED_RUNTIME_VALUE = FLOW.spec(
    "misplaced-runtime-value",
    "{place} may not hold a runtime value, and `{name}` is one",
    "it may hold {allowed}",
)
MISPLACED_VALUE = FLOW.spec(
    "misplaced-value",
    "{place} may not hold {kind}, and `{name}` is one",
    "it may hold {allowed}",
)
MACHINE_INPUT_WITH_DEFAULT = FLOW.spec(
    "machine-input-with-default",
    "`{name}` is supplied by the machine, and has a default",
    "remove the default or `@machine`",
)

# Flow

UNSET_RUNTIME_VARIABLE = FLOW.spec(
    "unset-runtime-variable",
    "`{name}` {why}",
    "set it in front of every path that leads here, or move this to where it is set",
)
MISSING_EMIT = FLOW.spec(
    "missing-emit",
    "{noun} `{name}` {how}",
    "emit it on every path to the end, or make it optional with `?`",
)
UNREACHABLE = FLOW.spec(
    "unreachable-statement",
    "no path reaches this statement",
    "remove it, or move it in front of what ends every path",
)
MISSING_BOUND = FLOW.spec(
    "missing-bound",
    "this `{statement}` has no bound",
    "write `max N` after {after}",
)
BOUND_TOO_SMALL = FLOW.spec(
    "bound-too-small", "a bound of `{value}` is too small", "the least is 1"
)
BOUND_WITHOUT_MAX = FLOW.spec(
    "bound-without-max",
    "`{name}` bounds a loop, and nothing says how large it may be",
    "write `@max(20)` behind its type, or the most that a run may take",
)
BOUND_BELOW_MIN_ITEMS = FLOW.spec(
    "bound-below-min-items",
    "no list fits: `{list}` holds at least {least}, and this `for` takes at most {bound}",
    "write `max {least}` or more, or lower the `@min_items` of the list",
)
REPEAT_NEVER_ENDS = FLOW.spec(
    "repeat-never-ends",
    "nothing in this `{loop}` sets what `{condition}` asks for, so that no round ends it",
    (
        "set it anew in the body, with `extract`, `copy`, `keep` or `call ... as`, or ask the "
        "screen with `sees`"
    ),
)
NESTED_FOR = PLATFORM.spec(
    "nested-for",
    "a `for` runs inside a `for`, and {tool} in the inner one needs the main agent",
    "move that out of the inner `for`, or give it a workflow of its own",
)
FAILURE_NEEDS_ONE_CALL = PLATFORM.spec(
    "failure-needs-one-call",
    "{tool} needs the main agent, whose lines would go on after a failure in this `for`",
    "move it out of the `for`, or remove `on failure`, so that a failure ends the run",
)
RECURSIVE_TASK = FLOW.spec(
    "recursive-task",
    "a task calls itself: {cycle}",
    "tasks are inlined: use `repeat`, `retry` or `for`",
)
BACKGROUND_EXTRACT = FLOW.spec(
    "background-extract",
    "background extract `{name}` {problem}",
    "remove `in background`: a value read in background is known after the run only",
)
APPEND_REPEATED = FLOW.spec(
    "append-repeated",
    "`+=` inside a `retry` may add to `{name}` more than once",
    "{way} after the `retry`, or behind all that may fail in it",
    arguable=True,
)
ENTRY_ADDED_TWICE = SUSPICIOUS.spec(
    "entry-added-twice",
    "an entry that fails behind this is added to `{name}` twice: here, and in the `on failure`",
    (
        "move this `+=` behind all that may fail in the body, or leave `{name}` out of the "
        "`on failure`"
    ),
)

TOO_LARGE = FLOW.spec(
    "too-large",
    (
        "{what} has {size:,} {unit} once consts and tasks are in their places, and the most is "
        "{limit:,}"
    ),
    "something is put in twice again and again: let each level use the one below it once",
)

# Keys

UNKNOWN_KEY = PLATFORM.spec("unknown-key", "`{key}` is no key")
MALFORMED_CHORD = PLATFORM.spec(
    "malformed-chord",
    "`{key}` in `{chord}` is no modifier, and only the last key of a chord may be another",
    "write keys that are pressed one after another with a space between them",
)

MISPLACED_DAY = TYPES.spec(
    "misplaced-day",
    "only an input of type `date` can have a day as its default, and {why}",
    'write the day itself, as `"2026-03-01"`, or make it an input of type `date`',
)
UNUSABLE_DAY = TYPES.spec(
    "unusable-day",
    "no day can be counted from `{name}`: {why}",
    (
        "count from `today`, from `start of week`, `month`, `quarter` or `year`, from a const that "
        "holds a date, or from an input of type `date` above this one"
    ),
)
TYPED_DAY_BASE = TYPES.spec(
    "typed-day-base",
    "a day that is typed counts from today, not from `{name}`",
    (
        "declare an input with `{day}` as its default (`due: date = {day}`) and type that, or "
        "count from `today` or `start of month`"
    ),
)
DAY_NEEDS_TERMINAL = PLATFORM.spec(
    "day-needs-terminal",
    "a day is typed with the help of a terminal command, which this workflow does not allow",
    (
        "write `terminal {{ dates = true }}` in the workflow, for the day of the desktop; or "
        "declare `day: date = today` in `inputs` and type that, for the day of whoever starts the "
        "run"
    ),
)
UNKNOWN_DISPLAY = TYPES.spec("unknown-display", "`{display}` is no format of a `{type}`: {problem}")
NO_DISPLAYS = TYPES.spec(
    "no-displays",
    "a `{type}` has no formats",
    (
        "leave `as` out, and the value is typed as it is; only a `date`, `datetime`, `time`, `int` "
        "or `number` is written in a format"
    ),
)

# Behaviour of the agents and the platform

BACKSLASH_BEFORE_VARIABLE = PLATFORM.spec(
    "backslash-before-variable",
    (
        "a backslash stands directly before `{variable}`, and the platform reads the two "
        "together as a literal brace"
    ),
    "write `/`, or put the separator into the value",
)
BRACE_IN_COMMAND = PLATFORM.spec(
    "brace-in-command",
    "the platform could read `{written}` in this command as a variable",
    (
        "put a blank after the brace, or write the command without it: a command is sent byte "
        "for byte, so it has no escape"
    ),
)
BRANCH_FROZEN_BY_REPLAY = PLATFORM.spec(
    "branch-frozen-by-replay",
    (
        "a replay would always take the branch of the recorded run: the screen does not decide "
        "this {construct}, and {tool} needs the main agent"
    ),
    arguable=True,
)
BRANCH_FROZEN_IN_LOOP = PLATFORM.spec(
    "branch-frozen-in-loop",
    (
        "every entry of the `for` would take the branch of the first one: {tool} needs the main "
        "agent, which decides this {construct} once"
    ),
)
BRANCH_OUTSIDE_FOCUSED_ACTION = SUSPICIOUS.spec(
    "branch-outside-focused-action",
    (
        "this {construct} is carried out by the main agent, because {tool} needs it, and a "
        "replay notices another outcome by the screen alone"
    ),
)
EXTRA_SETS_KNOWN_FIELD = PLATFORM.spec(
    "extra-sets-known-field",
    "`extra` cannot set `{field}`, which FlowDSL writes itself",
    "set it with {way}; `extra` is for fields that this version does not know",
)
EXTRA_CONTRADICTS_TYPES = PLATFORM.spec(
    "extra-contradicts-types",
    "`{field}` in `extra` {problem}",
    "declare it in `{section}`; here stands only what no type says",
)
COMMAND_OUTPUT_UNREADABLE = PLATFORM.spec(
    "command-output-unreadable",
    (
        "the output of this command cannot be kept in `{variable}`: no focused agent is known to "
        "have a terminal"
    ),
    "let the command write a file and export it; or try it on your account, and then list "
    "`execute_terminal_command` under `[platform] focused_agent_tools` in `flowdsl.toml`",
)
CONTROL_CHARACTER = PLATFORM.spec(
    "control-character",
    "this text holds the control character U+{code}",
    "remove it: only line breaks and tabs may stand in text",
)
DECIDED_ONCE = SUSPICIOUS.spec(
    "decided-once",
    "the main agent decides this {construct}, and a replay may not ask it again",
    (
        "check the result of the command on screen, in a file or in an output: every run does "
        "that afresh"
    ),
    INFO,
)
IMAGE_WITH_COMMAND = PLATFORM.spec(
    "image-with-command",
    (
        "workflow `{name}` holds a picture, which makes its prompt HTML, and a command, which is "
        "sent byte for byte"
    ),
    "say in words what the picture shows, or move the command into a workflow of its own",
    arguable=True,
)

LIST_ON_ONE_LINE = PLATFORM.spec(
    "list-on-one-line",
    "{where} has a list, and what is said here stands on one line of the prompt",
    "write it as a sentence, as in `the name, the date and the amount`; a `do` keeps its lists",
)
PICTURE_LIMITS_INPUTS = PLATFORM.spec(
    "picture-limits-inputs",
    "the picture makes the prompt of `{name}` HTML, so that {inputs} cannot hold `<` before a "
    'letter or `&` before a letter or `#`: a run with "AT&T" is refused',
    "say in words what the picture shows where such texts are to be expected",
    INFO,
)
RESERVED_BRACKET = PLATFORM.spec(
    "reserved-bracket",
    "`{sign}` may not stand in {where}: prompts mark with it where {marked}",
)

# Where values end up

SECRET_READ_BACK = SECRETS.spec(
    "secret-read-back",
    "this reads `{field}` back, where a secret was typed",
    "read another field, or empty this one first with `clear`",
    arguable=True,
)
UNTRUSTED_IN_INSTRUCTION = FLOW.spec(
    "untrusted-in-instruction",
    "{place} may not hold text from outside, and `{written}` {why}",
    (
        "type it into a field, emit it or compare it; to point at something on screen, name what "
        "stands beside it"
    ),
    arguable=True,
)
UNSAFE_VALUE_IN_COMMAND = PLATFORM.spec(
    "unsafe-value-in-command",
    "a command may not hold `{written}`, which {why}",
    arguable=True,
)

# Code without effect

RETRY_CANNOT_FAIL = SUSPICIOUS.spec(
    "retry-cannot-fail",
    "nothing in this `retry` can fail, so that it never makes a second attempt",
    'say when an attempt has failed, as in `expect "..." else fail "..."`, or remove the `retry`',
)
FOR_CANNOT_FAIL = SUSPICIOUS.spec(
    "for-cannot-fail",
    "nothing in this `for` can fail, so that its `on failure` is never done",
    'say when an entry has failed, as in `expect "..." else fail "..."`, or remove the block',
)
LIST_OVERWRITTEN = SUSPICIOUS.spec(
    "list-overwritten-in-loop",
    "each pass of this `{kind}` replaces the whole list `{name}`",
)
