"""The one list of rules, each with its room and triggers; its module is imported when one fires.

Sound rules come first: what they report is so. The others are about wording; each ships because it
is right at least nine times in ten on realistic prose (`benchmarks/wording.py` measures it).
"""

from __future__ import annotations

from flowdsl.lint import triggers as triggers
from flowdsl.lint.rule import UNUSED_KINDS, InSource, LinkedFiles, Rule, UnusedName, Words
from flowdsl.syntax import ast

_BODIES = (ast.TaskDecl, ast.StepsSection)
_USES_OF_MODELS = (ast.ModelSection, ast.ChooseStmt, ast.ExtractStmt, ast.Check)
_ACTED_ON = ("do", "target", "source")

_CHOICES = """
    row rows line lines entry entries result results record records item items match matching
    matches option suggestion card tile list table grid worklist board queue dropdown drop whose
    where owned belongs shows
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
    Rule("program", "abort-inside-retry", (ast.RetryStmt,), when=triggers.may_abort),
    Rule("program", "bound-above-max-items", (ast.ForStmt,), when=triggers.has_limit),
    Rule("program", "check-without-artifact", (ast.ChecksSection,), when=triggers.has_file_checks),
    Rule("prose", "choice-by-input", (Words(tuple(_CHOICES.split()), ("do",)),)),
    Rule("program", "credential-in-literal", (ast.Module,)),
    Rule("commands", "command-outlasts-limit", (ast.RunStmt,), when=triggers.names_wait),
    Rule("commands", "command-too-long", (ast.RunStmt,), when=triggers.is_long),
    Rule("program", "deep-nesting", _BODIES),
    Rule("prose", "duplicated-prose", (LinkedFiles(),)),
    Rule("program", "enum-not-handled", (ast.IfStmt,), when=triggers.has_branches),
    Rule("program", "fixed-wait", (ast.WaitStmt,)),
    Rule("commands", "key-of-one-driver", (ast.PressStmt,), when=triggers.has_rare_key),
    Rule("prose", "missing-description", (ast.WorkflowDecl,), when=triggers.lacks_description),
    Rule("commands", "newer-powershell-syntax", (ast.RunStmt,), when=triggers.has_operators),
    Rule("commands", "non-powershell-command", (ast.RunStmt,)),
    Rule("program", "optional-read-unguarded", _BODIES, when=triggers.writes_optional),
    Rule("program", "overwritten-before-read", _BODIES, when=triggers.sets_twice),
    Rule("program", "raw-model-id", _USES_OF_MODELS, when=triggers.names_model),
    Rule(
        "program",
        "secret-like-input",
        (ast.InputsSection, ast.TaskDecl),
        when=triggers.named_like_secret,
    ),
    Rule("prose", "sentinel-in-text", (InSource(("__EMPTY__", "__CLEAR__")),)),
    Rule("prose", "tool-name-in-prose", (Words(tuple(_TOOLS.split())),)),
    Rule(
        "prose",
        "typographic-typed-text",
        (
            ast.TypeStmt,
            Words(("enter", "key", "type", "write"), ("do",)),
        ),
        when=triggers.has_typographic,
    ),
    *(
        Rule(
            "program",
            f"unused-{kind.replace(' ', '-')}",
            (UnusedName(kind),),
            module="unused_names",
        )
        for kind in UNUSED_KINDS
    ),
    # About wording.
    Rule(
        "prose",
        "ambiguous-target",
        (Words(tuple(_CONTROLS.split()), _ACTED_ON),),
        when=triggers.the(f"{_CONTROLS} text check drop input"),
    ),
    Rule(
        "prose", "negative-only-instruction", (Words(_BANS, ("do",)),), when=triggers.opens_with_ban
    ),
    Rule(
        "prose", "pixel-coordinates", (Words(tuple(_POINTING.split())),), when=triggers.has_numbers
    ),
    Rule("prose", "several-instructions", (ast.DoStmt,), when=triggers.has_many_sentences),
    Rule(
        "prose",
        "target-by-look",
        (Words(tuple(_LOOKS.split()), _ACTED_ON),),
        when=triggers.the_look_of_a_control(f"{_LOOKS} far very"),
    ),
    Rule(
        "prose",
        "vague-verb",
        (Words((*_VAGUE.split(), *_VAGUE_OPENINGS.split())),),
        when=triggers.opens_with(_VAGUE_OPENINGS, _VAGUE),
    ),
)
