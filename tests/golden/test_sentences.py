"""Every sentence of the language of prompts, as a person reads it at every change.

Nothing else can notice wrong English.
"""

from __future__ import annotations

from collections.abc import Iterator

from syrupy.assertion import SnapshotAssertion

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import literal_text
from flowdsl.prompt.exact import delimit_text, spell_exact_text
from flowdsl.prompt.sentences import (
    AGAIN,
    ALL,
    AND,
    ANY,
    BLANKS,
    COMPARISONS,
    DATA_NOTE,
    DONE,
    FAILED,
    FLAG,
    KINDS,
    NONE,
    NUMBERS,
    NUMERIC,
    OR,
    PARTS,
    SCALARS,
    SENTENCES,
    THEN,
    Sentence,
)
from flowdsl.prompt.text import (
    duration_words,
    enclose_in_brackets,
    quote_screen_text,
    quote_words,
    spell_variable,
)
from flowdsl.prompt.values import condition_words, type_words, value_words
from flowdsl.prompt.words import say_sentence

MEMO = nodes.Variable(sigil="input", name="memo")
TOTAL = nodes.Variable(sigil="runtime", name="total")
AMOUNT = nodes.ScalarType(name="number")
RECORD = nodes.RecordType(
    fields=(
        nodes.FieldSpec(name="amount", type=AMOUNT, description="without tax"),
        nodes.FieldSpec(name="due", type=nodes.OptionalType(inner=nodes.ScalarType(name="date"))),
    )
)
IS_OPEN = nodes.Sees(text=literal_text("Invoice open"))
OBJECT = nodes.ConstantValue(value={"amount": 5, "due": None})

SAMPLES: dict[str, str] = {
    "answer": quote_words("1"),
    "ask": say_sentence("screen.expect", quote_screen_text(literal_text("the invoice is saved"))),
    "bare": spell_variable(MEMO),
    "bracketed": enclose_in_brackets(spell_variable(MEMO)),
    "choices": '"a", "b"',
    "clause": "the field Amount",
    "closing": "\u27e7",
    "command": spell_exact_text("command", literal_text("dir C:\\invoices"), block=True),
    "comparison": COMPARISONS["<="],
    "condition": condition_words(IS_OPEN),
    "consequence": say_sentence("control.go_on"),
    "copied": enclose_in_brackets(spell_variable(TOTAL)),
    "delimited": delimit_text((MEMO,)),
    "duration": duration_words(90_000),
    "entries": value_words(nodes.ConstantValue(value=["a", ["b"]])).removeprefix("a list of "),
    "exact": spell_exact_text("text", (nodes.TextPiece(value=" Memo\t"), MEMO), block=True),
    "fields": type_words(RECORD).removeprefix("a JSON object with "),
    "given": "total = {{total}}; rows = {{rows}}",
    "filled": enclose_in_brackets("{{total}}"),
    "held": quote_words(spell_variable(TOTAL)),
    "items": quote_words(spell_variable(TOTAL)),
    "key": quote_words("total"),
    "keys": "ctrl+s enter",
    "lines": f" {enclose_in_brackets('Dear all')} {enclose_in_brackets('')}",
    "members": value_words(OBJECT).removeprefix("an object with "),
    "mark": "\u27eatotal\u27eb",
    "model": quote_words("Careful Model"),
    "name": quote_words("amount"),
    "notes": say_sentence("blanks.empty", say_sentence("blanks.line", 2)),
    "noun": "text",
    "numbers": "1, 2",
    "opening": "\u27e6",
    "operand": spell_variable(TOTAL),
    "options": '"open", "paid"',
    "part": PARTS["contains"],
    "path": quote_words("total.amount"),
    "picture": '<img src="" alt="the form">',
    "quoted": quote_words("invoice.png"),
    "reading": quote_words(
        say_sentence(
            "data.background_prompt",
            quote_screen_text(literal_text("the total")),
            type_words(AMOUNT),
            False,
            quote_words("total"),
            False,
            False,
        )
    ),
    "reason": quote_words("the invoice is locked"),
    "relation": NUMERIC["<="],
    "rule": "Close what asks for an update.",
    "run": say_sentence("blanks.run", 2, "blank"),
    "secret": "{$pin}",
    "shown": quote_screen_text((*literal_text("the row of "), MEMO)),
    "spelled": quote_words("5"),
    "start": say_sentence("control.else_"),
    "subject": say_sentence("blanks.it"),
    "text": enclose_in_brackets(spell_variable(MEMO)),
    "truth": spell_variable(MEMO),
    "type": type_words(AMOUNT),
    "unit": "tab",
    "value": value_words(OBJECT),
    "why": condition_words(IS_OPEN),
}


def test_every_sentence_reads_as_it_did(snapshot: SnapshotAssertion) -> None:
    assert SAMPLES.keys() == KINDS.keys() - {*NUMBERS, FLAG}
    lines = [line for sentence in SENTENCES.values() for line in _printed(sentence)]
    assert "\n".join(lines) == snapshot


def _printed(sentence: Sentence) -> Iterator[str]:
    yield f"{sentence.name} ({', '.join(sentence.readers)})"
    for chosen in sentence.variants():
        values: list[object] = []
        for hole in sentence.holes:
            first = chosen.get(hole.name, True)
            match hole.kind:
                case "count" | "bound":
                    values.append(2 if first else 1)
                case "flag":
                    values.append(first)
                case kind:
                    values.append(SAMPLES[kind] if first else "")
        words = say_sentence(sentence.name, *values).replace("\n", "\n      ")
        yield f"    {words}"


def test_what_joins_and_names_in_sentences_reads_as_it_did(snapshot: SnapshotAssertion) -> None:
    joined = [f"(x){word}(y)" for word in (ALL, ANY)] + [f"x{word}y" for word in (OR, THEN, AND)]
    answers = [DONE, AGAIN, FAILED, NONE]
    relations = (*COMPARISONS.values(), *NUMERIC.values(), *PARTS.values())
    compared = [f"x {words} y" for words in relations]
    noted = f'"x"{DATA_NOTE}'
    assert (
        "\n".join((*SCALARS.values(), *BLANKS.values(), *compared, *joined, *answers, noted))
        == snapshot
    )
