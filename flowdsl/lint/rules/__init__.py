"""The one list of rules, each with its home and triggers; its home is imported when one fires.

Sound rules come first: they have no false positives. The others are about wording; each ships
because it is right at least nine times in ten on realistic prose, as
`benchmarks/diagnostics/wording.py` measures.
"""

from __future__ import annotations

from flowdsl.lint import triggers as triggers
from flowdsl.lint.rule import UNUSED_KINDS, InSource, LinkedFiles, Rule, UnusedName, Words
from flowdsl.syntax import ast
from flowdsl.syntax.statements import HOLDING, STATEMENTS

_BODIES = (ast.TaskDecl, ast.StepsSection)
_ASKING = (ast.IfStmt, ast.WhileStmt, ast.RepeatStmt, ast.WaitUntilStmt)
_MAY_BE_EMPTY = tuple(
    class_
    for class_, row in STATEMENTS.items()
    if row.texts or class_ in HOLDING or class_ in _ASKING
)
_USES_OF_MODELS = (ast.ModelSection, ast.ChooseStmt, ast.ExtractStmt, ast.Check)
_ACTED_ON = ("do", "target", "source")

_CHOICES = """
    row rows line lines entry entries result results record records item items match matching
    matches option suggestion card tile list table grid worklist board queue dropdown drop whose
    where owned belongs shows click choose select pick tick untick check uncheck highlight expand
    box boxes if when unless case go jump navigate switch change open set page scroll browse times
    press hit push tap
"""
_OPENINGS = """
    append before check clear click data delete do end fail find for from here if make otherwise
    picture press read save select there to until use wait while
"""
_SAID_BY_STATEMENTS = """
    if unless case otherwise depending should each every all repeat redo again one long through over
    until keep stop abort halt give cancel end exit fail quit note write jot memorize memorise
    remember track hold store read extract find grab screenshot shot capture picture snapshot today
    yesterday tomorrow current
"""
_TOOLS = """
    copy_to_clipboard declare_task_failed end_loop_iteration execute_terminal_command extract_prompt
    focused_action mark_file_for_export save_screenshot_as_run_attachment start_loop
    upsert_runtime_values
"""
_RECORDS = """
    log logfile logbook text note notes notepad memo comment comments remark remarks mail email
    ticket report spreadsheet worksheet csv chat summary reason protokoll textdatei notiz kommentar
    bemerkung http https save store keep remember
"""
_CONTROLS = """
    box button checkbox combobox down dropdown field fields icon key link menu option suggestion tab
    textbox tile toggle
"""
_BANS = ("avoid", "circumstances", "don", "never", "not")
_POINTING = (
    "click coordinate coordinates cursor drag hover mouse move pixel pixels point pointer press "
    "px tap"
)
_LOOKS = """
    black blue brown gray green grey orange pink purple red white yellow big large little small tiny
    first second third fourth fifth last st nd rd th left right top bottom upper lower leftmost
    rightmost topmost bottommost corner middle center centre
"""
_VAGUE = """
    handle deal care sort cope manage address resolve fix process sure ensure everything all
    appropriate appropriately fit judgement judgment sense whatever wrong correct proper suitable
    right
"""
_VAGUE_OPENINGS = "download export fetch get fill complete update log sign clean tidy wait"

