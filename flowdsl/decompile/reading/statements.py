"""Statements of one line of a prompt, and what the reading of statements shares."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from flowdsl.ir import nodes
from flowdsl.prompt.reading.conditions import Conditions
from flowdsl.prompt.reading.frames import SLOT, Free, frame
from flowdsl.prompt.reading.phrases import Phrases
from flowdsl.prompt.reading.texts import (
    Exact,
    Texts,
    in_quotes,
    keys,
    milliseconds,
    runtime_variable,
    whole_number,
)
from flowdsl.prompt.text import OPEN_PART
from flowdsl.prompt.words import say
from flowdsl.semantics.capabilities import Capabilities

from ..model import NOWHERE

STRING = nodes.ScalarType(name="string")
RUN = "execute_terminal_command"


class Unreadable(Exception):
    """A text that code generation does not write."""


class Words:
    """Reads what the statements of one prompt consist of. `capabilities` say what a focused agent is asked to do."""

    def __init__(self, texts: Texts, capabilities: Capabilities) -> None:
        self.texts = texts
        self.phrases = Phrases(texts)
        self.conditions = Conditions(texts, self.phrases)
        self.capabilities = capabilities
        self.condition = self.conditions.condition
        self.clause = Free(lambda spelled: texts.clause(spelled))
        self._delimited = texts.delimited()
        self._typed = Free(_whole(texts.exact("text", block=True)))
        self._command = Free(_whole(texts.exact("command", block=True)))
        self.quoted_text = in_quotes(texts.text)
        self.name = self.phrases.name
        self._reason = in_quotes(texts.line)

    def is_free(self, text: str) -> bool:
        """Whether no statement but a free action or a step begins like this."""
        return not text.startswith(_starts())

    def text(self, spelled: str) -> nodes.Text:
        """The text spelled like this; raises `Unreadable`."""
        text = self.texts.text(spelled)
        if text is None:
            raise Unreadable
        return text

    def can(self, tool: str, main: bool) -> bool:
        """Whether the agent that is being instructed has a tool."""
        return main or self.capabilities.focused_can(tool)

    # Leaving

    def leave(self, words: str, main: bool) -> nodes.Leave | None:
        """Reads what a leaving statement asks for, as the end of a sentence without its full stop."""
        if words == say("control.abort_last"):
            return nodes.Leave(origin=NOWHERE, action="abort", reason=None)
        if words in (say("control.attempt_failed_last"), say("control.attempt_reported_last")):
            return nodes.Leave(origin=NOWHERE, action="retry", reason=None)
        if found := frame("control.abort", SLOT).match(words, self._reason):
            return nodes.Leave(origin=NOWHERE, action="abort", reason=found[0])
        for name in ("control.attempt_failed", "control.attempt_reported"):
            if found := frame(name, SLOT).match(words, self._reason):
                return nodes.Leave(origin=NOWHERE, action="retry", reason=found[0])
        if self.can("finish", main) and (
            found := frame("control.finish", SLOT).match(words, self.clause)
        ):
            return nodes.Leave(origin=NOWHERE, action="finish", reason=found[0])
        return None

    def leave_statement(self, text: str, main: bool) -> nodes.Leave | None:
        """Reads a leaving statement that stands alone."""
        if not text.endswith("."):
            return None
        return self.leave(text[:1].lower() + text[1:-1], main)

    def leave_after(self, text: str, start: str, main: bool) -> nodes.Leave | None:
        """Reads `<start>, <leave>.`"""
        if not text.startswith(f"{start}, ") or not text.endswith("."):
            return None
        return self.leave(text[len(start) + 2 : -1], main)

    # Actions

    def action(self, text: str) -> nodes.Statement | None:
        """Reads an action other than a free one, as either agent carries it out."""
        if found := frame("actions.type_into", SLOT, SLOT).match(text, self._typed, self.clause):
            value, target = found
            return nodes.TypeIn(origin=NOWHERE, value=value, display=None, target=target)
        if found := frame("actions.clear", SLOT).match(text, self.clause):
            return nodes.Clear(origin=NOWHERE, target=found[0])
        if found := frame("actions.press", SLOT, SLOT).match(text, _KEYS, whole_number):
            return nodes.Press(origin=NOWHERE, keys=found[0], times=found[1])
        if found := frame("actions.press", SLOT, 1).match(text, _KEYS):
            return nodes.Press(origin=NOWHERE, keys=found[0], times=1)
        if found := frame("actions.wait", SLOT).match(text, milliseconds):
            return nodes.Wait(origin=NOWHERE, milliseconds=found[0])
        return None

    def type_shown(self, text: str) -> nodes.TypeIn | None:
        """Reads a `type` of a value in another format."""
        slots = (self._delimited, self.name, self.clause)
        found = frame("actions.type_shown", SLOT, SLOT, SLOT).match(text, *slots)
        if found is None:
            return None
        return nodes.TypeIn(origin=NOWHERE, value=found[0], display=found[1], target=found[2])

    def free_action(self, text: str) -> nodes.Do:
        """Reads the author's own words."""
        return nodes.Do(origin=NOWHERE, text=self.text(text))

    # Files and pictures

    def artifact(self, text: str, main: bool) -> nodes.Statement | None:
        """Reads a `capture`, an `export` or a picture."""
        if self.can("save_screenshot_as_run_attachment", main):
            found = frame("tools.capture", SLOT).match(text, self.quoted_text)
            if found is not None:
                return nodes.Capture(origin=NOWHERE, file=found[0])
        if self.can("mark_file_for_export", main):
            found = frame("tools.export", SLOT).match(text, self.quoted_text)
            if found is not None:
                return nodes.Export(origin=NOWHERE, file=found[0])
        if self.can("picture", main) and text.endswith(OPEN_PART):
            found = frame("tools.picture", SLOT, SLOT).match(text, _open_part, self.clause)
            if found is not None:
                return _picture(found[0], found[1])
            found = frame("tools.picture", SLOT, "").match(text, _open_part)
            if found is not None:
                return _picture(found[0], None)
        return None

    def command(self, text: str, main: bool) -> nodes.Text | None:
        """Reads the line of a `run` that holds the command."""
        if not self.can(RUN, main):
            return None
        found = frame("tools.run", SLOT).match(text, self._command)
        return None if found is None else found[0]

    # Readings

    def background(self, text: str, main: bool) -> nodes.BackgroundExtract | None:
        """Reads an `extract` in background."""
        if not self.can("screenshot", main):
            return None
        prompt = in_quotes(lambda spelled: self._background_prompt(spelled))
        model: str | None = None
        found = frame("data.background", SLOT, "").match(text, prompt)
        if found is None:
            found = frame("data.background", SLOT, SLOT).match(text, prompt, MODEL)
            if found is None:
                return None
            model = found[1]
        source, variable, type_ = found[0]
        return nodes.BackgroundExtract(
            origin=NOWHERE, variable=variable, type=type_, source=source, model=model
        )

    def _background_prompt(self, text: str) -> tuple[nodes.Text, str, nodes.Type] | None:
        for optional in (True, False):
            prompt = frame("data.background_prompt", SLOT, SLOT, SLOT, SLOT, optional)
            slots = (self.clause, runtime_variable, self.name, self.phrases.type)
            found = prompt.match(text, *slots)
            if found is not None and found[1] == found[2]:
                type_ = nodes.OptionalType(inner=found[3]) if optional else found[3]
                return found[0], found[1], type_
        return None

    def copied_value(self, text: str, variable: str) -> nodes.Type | None:
        """Reads the line that keeps a copied text as a value of its type."""

        def copied(text: str, position: int) -> tuple[nodes.Type, int] | None:
            found = frame("values.copied", SLOT).read(text, position, self.phrases.type)
            return None if found is None else (found[0][0], found[1])

        store = frame("data.store", SLOT, SLOT, SLOT)
        found = store.match(text, runtime_variable, self.name, copied)
        return found[2] if found is not None and found[:2] == (variable, variable) else None

    # Keeping

    def assignment(self, text: str) -> nodes.Assignment | None:
        """Reads a line that keeps one value."""
        value = self.phrases.value
        for name in ("data.store", "data.append"):
            kept = frame(name, SLOT, SLOT, SLOT)
            if found := kept.match(text, runtime_variable, self.name, value):
                return _assignment(found[0], found[1], None, name == "data.append", found[2])
        for name in ("data.store_field", "data.append_field"):
            kept = frame(name, SLOT, SLOT, SLOT, SLOT)
            if found := kept.match(text, runtime_variable, self.name, self.name, value):
                appends = name == "data.append_field"
                return _assignment(found[0], found[1], found[2], appends, found[3])
        return None

    # Checks

    def check(self, text: str) -> tuple[nodes.Choose | nodes.WaitUntil | nodes.Expect, str] | None:
        """Reads what a check asks for: the check without its `else`, and how the sentence about its failure begins."""
        if found := frame("screen.choose", SLOT).match(text, self.clause):
            choose = nodes.Choose(origin=NOWHERE, target=found[0], model=None, otherwise=())
            return choose, say("screen.choose_missing")
        if found := frame("screen.expect", SLOT).match(text, self.clause):
            expect = nodes.Expect(origin=NOWHERE, condition=found[0], otherwise=())
            return expect, say("screen.expect_missing")
        if found := frame("screen.wait_until", SLOT, SLOT).match(text, self.clause, milliseconds):
            wait = nodes.WaitUntil(
                origin=NOWHERE, condition=found[0], timeout_milliseconds=found[1], otherwise=()
            )
            return wait, say("screen.wait_missing")
        return None


