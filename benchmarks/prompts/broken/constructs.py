"""Mutants of what the language says in one place of its own, by construct.

Conditions on texts and sets, `match`, days, `keep`, loops inside calls, `on failure`, `+=` in
rounds and attempts, waits between rounds, and bounds that inputs give.
"""

from __future__ import annotations

from .patches import Code, Words

_KEPT = "a value is kept that nothing reads"
_MARKED = "what is saved already is named by its mark, which stands for the same value"

TEXTS_AND_SETS = (
    Words("conditions.parts", "{right:operand}", "it"),
    Words("conditions.parts", "{left:operand}", "it"),
    Words("conditions.one_of", "{choices:choices}", '"a"'),
    Words("conditions.none_of", "{choices:choices}", '"a"'),
    Words("conditions.number_one_of", "{choices:choices}", "1"),
    Words("conditions.number_none_of", "{choices:choices}", "1"),
    Words("conditions.one_of", "one of", "none of"),
    Words("conditions.none_of", "none of", "one of"),
    Words("conditions.number_one_of", "equals one", "equals none"),
    Words("conditions.number_none_of", "equals none", "equals one"),
    Words("conditions.one_of", "{value:operand}", "it"),
    Words("conditions.number_one_of", "{value:bare}", "0"),
    Code("ValueLowering._text_relation", "_relation(relation.relation)", '"contains"'),
    Code("ValueLowering._text_relation", "left=left", "left=right"),
    Code("ValueLowering._text_relation", "right=right", "right=left"),
    Code(
        "ValueLowering._text_relation",
        "[relation.left] if self._may_lack(relation.left) else []",
        "[]",
    ),
    Code(
        "ValueLowering._text_relation",
        "self._may_lack(relation.right) or _may_be_blank(right)",
        "_may_be_blank(right)",
        equivalent="whatever may be missing is a variable alone",
    ),
    Code(
        "ValueLowering._text_relation",
        "self._may_lack(relation.right) or _may_be_blank(right)",
        "self._may_lack(relation.right)",
    ),
    Code("ValueLowering._may_lack", "self._may_be_missing(operand) or", ""),
    Code("ValueLowering._may_lack", "or self.model.ref_types[operand] == types.ANY", "or False"),
    Code("lowering.values._may_be_blank", "all(isinstance", "not all(isinstance"),
    Code(
        "lowering.values._may_be_blank",
        'return value == nodes.ConstantValue(value="")',
        "return False",
    ),
    Code("ValueLowering.among", "for each in values\n", "for each in [*values][:1]\n"),
    Code("ValueLowering.among", "self._is_number(operand)", "False"),
    Code(
        "ValueLowering.condition",
        "nodes.IsTrue(operand=nodes.ConstantValue(value=holds))",
        "nodes.IsTrue(operand=nodes.ConstantValue(value=not holds))",
    ),
    Code("simplify.decided", "return has_text(left,", "return not has_text(left,"),
    Code("simplify.decided", "condition.relation", '"contains"'),
    Code(
        "simplify.decided",
        "has_text(left, condition.relation, right)",
        "has_text(right, condition.relation, left)",
    ),
    Code("simplify.decided", "return any(\n", "return not any(\n"),
    Code("simplify.decided", "return any(\n", "return all(\n"),
    Code(
        "simplify.decided",
        "isinstance(value, bool) == isinstance(each.value, bool) and value == each.value",
        "value == each.value",
        equivalent="the checker compares values of one type only",
    ),
    Code("values.condition_words", 'f"not {inner.relation}"', "inner.relation"),
    Code("values.condition_words", "if choice.numeric:", "if False:"),
    Code(
        "values.condition_words",
        'if numeric:\n                return say("conditions.number_one_of"',
        'if False:\n                return say("conditions.number_one_of"',
    ),
    Code("values._part_words", "PARTS[part]", 'PARTS["contains"]'),
    Code("values._part_words", "left, right =", "right, left ="),
    Code("values._choices", "choice.values)", "choice.values[:1])"),
    Code("values._choices", "choice.values)", "choice.values[1:])"),
    Code("values._choices", "AND.join", "THEN.join"),
    Code(
        "input_patterns._in_condition",
        "| nodes.TextRelation(left=left, right=right)",
        "",
    ),
    Code("input_patterns._in_condition", "nodes.OneOf(operand=operand)\n                | ", ""),
    Code("input_patterns._in_condition", "| nodes.IsEmpty(operand=operand)", ""),
    Code("input_patterns._in_condition", "yield operand, True", "pass"),
)

