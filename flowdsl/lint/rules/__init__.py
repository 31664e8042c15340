"""The one list of rules, each with its room and triggers; its module is imported when one fires.

Sound rules come first: what they report is so. The others are about wording; each ships because it
is right at least nine times in ten on realistic prose, as `benchmarks/diagnostics/wording.py`
measures.
"""

from __future__ import annotations

from flowdsl.lint import triggers as triggers
from flowdsl.lint.rule import UNUSED_KINDS, InSource, LinkedFiles, Rule, UnusedName, Words
from flowdsl.syntax import ast

_BODIES = (ast.TaskDecl, ast.StepsSection)
_MAY_BE_EMPTY = (
    ast.DoStmt,
    ast.TypeStmt,
    ast.StepStmt,
    ast.ForStmt,
    ast.RepeatStmt,
    ast.ExpectStmt,
    ast.IfStmt,
    ast.MatchStmt,
)
_USES_OF_MODELS = (ast.ModelSection, ast.ChooseStmt, ast.ExtractStmt, ast.Check)
_ACTED_ON = ("do", "target", "source")

_CHOICES = """
    row rows line lines entry entries result results record records item items match matching
    matches option suggestion card tile list table grid worklist board queue dropdown drop whose
    where owned belongs shows click choose select pick tick untick check uncheck highlight expand
    box boxes if when unless case
"""
_OPENINGS = """
    before check clear click data do end fail find for from here if make otherwise press read save
    select there until use wait
"""
_TOOLS = """
    copy_to_clipboard declare_task_failed end_loop_iteration execute_terminal_command extract_prompt
    focused_action mark_file_for_export save_screenshot_as_run_attachment start_loop
    upsert_runtime_values
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
    Rule("abort-inside-retry", (ast.RetryStmt,), room="program", when=triggers.may_abort),
    Rule("bound-above-max-items", (ast.ForStmt,), room="program", when=triggers.has_limit),
    Rule(
        "check-without-artifact",
        (ast.ChecksSection,),
        room="program",
        when=triggers.has_file_checks,
    ),
    Rule("choice-by-input", (Words(tuple(_CHOICES.split()), ("do",)),), room="prose"),
    Rule("credential-in-literal", (ast.Module,), room="program"),
    Rule("command-outlasts-limit", (ast.RunStmt,), room="commands", when=triggers.names_wait),
    Rule("command-too-long", (ast.RunStmt,), room="commands", when=triggers.is_long),
    Rule("command-state-lost", (ast.RunStmt,), room="commands", when=triggers.sets_state),
    Rule("deep-nesting", _BODIES, room="program"),
    Rule(
        "description-reads-as-outline",
        (ast.WorkflowDecl,),
        room="prose",
        when=triggers.may_read_as_outline(_OPENINGS),
    ),
    Rule("duplicated-prose", (LinkedFiles(),), room="prose"),
    Rule(
        "else-goes-on",
        (ast.ChooseStmt, ast.ExpectStmt, ast.ExtractStmt, ast.CopyStmt),
        room="program",
        when=triggers.has_else_block,
    ),
    Rule("enum-not-handled", (ast.IfStmt,), room="program", when=triggers.has_branches),
    Rule("fixed-wait", (ast.WaitStmt,), room="program"),
    Rule("key-of-one-driver", (ast.PressStmt,), room="commands", when=triggers.has_rare_key),
    Rule("last-entry-wins", (ast.ForStmt,), room="program"),
    Rule("test-expects-nothing", (ast.TestDecl,), room="program", when=triggers.may_expect_nothing),
    Rule("missing-description", (ast.WorkflowDecl,), room="prose", when=triggers.lacks_description),
    Rule("newer-powershell-syntax", (ast.RunStmt,), room="commands", when=triggers.has_operators),
    Rule("no-effect", _MAY_BE_EMPTY, room="program", when=triggers.may_be_empty),
    Rule("non-powershell-command", (ast.RunStmt,), room="commands"),
    Rule("optional-read-unguarded", _BODIES, room="program", when=triggers.writes_optional),
    Rule("overwritten-before-read", _BODIES, room="program", when=triggers.sets_twice),
    Rule("raw-model-id", _USES_OF_MODELS, room="program", when=triggers.names_model),
    Rule(
        "prose-like-sentence",
        (Words(tuple(_OPENINGS.split()), ("do",)),),
        room="prose",
        when=triggers.a_line_opens_with(_OPENINGS),
    ),
    Rule(
        "secret-like-input",
        (ast.InputsSection, ast.TaskDecl, ast.Pause),
        room="program",
        when=triggers.named_like_secret,
    ),
    Rule("sentinel-in-text", (InSource(("__EMPTY__", "__CLEAR__")),), room="prose"),
    Rule(
        "title-reads-as-instruction",
        (ast.StepStmt,),
        room="prose",
        when=triggers.may_read_as_instruction,
    ),
    Rule("tool-name-in-prose", (Words(tuple(_TOOLS.split())),), room="prose"),
    Rule(
        "typographic-typed-text",
        (
            ast.TypeStmt,
            Words(("enter", "key", "type", "write"), ("do",)),
        ),
        room="prose",
        when=triggers.has_typographic,
    ),
    *(
        Rule(
            f"unused-{kind.replace(' ', '-')}",
            (UnusedName(kind),),
            room="program",
            module="unused_names",
        )
        for kind in UNUSED_KINDS
    ),
    # About wording.
    Rule(
        "ambiguous-target",
        (Words(tuple(_CONTROLS.split()), _ACTED_ON),),
        room="prose",
        when=triggers.the(f"{_CONTROLS} text check drop input"),
    ),
    Rule(
        "negative-only-instruction",
        (Words(_BANS, ("do",)),),
        room="prose",
        when=triggers.opens_with_ban,
    ),
    Rule(
        "pixel-coordinates",
        (Words(tuple(_POINTING.split())),),
        room="prose",
        when=triggers.has_numbers,
    ),
    Rule("several-instructions", (ast.DoStmt,), room="prose", when=triggers.has_many_sentences),
    Rule(
        "target-by-look",
        (Words(tuple(_LOOKS.split()), _ACTED_ON),),
        room="prose",
        when=triggers.the_look_of_a_control(f"{_LOOKS} far very"),
    ),
    Rule(
        "vague-verb",
        (Words((*_VAGUE.split(), *_VAGUE_OPENINGS.split())),),
        room="prose",
        when=triggers.opens_with(_VAGUE_OPENINGS, _VAGUE),
    ),
)