def _assignment(
    variable: str, key: str, field: str | None, append: bool, value: nodes.Value
) -> nodes.Assignment | None:
    if variable != key:
        return None
    return nodes.Assignment(
        variable=variable, field=field, append=append, value=value, origin=NOWHERE
    )


_STATEMENTS = {
    "actions.type_into": 2,
    "actions.type_shown": 3,
    "actions.clear": 1,
    "actions.press": 2,
    "actions.wait": 1,
    "screen.choose": 1,
    "screen.expect": 1,
    "screen.wait_until": 2,
    "data.read": 1,
    "data.copy": 2,
    "data.background": 2,
    "data.store": 3,
    "data.store_field": 4,
    "data.append": 3,
    "data.append_field": 4,
    "tools.run": 1,
    "tools.capture": 1,
    "tools.export": 1,
    "tools.picture": 2,
    "control.if_": 1,
    "control.repeat": 2,
    "control.retry": 2,
    "control.loop": 1,
}
"""The frames that statements begin with, and how many values each takes."""


@cache
def _starts() -> tuple[str, ...]:
    frames = [frame(name, *[SLOT] * count) for name, count in _STATEMENTS.items()]
    leaves = [
        frame("control.abort", SLOT),
        frame("control.abort_last"),
        frame("control.attempt_failed", SLOT),
        frame("control.attempt_failed_last"),
        frame("control.attempt_reported", SLOT),
        frame("control.attempt_reported_last"),
        frame("control.finish", SLOT),
    ]
    starts = [each.start for each in [*frames, frame("tools.picture", SLOT, "")]]
    starts += [each.start[0].upper() + each.start[1:] for each in leaves]
    return tuple(start for start in dict.fromkeys(starts))


