"""Behaviour followed where the contract leaves the service's behaviour open.

The one list of it: code that follows an entry names the entry's key, documentation prints the
table, and a test runs every entry. When a live call answers a question, the entry goes or its
statement changes together with that code and that test.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumption:
    """One behaviour that the contract leaves open.

    `source` is `I` (inferred) or the number of an open question of the platform notes. `where` is
    the object below `flowdsl.emulator` that follows it.
    """

    key: str
    statement: str
    source: str
    where: str


ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        "no-op-patch-makes-version",
        "A PATCH that changes nothing, `{}` included, makes a version and moves `updated_at`.",
        "Q15",
        "resources.workflows.update_workflow",
    ),
    Assumption(
        "version-content",
        "A version holds name, prompt, both schemas, allowlist, checks and the `updated_at` of "
        "that state; versions are listed oldest first and none is ever dropped.",
        "Q15",
        "resources.workflows.workflow_versions_of",
    ),
    Assumption(
        "list-without-history",
        "`old_versions` is null on the items of a list, as are `tags` and `post_run_checks` "
        "unless asked for.",
        "I",
        "routes.workflows.list_workflows",
    ),
    Assumption(
        "write-replies-complete",
        "Replies to writes of a workflow carry its tags and checks.",
        "I",
        "resources.workflows.get_workflow",
    ),
    Assumption(
        "model-metadata-replaces",
        "A partial `model_metadata` replaces the whole object; absent keys become null.",
        "I",
        "resources.workflows.update_workflow",
    ),
    Assumption(
        "null-boolean",
        "Null for a boolean in an update leaves its value.",
        "I",
        "resources.changes.sent_changes",
    ),
    Assumption(
        "null-checks",
        "Null for `post_run_checks` in an update leaves the checks.",
        "I",
        "resources.workflows.update_workflow",
    ),
    Assumption(
        "check-fields-replace",
        "Fields absent from a check item with an `id` return to their default.",
        "I",
        "resources.checks.reconcile_checks",
    ),
    Assumption(
        "foreign-check-id",
        "A check `id` the workflow does not have refuses the whole write with 422.",
        "I",
        "resources.checks.reconcile_checks",
    ),
    Assumption(
        "unusable-models",
        "A model that a workflow or a run names has to exist, not to be archived and to be a "
        "computer-use model, but for that of cache detection; anything else is a 422.",
        "I",
        "resources.model_configurations.refuse_unusable_models",
    ),
    Assumption(
        "input-schema-json",
        "An `input_schema` that is no JSON refuses the write of a workflow with 422.",
        "I",
        "resources.workflows.create_workflow",
    ),
    Assumption(
        "check-rules-unenforced",
        "Which fields go with which check type is not checked, nor whether its model exists.",
        "Q8",
        "resources.checks.reconcile_checks",
    ),
    Assumption(
        "schemas-unparsed",
        "`output_schema` is stored as sent, whatever the text, and `input_schema` whatever JSON.",
        "Q14",
        "resources.workflows.create_workflow",
    ),
    Assumption(
        "names-not-unique",
        "Workflows, model configurations and pools may share a name, and machines a fingerprint.",
        "Q16",
        "resources.workflows.create_workflow",
    ),
    Assumption(
        "copy-prefix",
        "`duplicate` puts `(Copy) ` before the name.",
        "Q16",
        "resources.workflows.COPY_PREFIX",
    ),
    Assumption(
        "merge-deletes-at-once",
        "`merge` deletes the source before it answers, and gives the target's checks new ids.",
        "I",
        "resources.workflows.merge_workflow",
    ),
    Assumption(
        "input-variables-derived",
        "`includes_input_variables` is true when the prompt holds `{name}` that is neither "
        "escaped, `{{name}}` nor `{$name}`.",
        "I",
        "resources.workflows.workflow_replies",
    ),
    Assumption(
        "tagging-keeps-updated-at",
        "Adding or removing a tag makes no version and leaves `updated_at`.",
        "I",
        "resources.tags.add_tags",
    ),
    Assumption(
        "same-group-last-wins",
        "Of several tags of one group added at once the last stays.",
        "I",
        "resources.tags.add_tags",
    ),
    Assumption(
        "absent-tag-404",
        "Removing a tag the workflow does not have is a 404.",
        "I",
        "resources.tags.remove_tag",
    ),
    Assumption(
        "regroup-keeps-tags",
        "Moving a tag into a group takes no tag off any workflow.",
        "I",
        "resources.tags.update_tag",
    ),
    Assumption(
        "partial-reorder",
        "Rows a reorder does not name follow the named ones in their old order.",
        "I",
        "resources.tag_groups.reorder",
    ),
    Assumption(
        "rule-refusal-400",
        "A taken tag or group name, assigning an archived tag, merging into itself and changing a "
        "system default answer 400 with a text `detail`.",
        "I",
        "errors.refused",
    ),
    Assumption(
        "image-name-taken",
        "An image whose name is taken is stored under a numbered name; nothing is overwritten.",
        "Q3",
        "resources.prompt_images.insert_image",
    ),
    Assumption(
        "image-type-by-content",
        "An image's type is read from its first bytes, not from the declared media type; another "
        "type or more than 10 MB is a 422.",
        "I",
        "resources.prompt_images.image_type",
    ),
    Assumption(
        "unknown-keys-ignored",
        "Unknown request keys are dropped, unless the emulator is strict.",
        "I",
        "wire.values.RequestModel",
    ),
    Assumption(
        "page-limits",
        "`limit` of the workflow list is 1 to 1000, as documented for runs.",
        "I",
        "routes.workflows.list_workflows",
    ),
    Assumption(
        "idempotency-first-reply-wins",
        "A known key gives the first reply, whatever the route and the body.",
        "Q13",
        "routing.stored_reply",
    ),
    Assumption(
        "idempotency-keeps-successes",
        "Keys never expire; a refused request leaves its key free.",
        "Q13",
        "routing.StoreRoute",
    ),
    Assumption(
        "parameters-replace",
        "A parameter object in an update replaces the whole object.",
        "Q11",
        "resources.machines.update_machine",
    ),
    Assumption(
        "null-parameters",
        "Null for parameters in an update leaves them; `{}` clears them.",
        "I",
        "resources.machines.update_machine",
    ),
    Assumption(
        "null-never-null",
        "Null in an update for a status, a time or trajectory steps, which replies always carry, "
        "leaves the value.",
        "I",
        "resources.connections.update_connection",
    ),
    Assumption(
        "machine-starts-connected",
        "A machine made by POST is connected and available, though no desktop has joined.",
        "I",
        "resources.machines.create_machine",
    ),
    Assumption(
        "first-machine",
        "An organisation without machines gets a connected one when a run needs one; it joins the "
        "pools the run names.",
        "I",
        "resources.machines.free_machine",
    ),
    Assumption(
        "reserved-unavailable",
        "A reserved machine is shown as not available.",
        "I",
        "resources.machines.machine_replies",
    ),
    Assumption(
        "unavailable-waits",
        "A run of a machine that is not connected or not available waits until it is both.",
        "I",
        "runs.schedule.reschedule",
    ),
    Assumption(
        "machine-pools-filled",
        "`pools` of a machine is filled in every reply, `include` or not.",
        "I",
        "resources.machines.machine_replies",
    ),
    Assumption(
        "machines-oldest-first",
        "Machines and pools are listed oldest first, connections newest first.",
        "I",
        "resources.machines.find_machines",
    ),
    Assumption(
        "pool-precedence",
        "Where several selected pools have a parameter of one name, the pool named first wins.",
        "Q10",
        "resources.machines.parameters_of",
    ),
    Assumption(
        "blank-parameters",
        "A machine's or pool's parameter that is null or the empty text counts as absent.",
        "I",
        "resources.machines.parameters_of",
    ),
    Assumption(
        "absent-member-ignored",
        "Removing a machine from a pool it is not in changes nothing.",
        "I",
        "resources.pool_membership.remove_machines",
    ),
    Assumption(
        "membership-keeps-updated-at",
        "Machines that join or leave a pool leave its `updated_at`.",
        "I",
        "resources.pool_membership.add_machines",
    ),
    Assumption(
        "connections-apart",
        "Connections and the status of their machine do not change each other.",
        "I",
        "resources.connections.create_connection",
    ),
    Assumption(
        "health-by-status",
        "Connected machines answer a probe, machines of status `error` fail it, and disconnected "
        "ones are not asked.",
        "I",
        "resources.machines.check_machines",
    ),
    Assumption(
        "unknown-include",
        "Unknown names in `include` mean nothing.",
        "I",
        "resources.included.include_names",
    ),
    Assumption(
        "newest-trajectory-first",
        "Trajectories are listed newest `updated_at` first.",
        "I",
        "runs.trajectories.find_trajectories",
    ),
    Assumption(
        "latest-of-all",
        "The latest trajectory of a workflow may be unapproved or not generated; a workflow "
        "without any answers 404.",
        "I",
        "runs.trajectories.latest_trajectory",
    ),
    Assumption(
        "one-main",
        "Making a trajectory main takes the mark off the workflow's other one, whose `updated_at` "
        "stays.",
        "I",
        "runs.trajectories.update_trajectory",
    ),
    Assumption(
        "trajectory-copy",
        "A copy of a trajectory keeps its run, inputs and `is_generated`, is not main, and ` "
        "(Copy)` follows the name.",
        "I",
        "runs.trajectories.duplicate_trajectory",
    ),
    Assumption(
        "copied-trajectories",
        "Trajectories copied with a workflow keep their approval, are not main and name no run; "
        "addresses of images inside them stay.",
        "I",
        "resources.workflows.copy_trajectories",
    ),
    Assumption(
        "usage-by-end",
        "A run counts in the period it ended in; a period that ends before it begins is empty.",
        "I",
        "runs.usage.get_usage_aggregate",
    ),
    Assumption(
        "rate-limit-window",
        "A rate limit counts all `/v1` requests of one key in fixed windows that begin with its "
        "first request, refused ones too; `X-RateLimit-Reset` and `Retry-After` are the whole "
        "seconds until the window ends.",
        "I",
        "middleware.rate_limit.RateLimiter",
    ),
    Assumption(
        "webhooks-from-now",
        "A webhook hears of runs that end after it was configured; what counts is whether the "
        "workflow has webhooks when the end is noticed.",
        "I",
        "runs.webhook_deliveries.collect_events",
    ),
    Assumption(
        "webhook-payload",
        "`run` of a webhook is what reading the run by id gives at its end; `occurred_at` is the "
        "end.",
        "I",
        "runs.webhook_deliveries.collect_events",
    ),
    Assumption(
        "webhook-attempts",
        "A webhook that does not answer 2xx is sent four times in all, with the same `svix-id`.",
        "I",
        "webhooks.RETRY_AFTER_MS",
    ),
    Assumption(
        "run-times",
        "A run waits 0.2 s for its machine, works 0.8 s, and its checks take 0.3 s.",
        "I",
        "runs.schedule.SCHEDULING_MS",
    ),
    Assumption(
        "course-decided-early",
        "How a run goes is decided when it is made, from the workflow as it stands then.",
        "Q19",
        "runs.run_plans.decide_run_plan",
    ),
    Assumption(
        "soonest-machine",
        "A run gets the machine of all its pools that is free first, the oldest of several; a"
        " named machine is waited for.",
        "I",
        "runs.schedule.place_run",
    ),
    Assumption(
        "checks-off-machine",
        "A run outside a session gives its machine back before its checks.",
        "I",
        "runs.schedule.reschedule",
    ),
    Assumption(
        "session-id-first-run",
        "A new session, of a chain too, has the id of its first run; an unknown session is a 404.",
        "I",
        "runs.requests.session_target",
    ),
    Assumption(
        "input-422",
        "Each place that `input_schema` refuses is one entry of a 422's `detail`: `loc` leads"
        " to it through the body, `type` is `input_schema.` and the keyword.",
        "Q14",
        "runs.requests.refuse_inputs",
    ),
    Assumption(
        "formats-enforced",
        "`input_schema` enforces the formats date, date-time, time, email and uri, an offset "
        "of times being optional; other formats mean nothing.",
        "Q14",
        "simulation.schemas.FORMATS",
    ),
    Assumption(
        "secret-values-unread",
        "A secret counts as present under `$name`; what the schema says of its value is not "
        "applied.",
        "I",
        "simulation.schemas.input_problems",
    ),
    Assumption(
        "defaults-not-filled",
        "A `default` in `input_schema` fills nothing in.",
        "I",
        "simulation.variables.resolve_inputs",
    ),
    Assumption(
        "unset-variable-empty",
        "Inputs that no schema declares are accepted, and a variable without a value is "
        "`__EMPTY__`.",
        "Q20",
        "simulation.variables.value_at",
    ),
    Assumption(
        "unreadable-schema-open",
        "A schema that is neither JSON Schema nor the short notation refuses no input and "
        "gives no output.",
        "Q14",
        "simulation.schemas.read_schema",
    ),
    Assumption(
        "output-needs-schema",
        "Without an output schema, and unless the run gets to its checks, `output_data` is null.",
        "Q6",
        "simulation.run_plan.play",
    ),
    Assumption(
        "failed-check-error",
        "A check that does not succeed ends the run as `error`, its outputs kept.",
        "Q8",
        "simulation.run_plan.play",
    ),
    Assumption(
        "check-regex-search",
        "The regex of a check may match anywhere in a name; without a count one match is enough.",
        "Q8",
        "simulation.checks.evaluate",
    ),
    Assumption(
        "check-variables",
        "File names, templates and references of a check may hold variables.",
        "Q8",
        "simulation.checks.evaluate",
    ),
    Assumption(
        "loop-shown-once",
        "The history shows one round of a loop, unless the prompt is FlowDSL's own; files are "
        "attached for every round.",
        "Q5",
        "simulation.history.History",
    ),
    Assumption(
        "references-as-sent",
        "`input_values` shows a reference as it was sent; a path that leads nowhere gives "
        "`__EMPTY__`.",
        "I",
        "simulation.references.resolved",
    ),
    Assumption(
        "reference-422",
        "A reference to no earlier alias, to no field of its outputs or of another type is a "
        "422 of type `ref_alias`, `ref_path` or `ref_type`.",
        "Q14",
        "runs.chains.create_chain",
    ),
    Assumption(
        "shared-files-everywhere",
        "`shared_file_inputs` of a chain go to every run of it.",
        "I",
        "runs.chains.create_chain",
    ),
    Assumption(
        "bulk-inputs-refused",
        "Inputs that the schema refuses refuse a bulk request as a whole.",
        "I",
        "runs.requests.create_runs",
    ),
    Assumption(
        "cancel-by-status",
        "`status: cancelled` by PATCH ends a live run; a run that has ended keeps its status,"
        " and another one is a 400.",
        "I",
        "runs.changes.update_run",
    ),
    Assumption(
        "worker-takes-over",
        "A PATCH of anything but `release_session_after` leaves the run where it is: nothing "
        "happens by itself any more.",
        "I",
        "runs.changes.update_run",
    ),
    Assumption(
        "retry-keeps",
        "A retry keeps what it does not name, the names of secrets included; 400 while the "
        "run is live.",
        "I",
        "runs.changes.retry_run",
    ),
    Assumption(
        "activity-order",
        "`activity` lists the run first that was queued, started, checked or ended last.",
        "I",
        "runs.rows.find_runs",
    ),
    Assumption(
        "unasked-fields-null",
        "Fields a list is not asked for are null.",
        "I",
        "runs.rows.find_runs",
    ),
    Assumption(
        "generate-marks",
        "Generating a trajectory marks the run's newest one and leaves its `updated_at`; a run "
        "that has not succeeded answers 400, one without a trajectory 404.",
        "I",
        "runs.results.generate_trajectory",
    ),
    Assumption(
        "recorded-success",
        "A run that succeeds has its trajectory at its end, not generated; one that replayed an "
        "approved trajectory, did not succeed or was taken over by a worker records none.",
        "I",
        "runs.run_plans.run_plan_of",
    ),
    Assumption(
        "credential-needs",
        "A slot needs `api_key`, `google` a `service_account_json` with a project and an address, "
        "`aws_bedrock` a mode, a region and the secret of that mode; keys of other slots mean "
        "nothing.",
        "I",
        "resources.provider_credentials.upsert_provider_credential",
    ),
    Assumption(
        "credential-unasked",
        "A stored credential is active, works whenever it is tried, and decides nothing about "
        "runs; without one, trying and deleting it are a 404.",
        "I",
        "resources.provider_credentials.validate_provider_credential",
    ),
    Assumption(
        "unpriced-models",
        "The costs of an ended run name a row for the main agent and one for cache detection, by "
        "the steps of the usage; tokens are a fixed number a call, and no model has a price.",
        "I",
        "runs.llm_costs.costs_of_run",
    ),
    Assumption(
        "expired-attachment",
        "An expired attachment is listed, and its content is not found.",
        "I",
        "runs.attachments.unexpired_row",
    ),
)