MATCH = (
    Code("BodyLowering._choice", "branch.values, frame)", "branch.values[:1], frame)"),
    Code("BodyLowering._choice", "branch.values, frame)", "branch.values[1:], frame)"),
    Code("BodyLowering._choice", "statement in self.values.model.complete", "True"),
    Code(
        "BodyLowering._choice",
        "statement in self.values.model.complete",
        "False",
        equivalent="a value is kept that nothing reads",
    ),
    Code("_Walker._if", "statement.complete and not otherwise", "not otherwise"),
    Code("_Walker._if", "before |= entered |", "before = entered |"),
    Code("_Walker._if", "| _read_in(branch.condition)", ""),
    Code("_Walker._if", "replace(branch, body=body)", "branch", equivalent=_KEPT),
    Code(
        "ValueLowering.case",
        "if len(found.values) > 1 or (found.numeric and self._may_be_missing(operand)):",
        "if len(found.values) > 1:",
    ),
    Code(
        "ValueLowering.case",
        "if len(found.values) > 1 or (found.numeric and self._may_be_missing(operand)):",
        "if False:",
    ),
    Code("ValueLowering.case", 'operator="=="', 'operator="!="'),
    Code(
        "ValueLowering.case",
        "numeric=found.numeric",
        "numeric=False",
        equivalent="a whole number is spelled in one way only",
    ),
)

DAYS = (
    Code("lowering.types._day", "base=day.base", 'base="today"'),
    Code("lowering.types._day", "shifts=day.shifts", "shifts=()"),
    Code("lowering.types._day", "name=day.name", 'name=""'),
    Code("TypeLowering.fields", "None if field.day is None else _day(field.day)", "None"),
    Code("days.with_days", "and field.name not in found", ""),
    Code("days.with_days", "day_of(field, found, today)", "day_of(field, given, today)"),
    Code("days.day_of", "in day.shifts", "in day.shifts[:1]"),
    Code("days.day_of", "in day.shifts", "in day.shifts[::-1]"),
    Code("days.day_of", "_shifted(found, count, unit)", "_shifted(found, -count, unit)"),
    Code("days._base", "today.weekday()", "today.isoweekday()"),
    Code("days._base", "return today.replace(day=1)\n", "return today\n"),
    Code("days._base", "(today.month - 1) % 3", "today.month % 3"),
    Code("days._base", "replace(month=1, day=1)", "replace(day=1)"),
    Code("days._base", "date.fromisoformat(given[day.name])", "today"),
    Code("days._base", "date.fromisoformat(day.name)", "today"),
    Code("days._shifted", '7 if unit == "w" else 1', "1"),
    Code("days._shifted", '12 if unit == "y" else 1', "1"),
    Code("days._shifted", "min(found.day, last)", "found.day % 28 + 1"),
    Code("days._shifted", "min(found.day, last)", "last"),
    Code("days._shifted", "found.month - 1 +", "found.month +"),
    Code("actions._words", 'say("actions.type_shown"', 'say("actions.type_into"'),
)

KEEP = (
    Code(
        "BodyLowering.statement",
        "_set(variable, value, origin, append=statement.append)",
        "_set(variable, value, origin, append=False)",
    ),
    Code(
        "BodyLowering.statement",
        "variable = frame.variables[statement.name.text]",
        "variable = statement.name.text",
    ),
    Code(
        "BodyLowering.statement",
        "_set(variable, value, origin, append=statement.append)",
        "()",
    ),
    # Values that nothing reads
    Code("_Walker._statement", '"finish": self.at_end', '"finish": NOTHING'),
    Code("_Walker._statement", '"retry": failing', '"retry": NOTHING'),
    Code("_Walker._statement", '"abort": NOTHING', '"abort": self.at_end', equivalent=_KEPT),
    Code("_Walker._statement", "return self._store(statement, live)", "return (), live"),
    Code(
        "_Walker._statement",
        "self.body(statement.body, live, failed)",
        "self.body(statement.body, NOTHING, failed)",
    ),
    Code(
        "_Walker._statement",
        "self.body(statement.body, live, failed)",
        "self.body(statement.body, live, NOTHING)",
    ),
    Code("_Walker._statement", "head = live | missed |", "head = missed |"),
    Code(
        "_Walker._statement", "head = live | missed | _own_reads(statement)", "head = live | missed"
    ),
    Code("_Walker._statement", "after | missed | _own_reads(statement)", "after | missed"),
    Code(
        "_Walker._statement",
        "after | missed | _own_reads(statement)",
        "after | _own_reads(statement)",
    ),
    Code(
        "_Walker._statement",
        "(live - {statement.variable}) | _own_reads(statement)",
        "live",
        equivalent=_KEPT,
    ),
    Code(
        "_Walker._store",
        "if assignment.append else live - {variable}",
        "if False else live - {variable}",
    ),
    Code(
        "_Walker._store",
        "(live if assignment.append else live - {variable})",
        "live",
        equivalent=_KEPT,
    ),
    Code("_Walker._store", "| _read_in(value)", ""),
    Code("_Walker._store", "assignment.restores or", "", equivalent=_KEPT),
    Code(
        "_Walker._store",
        "(assignment.restores or variable not in self.outputs)",
        "True",
        equivalent="what a run shows that is aborted is no matter of the law",
    ),
    Code(
        "liveness._without_unread",
        "taken | told",
        "taken",
        equivalent="checks after a run are no matter of the law",
    ),
    Code("liveness._without_unread", "taken | told", "told"),
    Code("liveness._read_in", 'node.sigil == "runtime"', "False"),
)