def focused_model(text: str) -> tuple[str | None] | None:
    """Reads the line that calls a focused agent: the model it names, None for a line that is none."""
    if text == say("screen.focused", ""):
        return (None,)
    found = frame("screen.focused", SLOT).match(text, MODEL)
    return None if found is None else (found[0],)


def _whole(read: Exact) -> Callable[[str], nodes.Text | None]:
    """A reader of a whole text that is nothing but what `read` reads."""

    def reader(spelled: str) -> nodes.Text | None:
        found = read(spelled, 0)
        return found[0] if found is not None and found[1] == len(spelled) else None

    return reader


def _model(spelled: str) -> str | None:
    inside = spelled[1:-1]
    return inside if inside and spelled == f'"{inside}"' else None


MODEL = Free(_model)
_KEYS = Free(keys)


def _open_part(text: str, position: int) -> tuple[str, int] | None:
    if not text.startswith(OPEN_PART, position):
        return None
    end = text.find(OPEN_PART, position + 1)
    return None if end < 0 else (text[position + 1 : end], end + 1)


def _picture(part: str, shows: nodes.Text | None) -> nodes.Picture:
    _, _, rest = part.partition(":")
    name, _, alternative = rest.partition(":")
    sha256, _, extension = name.partition(".")
    return nodes.Picture(
        origin=NOWHERE, sha256=sha256, extension=extension, alternative=alternative, shows=shows
    )
