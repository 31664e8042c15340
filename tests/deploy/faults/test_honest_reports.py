"""What a deploy reports is what the service saw.

Nothing done is called failed, and nothing failed is called done.
"""

from __future__ import annotations

import pytest

from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.emulator.faults import Fault, FaultKind
from tests.deploy.deploy_world import bundle, flow, image_prompt
from tests.deploy.fault_world import MODEL, FaultWorld
from tests.deploy.invariants import check_invariants, checked, deploy_clean
from tests.deploy.kill_switch import Point
from tests.deploy.matrix_world import PICTURE

CREATE = "POST /v1/workflows"
UPDATE = "PATCH /v1/workflows/{id}"
READ = "GET /v1/workflows/{id}"
TAG = "POST /v1/workflows/{id}/tags"


def only(outcome: Outcome) -> tuple[str, str]:
    """The outcome and the reason of the one workflow that is in the results."""
    (result,) = [each for each in outcome.results if each.address.startswith("workflow.")]
    return result.outcome, result.reason


def test_an_update_without_a_reply_is_looked_up(faulty: FaultWorld) -> None:
    deploy_clean(faulty, bundle(flow("a", "One.")))
    project = bundle(flow("a", "Two."))

    outcome = checked(faulty, faulty.deploy(project, Fault(UPDATE, None, "after")))

    assert outcome.status is Status.DONE
    check_invariants(faulty, project)


@pytest.mark.parametrize("kind", ["before", "after"])
def test_an_update_that_cannot_be_looked_up_is_unknown(faulty: FaultWorld, kind: str) -> None:
    """It is read by the refresh and before the change; every later read fails."""
    deploy_clean(faulty, bundle(flow("a", "One.")))
    project = bundle(flow("a", "Two."))

    lost = Fault(UPDATE, None, kind)  # type: ignore[arg-type]
    outcome = checked(
        faulty, faulty.deploy(project, lost, *(Fault(READ, n, "html_502") for n in range(3, 30)))
    )

    assert outcome.status is Status.UNKNOWN and only(outcome) == ("unknown", "")
    assert len(faulty.state().pending) == 1
    deploy_clean(faulty, project)
    check_invariants(faulty, project)


def test_a_change_that_cannot_be_read_again_is_not_called_nothing(faulty: FaultWorld) -> None:
    """The service answered the change and failed afterwards: that is not "nothing was written"."""
    deploy_clean(faulty, bundle(flow("a", "One.")))
    project = bundle(flow("a", "Two."))

    outcome = checked(faulty, faulty.deploy(project, Fault(READ, 3, "before")))

    assert outcome.status is Status.PARTIAL and only(outcome) == ("failed", "incomplete")
    deploy_clean(faulty, project)
    check_invariants(faulty, project)


@pytest.mark.parametrize("status", [401, 403, 422, 503])
def test_a_workflow_without_its_tags_is_incomplete(faulty: FaultWorld, status: int) -> None:
    project = bundle(flow("a", tags=["t"]))

    outcome = checked(faulty, faulty.deploy(project, Fault(TAG, None, "status", status=status)))

    assert only(outcome) == ("failed", "incomplete")
    assert outcome.status is (Status.ACCESS if status in (401, 403) else Status.PARTIAL)
    deploy_clean(faulty, project)
    check_invariants(faulty, project)


def test_tags_whose_reply_was_lost_are_looked_up(faulty: FaultWorld) -> None:
    deploy_clean(faulty, bundle(flow("a", tags=["t"])))
    project = bundle(flow("a", tags=["u"]), flow("b", tags=["u"]))

    outcome = checked(
        faulty, faulty.deploy(project, Fault("* /v1/workflows/{id}/tags*", None, "after"))
    )

    assert outcome.status is Status.DONE
    check_invariants(faulty, project)


def test_a_tag_that_was_not_taken_off_is_still_ours(faulty: FaultWorld) -> None:
    deploy_clean(faulty, bundle(flow("a", tags=["t"])))
    project = bundle(flow("a"))

    lost = Fault("DELETE /v1/workflows/{id}/tags/{id}", None, "before")
    outcome = checked(faulty, faulty.deploy(project, lost))

    assert outcome.status is Status.UNKNOWN and only(outcome) == ("unknown", "")
    deploy_clean(faulty, project)
    check_invariants(faulty, project)


def test_half_of_a_change_of_tags_is_incomplete(faulty: FaultWorld) -> None:
    """The old tag is off, and the new one is refused."""
    deploy_clean(faulty, bundle(flow("a", tags=["t"])))
    project = bundle(flow("a", tags=["u"]))

    outcome = checked(faulty, faulty.deploy(project, Fault(TAG, None, "status", status=422)))

    assert only(outcome) == ("failed", "incomplete")
    deploy_clean(faulty, project)
    check_invariants(faulty, project)