INNER_LOOPS = (
    Code(
        "_Placing._loop",
        "inside and fits((loop,), self.capabilities)",
        "fits((loop,), self.capabilities)",
        equivalent="a focused agent goes through the loop by itself, and does the same",
    ),
    Code("_Placing._loop", "inside and fits((loop,), self.capabilities)", "inside"),
    Code("_Placing._loop", "inside=True", "inside=False"),
    Code("_Placing._statement", "inside or not isinstance(statement, nodes.Step)", "inside"),
    Code(
        "_Placing._statement",
        "inside or not isinstance(statement, nodes.Step)",
        "True",
        equivalent="a focused agent goes through the loop by itself, and does the same",
    ),
    Code("_Placing._focused", 'loop.entry, name, "saved"', 'loop.entry, name, "runtime"'),
    Code("_Placing._entry_name", "return self.entries[depth]", "return self.entries[0]"),
    Code("walk.renamed", '!= ("saved", name)', '!= ("saved", to)'),
    Code("walk.with_bodies", "otherwise=bodies[-1]", "otherwise=()"),
    Code(
        "Frame.within",
        "{**self.entries, **entries}",
        "{**entries, **self.entries}",
        equivalent="no loop has the variable of a loop around it",
    ),
    Code("Frame.within", "{**self.entries, **entries}", "entries"),
    Code("BodyLowering._loop", 'f"entry {self._loops}"', '"entry"'),
    Code("control.emit_each", "focused(statement.body)", "focused(statement.body[:1])"),
    Code("control.emit_each", "noted=statement.noted", "noted=None"),
    Code("control.emit_each", "if statement.body:", "if True:"),
    Code("fits.tools_of", "case nodes.Loop(entry=str()):", "case nodes.Loop(entry=7):"),
)

ON_FAILURE = (
    Code(
        "BodyLowering._entry",
        "attempts=1",
        "attempts=2",
        equivalent="an entry is said to be attempted, not how often",
    ),
    Code("BodyLowering._entry", "if statement.reason is not None:", "if False:"),
    Code(
        "BodyLowering._entry",
        "recorded + self.body(failure, frame)",
        "self.body(failure, frame) + recorded",
    ),
    Code(
        "BodyLowering._entry",
        "recorded + self.body(failure, frame)",
        "recorded + self.body(failure, frame)[:1]",
    ),
    Code(
        "BodyLowering._entry",
        "entry=True",
        "entry=False",
    ),
)

