from __future__ import annotations

from tests.emulator.emulator_desk import UNKNOWN_ID
from tests.emulator.runs.run_desk import INPUTS, RunDesk, run_desk


def listed(desk: RunDesk, query: str = "") -> list[str]:
    return [item["run_id"] for item in desk.ok("GET", f"/v1/usage/llm-costs?{query}")["items"]]


def test_costs_are_listed_for_ended_runs_whose_models_were_called_newest_first() -> None:
    with run_desk() as desk:
        workflow = desk.claims()
        first = desk.ended(workflow)
        second = desk.ended(workflow)
        idle = desk.run(workflow, input_values=INPUTS)
        desk.change(idle, status="cancelled")
        desk.run(workflow, input_values=INPUTS)
        assert listed(desk) == [second["id"], first["id"]]
        assert listed(desk, f"from_date={second['created_at']}") == [second["id"]]
        assert listed(desk, f"to_date={second['created_at']}") == [first["id"]]
        assert listed(desk, "skip=1&limit=1") == [first["id"]]
        page = desk.ok("GET", "/v1/usage/llm-costs?limit=1")
        assert (page["total"], page["limit"]) == (2, 1)
        (item,) = page["items"]
        costs = desk.ok("GET", f"/v1/runs/{second['id']}/llm-costs")
        for name in ("run_id", "has_unpriced", "total_cost_usd"):
            assert item[name] == costs[name]
        assert desk.ok("GET", f"/v1/runs/{idle['id']}/llm-costs") == {
            "run_id": idle["id"],
            "has_unpriced": False,
            "rows": [],
            "total_cost_usd": 0.0,
        }
        desk.ok("GET", f"/v1/runs/{UNKNOWN_ID}/llm-costs", 404)
        desk.ok("GET", "/v1/usage/llm-costs?limit=0", 422)


def test_a_row_names_the_model_that_was_asked_and_whose_key_it_was() -> None:
    with run_desk() as desk:
        body = {"name": "Ledger", "provider": "openai", "model": "m-1"}
        body["is_computer_use_model"] = True
        model = desk.ok("POST", "/v1/model-configurations", 201, json=body)
        workflow = desk.claims(model_metadata={"main_agent_model_id": model["id"]})
        run = desk.ended(workflow)
        path = f"/v1/runs/{run['id']}/llm-costs"

        def asked() -> tuple[str, str, str]:
            (row,) = desk.ok("GET", path)["rows"]
            return row["billing_platform"], row["model"], row["source"]

        assert asked() == ("openai", "m-1", "cyberdesk")
        desk.ok("PUT", "/v1/provider-credentials/openai", json={"api_key": "sk-1"})
        assert asked() == ("openai", "m-1", "organization")
        desk.ok("DELETE", f"/v1/model-configurations/{model['id']}", 204)
        assert asked() == ("anthropic", "emulated-computer-use", "cyberdesk")
        (row,) = desk.ok("GET", path)["rows"]
        kinds = ("uncached_input_tokens", "cache_read_tokens")
        assert row["input_tokens"] == sum(row[kind] for kind in kinds)