def test_what_recovery_sent_is_not_called_nothing(faulty: FaultWorld) -> None:
    """The creation is sent again, and then the service fails."""
    project = bundle(flow("a"))
    faulty.crash(project, Point("api", 2, "before"))
    assert [intent.address for intent in faulty.state().pending] == ["workflow.a"]

    outcome = checked(faulty, faulty.deploy(project, Fault(READ, 1, "before")))

    assert outcome.status is Status.PARTIAL
    deploy_clean(faulty, project)
    check_invariants(faulty, project)


def test_a_creation_that_is_refused_when_it_is_sent_again_does_not_block_the_others(
    faulty: FaultWorld,
) -> None:
    """After it was looked for in vain, the service's refusal says that there is none."""
    faulty.crash(bundle(flow("a")), Point("api", 2, "before"))
    project = bundle(flow("a"), flow("b"))

    refused = Fault(CREATE, None, "status", status=422)
    outcome = checked(faulty, faulty.deploy(project, refused, concurrency=1))

    assert outcome.status is Status.PARTIAL
    assert faulty.state().pending == ()
    deploy_clean(faulty, project)
    check_invariants(faulty, project)


@pytest.mark.parametrize("idempotency", ["ignore", "expire"])
def test_a_creation_on_its_way_is_waited_for_however_old_its_intent_is(
    faulty: FaultWorld, idempotency: str
) -> None:
    """The intents of a long deploy are older than a creation that is sent at its end."""
    faulty.behave(idempotency)
    faulty.request_seconds = 6.0
    project = bundle(*(flow(f"w{n}") for n in range(6)))
    counted = faulty.copy_to_new()
    checked(counted, counted.deploy(project, concurrency=1))
    posts = [n for n, each in enumerate(counted.attempts, 1) if each.method == "POST"]

    faulty.crash(project, Point("api", posts[-1], "late"), concurrency=1)
    faulty.request_seconds = 0.1
    deploy_clean(faulty, project)
    faulty.wait(60)

    check_invariants(faulty, project)


def test_a_slow_creation_without_a_reply_is_waited_for_however_old_its_intent_is(
    faulty: FaultWorld,
) -> None:
    """A proxy gave up on the request, and the service goes on with it."""
    faulty.behave("ignore")
    faulty.request_seconds = 6.0
    project = bundle(*(flow(f"w{n}") for n in range(6)))
    faulty.gives_up_on = ("POST", 6)

    checked(faulty, faulty.deploy(project, concurrency=1))
    faulty.wait(60)

    assert len(faulty.workflows()) == 6
    deploy_clean(faulty, project)
    check_invariants(faulty, project)


@pytest.mark.parametrize("max_retries", [0, 3])
@pytest.mark.parametrize("idempotency", ["honour", "ignore"])
def test_a_model_whose_reply_is_lost_is_made_once(
    faulty: FaultWorld, idempotency: str, max_retries: int
) -> None:
    faulty.behave(idempotency)
    faulty.retarget(declared={"model": MODEL})
    project = bundle(flow("a"))

    lost = Fault("POST /v1/model-configurations", 1, "after")
    checked(faulty, faulty.deploy(project, lost, max_retries=max_retries))

    deploy_clean(faulty, project)
    check_invariants(faulty, project)


@pytest.mark.parametrize(
    "path", ["/v1/workflow-tags", "/v1/workflow-tag-groups", "/v1/workflows/prompt-image"]
)
@pytest.mark.parametrize("fault", ["after", "before", "html_502"])
def test_what_workflows_refer_to_is_not_sent_again_before_it_was_looked_for(
    faulty: FaultWorld, path: str, fault: FaultKind
) -> None:
    """The service ignores keys, so that a second request would make a second one."""
    faulty.behave("ignore")
    faulty.retarget(declared={"tag_group": {"g": {}}, "tag": {"t": {"group": "g"}}})
    project = bundle(flow("a", image_prompt(PICTURE), images=(PICTURE.sha256,)), images=[PICTURE])

    lost = Fault(f"POST {path}", 1, fault)
    outcome = checked(faulty, faulty.deploy(project, lost, max_retries=3))

    sent = [each for each in faulty.attempts if (each.method, each.path) == ("POST", path)]
    assert len(sent) == (1 if fault == "after" else 2)
    assert outcome.status is Status.DONE
    check_invariants(faulty, project)


def test_lists_that_lag_behind_are_waited_for(faulty: FaultWorld) -> None:
    """Tags, models and lost creations show in lists only ten seconds after they were made."""
    faulty.behave("ignore", listing_lag=10.0)
    faulty.retarget(declared={"model": MODEL})
    project = bundle(flow("a", tags=["t"]), flow("b"))

    outcome = checked(faulty, faulty.deploy(project, Fault(CREATE, 1, "after")))

    assert outcome.status is Status.DONE
    faulty.wait(60)
    check_invariants(faulty, project)