LISTS_THAT_GROW = (
    Code(
        "BodyLowering._retry",
        "if not each.append",
        "if True",
        equivalent="a list is put back to what it is: nothing behind an entry fails",
    ),
    Code(
        "BodyLowering._retry",
        "frame.passes or self._is_emitted_outside(name, statement, frame)",
        "False",
    ),
    Code(
        "BodyLowering._retry",
        "frame.passes or self._is_emitted_outside(name, statement, frame)",
        "frame.passes",
    ),
    Code("BodyLowering._retry", "frame.passes or", ""),
    Code(
        "BodyLowering._retry",
        "frame.passes or self._is_emitted_outside(name, statement, frame)",
        "True",
        equivalent=_KEPT,
    ),
    Code("BodyLowering._retry", "yield from _store(before)", "yield from ()"),
    Code("BodyLowering._retry", "body=_store(again) + body", "body=body"),
    Code("BodyLowering._retry", "restores=True", "restores=False", equivalent=_KEPT),
    Code("BodyLowering._is_emitted_outside", "each.append or", ""),
    Code(
        "BodyLowering._is_emitted_outside",
        "each not in inside",
        "each in inside",
        equivalent="a value is kept that nothing reads",
    ),
    Code("BodyLowering._before", "self.names.fresh(", "str("),
    Code("BodyLowering.prologue", "or self.stored[name] in self._earlier", ""),
    Code("BodyLowering.prologue", "plan.append or self.stored[name]", "self.stored[name]"),
    Code(
        "simplify._merged",
        "added_to(pending).isdisjoint(added_to(statement))",
        "True",
        equivalent="the bullets are the same, one after the other",
    ),
    Code(
        "simplify._is_constant",
        "and not each.append",
        "",
        equivalent="the entry is added before anything reads the list",
    ),
    Code("simplify._with_records_cleared", "name not in repeated", "True"),
    Code("simplify._with_records_cleared", "len(set_to[name]) == 1", "True"),
    Code("simplify._with_records_cleared", "or assignment.append", ""),
    Code("simplify._with_records_cleared", "elif not _names(value, name):", "elif True:"),
    Code("simplify._with_records_cleared", "elif all(", "elif True or all("),
    Code(
        "simplify._with_records_cleared",
        "yield replace(assignment, value=nothing)\n            yield assignment",
        "yield assignment",
    ),
    Code("simplify._has_fields_of", "names <= {name for name, _ in fields}", "True"),
    Code("simplify._is_record", "return value.record", "return False"),
    Code(
        "simplify._is_record",
        "case nodes.ObjectValue():\n            return True",
        "case nodes.ObjectValue():\n            return False",
    ),
    Code("simplify._is_record", "isinstance(constant, dict)", "False"),
)

WAITS_AND_BOUNDS = (
    Code("control._round_wait", "duration(statement.delay_milliseconds)", "duration(1000)"),
    Code("control._round_wait", "if not statement.delay_milliseconds:", "if False:"),
    Code("simplify._waits", "repeat.delay_milliseconds > 0", "True"),
    Code("simplify._waits", "repeat.limit != 1", "True", equivalent="one round waits for no other"),
    Code(
        "BodyLowering._bound",
        "self.bounding_inputs.add(symbol.field.wire_name)",
        "pass",
        equivalent="the program does nothing then, too; the schema refuses it beforehand",
    ),
    Code(
        "BodyLowering._bound",
        'sigil="input", name=symbol.field.wire_name',
        'sigil="input", name=symbol.name',
    ),
    Code("BodyLowering._bound", "symbol.kind == semantic.INPUT", "False"),
    Code("BodyLowering._loop", "isinstance(limit, nodes.Variable) and variable is None", "False"),
    Code("BodyLowering._loop", "yield _fewer_allowed(_length(items), limit, origin)", "pass"),
    Code(
        "BodyLowering._loop",
        "limit = declared",
        "pass",
        equivalent="the schema bounds the list as well",
    ),
    Code("lowering.statements._fewer_allowed", "value=entries", "value=0"),
    Code("lowering.statements._fewer_allowed", "too_many(limit)", "too_many(entries)"),
    Code("lowering.statements.too_many", "_piece(limit)", '*literal("0")'),
    Code("lowering.statements._piece", "isinstance(limit, nodes.Variable)", "False"),
    Code("text.limit_words", "isinstance(limit, nodes.Variable)", "False"),
    Code("control._too_many", "*literal(before), limit, *literal(after)", "limit,"),
    Code(
        "control._too_many",
        'say("control.loop_reason", limit)',
        'say("control.loop_reason", limit + 1)',
    ),
    Code(
        "program._bounded",
        '{"minimum": 1, **field.constraints}',
        '{"minimum": 0, **field.constraints}',
        equivalent="the program does nothing then, too; the schema refuses it beforehand",
    ),
)

CONSTRUCTS = (
    *TEXTS_AND_SETS,
    *MATCH,
    *DAYS,
    *KEEP,
    *INNER_LOOPS,
    *ON_FAILURE,
    *LISTS_THAT_GROW,
    *WAITS_AND_BOUNDS,
)
