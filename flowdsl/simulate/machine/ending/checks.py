"""The post-run checks of a payload, as the service evaluates them after a successful run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowdsl.simulate.shapes import EMPTY
from flowdsl.simulate.trace import (
    CAPTURE,
    CHECK_FAILED,
    EXPORT,
    INFRA_ERROR,
    SUCCESS,
    Event,
    Recorder,
    Verdict,
)
from flowdsl.simulate.world import CHECK, Question
from flowdsl.source.patterns import may_match

from ..characters import (
    TOKEN,
    at_path,
    fill_in_inputs,
    fill_in_variables,
    path_parts,
    spell_platform_value,
)
from ..kinds import without_notes

ITEM = "loop_item"
"""The variable for an entry in a template (assumption `check-variables`)."""


class PostRunChecks:
    """The checks of one run, with its inputs, its runtime values, and the files that it kept."""

    def __init__(
        self,
        inputs: Mapping[str, Any],
        names: Sequence[str],
        values: Mapping[str, Any],
        recorder: Recorder,
    ) -> None:
        self._inputs = inputs
        self._names = names
        self._values = values
        self._recorder = recorder
        self._files = [*_find_kept_files(recorder.events)]

    def verdict(self, check: Mapping[str, Any], *, has_schema: bool) -> Verdict:
        """Return the verdict on one item of `post_run_checks`."""
        match check["type"]:
            case "run_attachment_exists":
                return self._files_there(check)[0]
            case "run_attachment_image_check":
                verdict, is_there = self._files_there(check)
                if verdict.status != SUCCESS or not is_there:
                    return verdict
                return self._judge_each_statement(self._render_check_prompts(check))
            case "output_data_passes_schema_validation":
                # Outputs that the schema refuses end a run before its checks.
                return Verdict(SUCCESS if has_schema else INFRA_ERROR)
            case _:
                return self._judge_each_statement([self._text(check.get("check_prompt") or "")])

    def _judge_each_statement(self, statements: Sequence[str]) -> Verdict:
        for statement in statements:
            question = Question(CHECK, without_notes(statement))
            answer = self._recorder.ask(question)
            if not answer:
                return Verdict(CHECK_FAILED)
        return Verdict(SUCCESS)

    def _render_check_prompts(self, check: Mapping[str, Any]) -> list[str]:
        """Return the questions about pictures; for a list, those for each entry."""
        prompt = check.get("check_prompt") or ""
        if check.get("file_target_mode") != "loop_items":
            return [self._text(prompt)]
        return [
            self._text(prompt, item)
            for item in self._list_loop_items(check.get("loop_input") or "")
        ]

    def _files_there(self, check: Mapping[str, Any]) -> tuple[Verdict, bool]:
        may_lack = bool(check.get("allow_missing_attachments"))
        if check.get("file_target_mode") == "regex":
            pattern = check.get("file_name_regex") or ""
            found = [name for name in self._files if may_match(pattern, name)]
            count = None
            if check["type"] == "run_attachment_exists":
                count = self._count(check)
            is_right = bool(found) if count is None else len(found) == count
            is_right = is_right or (may_lack and not found)
            return Verdict(SUCCESS if is_right else CHECK_FAILED), bool(found)
        names = [_base_name(name) for name in self._wanted(check)]
        there = [name in self._files for name in names]
        return Verdict(SUCCESS if may_lack or all(there) else CHECK_FAILED), any(there)

    def _wanted(self, check: Mapping[str, Any]) -> Iterator[str]:
        if check.get("file_target_mode") == "loop_items":
            for item in self._list_loop_items(check.get("loop_input") or ""):
                yield self._text(check.get("loop_item_filename_template") or "", item)
        else:
            yield from map(self._text, check.get("file_names") or ())

    def _count(self, check: Mapping[str, Any]) -> int | None:
        count = check.get("expected_match_count")
        if count is None and check.get("expected_match_count_ref"):
            count = self._value_of_reference(check["expected_match_count_ref"])
        if isinstance(count, list):
            return len(count)
        return count if isinstance(count, int) and not isinstance(count, bool) else None

    def _list_loop_items(self, reference: str) -> list[Any]:
        value = self._value_of_reference(reference)
        return value if isinstance(value, list) else []

    def _value_of_reference(self, reference: str) -> Any:
        """Return the value of the variable that a field names."""
        found = TOKEN.fullmatch(reference)
        if found is not None and found["runtime"]:
            return at_path(self._values, path_parts(found["runtime"]))
        return at_path(self._inputs, path_parts(reference.strip("{}")))

    def _text(self, text: str, item: Any = None) -> str:
        """Return a text with inputs, runtime values and a list entry inserted."""
        values = {**self._values, ITEM: item}

        def put(path: tuple[str | int, ...], written: str) -> str:
            value = at_path(values, path)
            return EMPTY if value == "" else spell_platform_value(value)

        return fill_in_variables(fill_in_inputs(text, self._inputs, self._names), put)


def _find_kept_files(events: Sequence[Event]) -> Iterator[str]:
    """Yield the names of the kept files, without folders (`D:/concepts/post-run-checks`)."""
    for event in events:
        if event.verb in (CAPTURE, EXPORT):
            yield _base_name(event.texts[0])


def _base_name(path: str) -> str:
    *_, last = re.split(r"[\\/]", path.strip())
    return last.strip() or "file"