RULES = (
    Rule("abort-inside-retry", (ast.RetryStmt,), home="program.loops", when=triggers.may_abort),
    Rule(
        "asked-twice",
        _ASKING,
        home="program.constant_conditions",
        when=triggers.asks_for_two,
    ),
    Rule("bound-above-max-items", (ast.ForStmt,), home="program.loops", when=triggers.has_limit),
    Rule(
        "check-without-artifact",
        (ast.ChecksSection,),
        home="program.check_without_artifact",
        when=triggers.has_file_checks,
    ),
    Rule(
        "choice-by-input",
        (Words(tuple(_CHOICES.split()), ("do",)),),
        home="prose.choice_by_input",
        when=triggers.has_variables,
    ),
    Rule(
        "branch-never-taken",
        (ast.IfStmt, ast.MatchStmt),
        home="program.constant_conditions",
        when=triggers.may_be_covered,
    ),
    Rule(
        "constant-condition",
        _ASKING,
        home="program.constant_conditions",
        when=triggers.may_be_constant,
    ),
    Rule("count-of-many", (InSource(("count of",)),), home="program.long_lists"),
    Rule("credential-in-literal", (ast.Module,), home="program.credential_in_literal"),
    Rule("command-outlasts-limit", (ast.RunStmt,), home="commands", when=triggers.names_wait),
    Rule("command-too-long", (ast.RunStmt,), home="commands", when=triggers.is_long),
    Rule("command-state-lost", (ast.RunStmt,), home="commands", when=triggers.sets_state),
    Rule("deep-nesting", _BODIES, home="program.deep_nesting"),
    Rule(
        "description-reads-as-outline",
        (ast.WorkflowDecl,),
        home="prose.likeness",
        when=triggers.may_read_as_outline(_OPENINGS),
    ),
    Rule("duplicated-prose", (LinkedFiles(),), home="prose.duplicated_prose"),
    Rule(
        "else-goes-on",
        (ast.ChooseStmt, ast.ExpectStmt, ast.ExtractStmt, ast.CopyStmt),
        home="program.else_goes_on",
        when=triggers.has_else_block,
    ),
    Rule(
        "emitted-unchanged",
        _BODIES,
        home="shortening.emitted_unchanged",
        when=triggers.emits_unchanged,
    ),
    Rule(
        "enum-not-handled",
        (ast.IfStmt,),
        home="program.enum_not_handled",
        when=triggers.has_branches,
    ),
    Rule(
        "expect-written-as-if",
        (ast.IfStmt,),
        home="shortening.conditions",
        when=triggers.leaves_unless,
    ),
    Rule("field-typed-twice", _BODIES, home="program.typed_twice", when=triggers.types_twice),
    Rule("fixed-wait", (ast.WaitStmt,), home="program.statements"),
    Rule(
        "in-written-as-or",
        _ASKING,
        home="shortening.conditions",
        when=triggers.compares_again,
    ),
    Rule("key-of-one-driver", (ast.PressStmt,), home="commands", when=triggers.has_rare_key),
    Rule("last-entry-wins", (ast.ForStmt,), home="program.loops"),
    Rule("long-list-rewritten", (InSource(("+=",)),), home="program.long_lists"),
    Rule(
        "test-expects-nothing",
        (ast.TestDecl,),
        home="program.statements",
        when=triggers.may_expect_nothing,
    ),
    Rule(
        "missing-description",
        (ast.WorkflowDecl,),
        home="program.statements",
        when=triggers.lacks_description,
    ),
    Rule("newer-powershell-syntax", (ast.RunStmt,), home="commands", when=triggers.has_operators),
    Rule("no-effect", _MAY_BE_EMPTY, home="program.statements", when=triggers.may_be_empty),
    Rule("non-powershell-command", (ast.RunStmt,), home="commands"),
    Rule(
        "optional-read-unguarded",
        _BODIES,
        home="program.optional_read_unguarded",
        when=triggers.writes_optional,
    ),
    Rule(
        "output-never-set",
        (ast.OutputsSection,),
        home="program.idle",
        when=triggers.outputs_never_set,
    ),
    Rule(
        "overwritten-before-read",
        _BODIES,
        home="program.overwritten_before_read",
        when=triggers.sets_twice,
    ),
    Rule("raw-model-id", _USES_OF_MODELS, home="program.statements", when=triggers.names_model),
    Rule(
        "prose-like-sentence",
        (Words(tuple(_OPENINGS.split()), ("do",)),),
        home="prose.likeness",
        when=triggers.a_line_opens_with(_OPENINGS),
    ),
    Rule(
        "schema-without-outputs",
        (ast.ChecksSection,),
        home="program.idle",
        when=triggers.lacks_outputs,
    ),
    Rule(
        "secret-in-log",
        (Words(tuple((_RECORDS + _TOOLS).split()), ("do",)), ast.PromptFrom),
        home="prose.prompt_files",
    ),
    Rule(
        "secret-like-input",
        (ast.InputsSection, ast.TaskDecl, ast.Pause),
        home="program.secret_like_input",
        when=triggers.has_secret_like_name,
    ),
    Rule("sentinel-in-text", (InSource(("__EMPTY__", "__CLEAR__")),), home="prose.service_words"),
    Rule("single-attempt", (ast.RetryStmt,), home="program.idle", when=triggers.tries_once),
    Rule(
        "statement-in-prose",
        (Words(tuple(_SAID_BY_STATEMENTS.split()), ("do",)), ast.PromptFrom),
        home="prose.statement_in_prose",
    ),
    Rule(
        "swapped-secrets",
        (ast.CallStmt,),
        home="program.idle",
        when=triggers.gives_secrets,
    ),
    Rule(
        "title-reads-as-instruction",
        (ast.StepStmt,),
        home="prose.likeness",
        when=triggers.may_read_as_instruction,
    ),
    Rule("tool-misused", (ast.PromptFrom,), home="prose.prompt_files"),
    Rule("tool-name-in-prose", (Words(tuple(_TOOLS.split())),), home="prose.service_words"),
    Rule(
        "typographic-typed-text",
        (
            ast.TypeStmt,
            Words(("enter", "key", "type", "write"), ("do",)),
        ),
        home="prose.service_words",
        when=triggers.has_typographic,
    ),
    Rule("unread-entry", (ast.ForStmt,), home="program.idle", when=triggers.names_no_entry),
    Rule(
        "unread-last-round",
        (ast.RepeatStmt,),
        home="program.idle",
        when=triggers.looks_for_an_absence,
    ),
    *(
        Rule(
            f"unused-{kind.replace(' ', '-')}",
            (UnusedName(kind),),
            home="program.unused_names",
        )
        for kind in UNUSED_KINDS
    ),
    # About wording.
    Rule(
        "ambiguous-target",
        (Words(tuple(_CONTROLS.split()), _ACTED_ON),),
        home="prose.wording",
        when=triggers.the(f"{_CONTROLS} text check drop input"),
    ),
    Rule(
        "negative-only-instruction",
        (Words(_BANS, ("do",)),),
        home="prose.wording",
        when=triggers.opens_with_ban,
    ),
    Rule(
        "pixel-coordinates",
        (Words(tuple(_POINTING.split())),),
        home="prose.wording",
        when=triggers.has_numbers,
    ),
    Rule(
        "several-instructions",
        (ast.DoStmt,),
        home="prose.wording",
        when=triggers.has_many_sentences,
    ),
    Rule(
        "target-by-look",
        (Words(tuple(_LOOKS.split()), _ACTED_ON),),
        home="prose.wording",
        when=triggers.the_look_of_a_control(f"{_LOOKS} far very"),
    ),
    Rule(
        "vague-verb",
        (Words((*_VAGUE.split(), *_VAGUE_OPENINGS.split())),),
        home="prose.wording",
        when=triggers.opens_with(_VAGUE_OPENINGS, _VAGUE),
    ),
)
