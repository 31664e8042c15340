from __future__ import annotations

from flowdsl.cyberdesk.models.model_configuration import ModelConfiguration
from flowdsl.deploy.planning.models import MAIN_AGENT, ModelResolver
from flowdsl.deploy.target import DeployTarget
from tests.support.rows import in_rows


def model(identifier: str, name: str, **fields: bool) -> ModelConfiguration:
    return ModelConfiguration.model_validate(
        {
            "id": identifier,
            "name": name,
            "provider": "p",
            "model": "m",
            "is_computer_use_model": True,
            "is_archived": False,
            "is_system_default": False,
            **fields,
        }
    )


MODELS = [
    model("1", "Twin"),
    model("2", "Twin"),
    model("3", "Old", is_archived=True),
    model("4", "Old but back", is_archived=True),
    model("5", "Old but back"),
    model("6", "Reader", is_computer_use_model=False),
    model("7", "Default", is_system_default=True),
]


def resolver(*, local: bool = False, **models: str) -> ModelResolver:
    return ModelResolver(DeployTarget("p", "prod", "x", local=local, models=models), MODELS)


def test_a_name_that_one_usable_model_has_is_its_id() -> None:
    found = resolver(a="Old but back")
    assert found.id_of("a", MAIN_AGENT) == "5"
    assert found.name_of("a") == "Old but back"
    assert not found.problems


@in_rows(
    ("name", "words"),
    [
        ("Twin", ["`Twin`", "1, 2"]),
        ("Old", ["`Old`", "archived"]),
        ("Nobody", ["`Nobody`", "`Reader`"]),
        ("Reader", ["`Reader`", "computer use", "`Default`"]),
    ],
)
def test_what_cannot_be_a_main_agent_is_a_problem(name: str, words: list[str]) -> None:
    found = resolver(a=name)
    found.id_of("a", MAIN_AGENT)
    (problem,) = found.problems
    assert all(word in problem for word in words)


def test_a_reader_may_do_everything_but_lead() -> None:
    found = resolver(a="Reader")
    assert found.id_of("a", "cache_detection_model_id") == "6"
    assert not found.problems


def test_an_unmapped_alias_is_a_problem_except_in_local() -> None:
    away, local = resolver(), resolver(local=True)
    away.id_of("a", MAIN_AGENT)
    assert "[env.prod.models]" in next(iter(away.problems))
    assert local.id_of("a", MAIN_AGENT) == "7"
    assert not local.problems and "`Default`" in next(iter(local.notes))


def test_each_problem_is_said_once() -> None:
    found = resolver()
    for _ in range(3):
        found.id_of("a", MAIN_AGENT)
    assert len(found.problems) == 1


def test_an_id_in_the_source_that_does_not_exist_is_told() -> None:
    found = resolver()
    found.check_id("5", MAIN_AGENT)
    assert not found.unknown
    found.check_id("99", MAIN_AGENT)
    assert "`99`" in found.unknown["99"] and not found.problems
