"""Behaviour followed where the contract leaves the service's behaviour open.

The one list of it: code that follows an entry names the entry's key, documentation prints the
table, and a test runs every entry. When a live call settles a question, the entry goes or its
statement changes together with that code and that test.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumption:
    """`source` is `I` (inferred) or the number of an open question of the platform notes;
    `where` is the object below `flowdsl.emulator` that follows it."""

    key: str
    statement: str
    source: str
    where: str


ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        "no-op-patch-makes-version",
        "A PATCH that changes nothing, `{}` included, makes a version and moves `updated_at`.",
        "Q15",
        "records.workflows.update_workflow",
    ),
    Assumption(
        "version-content",
        "A version holds name, prompt, both schemas, allowlist, checks and the `updated_at` of "
        "that state; versions are listed oldest first and none is ever dropped.",
        "Q15",
        "records.workflows.workflow_versions_of",
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
        "records.workflows.get_workflow",
    ),
    Assumption(
        "model-metadata-replaces",
        "A partial `model_metadata` replaces the whole object; absent keys become null.",
        "I",
        "records.workflows.update_workflow",
    ),
    Assumption(
        "null-boolean",
        "Null for a boolean in an update leaves its value.",
        "I",
        "records.changes.sent_changes",
    ),
    Assumption(
        "null-checks",
        "Null for `post_run_checks` in an update leaves the checks.",
        "I",
        "records.workflows.update_workflow",
    ),
    Assumption(
        "check-fields-replace",
        "Fields absent from a check item with an `id` return to their default.",
        "I",
        "records.checks.reconcile_checks",
    ),
    Assumption(
        "foreign-check-id",
        "A check `id` the workflow does not have refuses the whole write with 422.",
        "I",
        "records.checks.reconcile_checks",
    ),
    Assumption(
        "check-rules-unenforced",
        "Which fields go with which check type is not checked, nor whether a model id exists.",
        "Q8",
        "records.checks.reconcile_checks",
    ),
    Assumption(
        "schemas-unparsed",
        "`input_schema` and `output_schema` are stored as sent, whatever the text.",
        "Q14",
        "records.workflows.create_workflow",
    ),
    Assumption(
        "names-not-unique",
        "Workflows and model configurations may share a name.",
        "Q16",
        "records.workflows.create_workflow",
    ),
    Assumption(
        "copy-prefix",
        "`duplicate` puts `(Copy) ` before the name.",
        "Q16",
        "records.workflows.COPY_PREFIX",
    ),
    Assumption(
        "merge-deletes-at-once",
        "`merge` deletes the source before it answers, and gives the target's checks new ids.",
        "I",
        "records.workflows.merge_workflow",
    ),
    Assumption(
        "input-variables-derived",
        "`includes_input_variables` is true when the prompt holds `{name}` that is neither "
        "escaped, `{{name}}` nor `{$name}`.",
        "I",
        "records.workflows.workflow_replies",
    ),
    Assumption(
        "tagging-keeps-updated-at",
        "Adding or removing a tag makes no version and leaves `updated_at`.",
        "I",
        "records.tags.add_tags",
    ),
    Assumption(
        "same-group-last-wins",
        "Of several tags of one group added at once the last stays.",
        "I",
        "records.tags.add_tags",
    ),
    Assumption(
        "absent-tag-404",
        "Removing a tag the workflow does not have is a 404.",
        "I",
        "records.tags.remove_tag",
    ),
    Assumption(
        "regroup-keeps-tags",
        "Moving a tag into a group takes no tag off any workflow.",
        "I",
        "records.tags.update_tag",
    ),
    Assumption(
        "partial-reorder",
        "Rows a reorder does not name follow the named ones in their old order.",
        "I",
        "records.ordering.reorder",
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
        "records.prompt_images.insert_image",
    ),
    Assumption(
        "image-type-by-content",
        "An image's type is read from its first bytes, not from the declared media type; another "
        "type or more than 10 MB is a 422.",
        "I",
        "records.prompt_images.image_type",
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
        "idempotency.stored_reply",
    ),
    Assumption(
        "idempotency-keeps-successes",
        "Keys never expire; a refused request leaves its key free.",
        "Q13",
        "routing.StoreRoute",
    ),
)
