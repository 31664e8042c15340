"""The one list of rules, by the module that holds them, which is imported when a trigger fires.

Rules have no false positives, but for those of `prose.wording`. Each of these ships because it is
right at least nine times in ten on realistic prose, as `benchmarks/diagnostics/wording.py` says.
"""

from __future__ import annotations

from flowdsl.lint import triggers as triggers
from flowdsl.lint.rule import (
    UNUSED_KINDS,
    Condition,
    InSource,
    LinkedFiles,
    Rule,
    Trigger,
    UnusedName,
    Words,
)
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


def _words(words: str, roles: tuple[str, ...] = ()) -> Words:
    return Words(tuple(words.split()), roles)


_RULES: dict[str, tuple[tuple[str, tuple[Trigger, ...], Condition | None], ...]] = {
    "program.loops": (
        ("abort-inside-retry", (ast.RetryStmt,), triggers.may_abort),
        ("bound-above-max-items", (ast.ForStmt,), triggers.has_limit),
        ("last-entry-wins", (ast.ForStmt,), None),
    ),
    "program.constant_conditions": (
        ("asked-twice", _ASKING, triggers.asks_for_two),
        ("branch-never-taken", (ast.IfStmt, ast.MatchStmt), triggers.may_be_covered),
        ("constant-condition", _ASKING, triggers.may_be_constant),
    ),
    "program.check_without_artifact": (
        ("check-without-artifact", (ast.ChecksSection,), triggers.has_file_checks),
    ),
    "prose.choice_by_input": (
        ("choice-by-input", (_words(_CHOICES, ("do",)),), triggers.has_variables),
    ),
    "program.long_lists": (
        ("count-of-many", (InSource(("count of",)),), None),
        ("long-list-rewritten", (InSource(("+=",)),), None),
    ),
    "program.credential_in_literal": (("credential-in-literal", (ast.Module,), None),),
    "commands": (
        ("command-outlasts-limit", (ast.RunStmt,), triggers.names_wait),
        ("command-too-long", (ast.RunStmt,), triggers.is_long),
        ("command-state-lost", (ast.RunStmt,), triggers.sets_state),
        ("key-of-one-driver", (ast.PressStmt,), triggers.has_rare_key),
        ("newer-powershell-syntax", (ast.RunStmt,), triggers.has_operators),
        ("non-powershell-command", (ast.RunStmt,), None),
    ),
    "program.deep_nesting": (("deep-nesting", _BODIES, None),),
    "prose.likeness": (
        (
            "description-reads-as-outline",
            (ast.WorkflowDecl,),
            triggers.may_read_as_outline(_OPENINGS),
        ),
        (
            "prose-like-sentence",
            (_words(_OPENINGS, ("do",)),),
            triggers.a_line_opens_with(_OPENINGS),
        ),
        ("title-reads-as-instruction", (ast.StepStmt,), triggers.may_read_as_instruction),
    ),
    "prose.duplicated_prose": (("duplicated-prose", (LinkedFiles(),), None),),
    "program.else_goes_on": (
        (
            "else-goes-on",
            (ast.ChooseStmt, ast.ExpectStmt, ast.ExtractStmt, ast.CopyStmt),
            triggers.has_else_block,
        ),
    ),
    "shortening.emitted_unchanged": (("emitted-unchanged", _BODIES, triggers.emits_unchanged),),
    "program.enum_not_handled": (("enum-not-handled", (ast.IfStmt,), triggers.has_branches),),
    "shortening.conditions": (
        ("expect-written-as-if", (ast.IfStmt,), triggers.leaves_unless),
        ("in-written-as-or", _ASKING, triggers.compares_again),
    ),
    "program.typed_twice": (("field-typed-twice", _BODIES, triggers.types_twice),),
    "program.statements": (
        ("fixed-wait", (ast.WaitStmt,), None),
        ("test-expects-nothing", (ast.TestDecl,), triggers.may_expect_nothing),
        ("missing-description", (ast.WorkflowDecl,), triggers.lacks_description),
        ("no-effect", _MAY_BE_EMPTY, triggers.may_be_empty),
        ("raw-model-id", _USES_OF_MODELS, triggers.names_model),
    ),
    "program.optional_read_unguarded": (
        ("optional-read-unguarded", _BODIES, triggers.writes_optional),
    ),
    "program.idle": (
        ("output-never-set", (ast.OutputsSection,), triggers.outputs_never_set),
        ("schema-without-outputs", (ast.ChecksSection,), triggers.lacks_outputs),
        ("single-attempt", (ast.RetryStmt,), triggers.tries_once),
        ("swapped-secrets", (ast.CallStmt,), triggers.gives_secrets),
        ("unread-entry", (ast.ForStmt,), triggers.names_no_entry),
        ("unread-last-round", (ast.RepeatStmt,), triggers.looks_for_an_absence),
    ),
    "program.overwritten_before_read": (("overwritten-before-read", _BODIES, triggers.sets_twice),),
    "prose.prompt_files": (
        ("secret-in-log", (_words(_RECORDS + _TOOLS, ("do",)), ast.PromptFrom), None),
        ("tool-misused", (ast.PromptFrom,), None),
    ),
    "program.secret_like_input": (
        (
            "secret-like-input",
            (ast.InputsSection, ast.TaskDecl, ast.Pause),
            triggers.has_secret_like_name,
        ),
    ),
    "prose.service_words": (
        ("sentinel-in-text", (InSource(("__EMPTY__", "__CLEAR__")),), None),
        ("tool-name-in-prose", (_words(_TOOLS),), None),
        (
            "typographic-typed-text",
            (ast.TypeStmt, Words(("enter", "key", "type", "write"), ("do",))),
            triggers.has_typographic,
        ),
    ),
    "prose.statement_in_prose": (
        ("statement-in-prose", (_words(_SAID_BY_STATEMENTS, ("do",)), ast.PromptFrom), None),
    ),
    "prose.wording": (
        (
            "ambiguous-target",
            (_words(_CONTROLS, _ACTED_ON),),
            triggers.the(f"{_CONTROLS} text check drop input"),
        ),
        ("negative-only-instruction", (Words(_BANS, ("do",)),), triggers.opens_with_ban),
        ("pixel-coordinates", (_words(_POINTING),), triggers.has_numbers),
        ("several-instructions", (ast.DoStmt,), triggers.has_many_sentences),
        (
            "target-by-look",
            (_words(_LOOKS, _ACTED_ON),),
            triggers.the_look_of_a_control(f"{_LOOKS} far very"),
        ),
        (
            "vague-verb",
            (Words((*_VAGUE.split(), *_VAGUE_OPENINGS.split())),),
            triggers.opens_with(_VAGUE_OPENINGS, _VAGUE),
        ),
    ),
}
"""The rules of each module of this package: the name, the triggers and the condition of each."""

RULES = (
    *(
        Rule(name, fires_on, home=home, when=when)
        for home, rows in _RULES.items()
        for name, fires_on, when in rows
    ),
    *(
        Rule(f"unused-{kind.replace(' ', '-')}", (UnusedName(kind),), home="program.unused_names")
        for kind in UNUSED_KINDS
    ),
)
