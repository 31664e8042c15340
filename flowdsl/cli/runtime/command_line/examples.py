"""Command lines that show what a command is for: the last lines of every `-h`."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("flowdsl init --example clinic clinic", "a project that deploys as it is"),
        ("flowdsl check", "every mistake in its flows"),
        ("flowdsl deploy --env local", "the flows, deployed to the local Cyberdesk"),
    ),
    "init": (
        ("flowdsl init", "a project in this folder, after three questions"),
        ("flowdsl init desk --name care-ops --ci github", "one in a new folder, with its pipeline"),
        ("flowdsl init clinic --example clinic --yes", "a copy of an example, without questions"),
    ),
    "new": (
        ("flowdsl new workflow invoice_entry", "a file with a workflow and its test"),
        ("flowdsl new task sign_in", "a file with a task, to be imported by workflows"),
        ("flowdsl new chain month_end", "a file with a chain of two workflows"),
    ),
    "new workflow": (
        ("flowdsl new workflow invoice_entry", "`invoice_entry.flow` among the flows"),
        ("flowdsl new workflow invoice_entry -o flows/finance", "the same in a folder of its own"),
    ),
    "new task": (
        ("flowdsl new task sign_in", "`sign_in.flow` among the flows"),
        ("flowdsl new task sign_in -o flows/lib", "the same in a folder for tasks"),
    ),
    "new chain": (
        ("flowdsl new chain month_end", "`month_end.flow` among the flows"),
        ("flowdsl new chain month_end -o flows/chains", "the same in a folder for chains"),
    ),
    "check": (
        ("flowdsl check", "every flow of the project"),
        ("flowdsl check flows/intake.flow --fix", "one file, with the safe fixes applied"),
        (
            "flowdsl check - --stdin-filename flows/intake.flow --format terse",
            "what an editor holds, a line for each finding",
        ),
    ),
    "fmt": (
        ("flowdsl fmt", "every flow below the project's folder"),
        ("flowdsl fmt --check --diff", "what would change, and exit code 1 if anything does"),
        ("flowdsl fmt - --stdin-filename flows/intake.flow", "what an editor holds"),
    ),
    "import": (
        ("flowdsl import --env prod --all", "every workflow of an environment, adopted"),
        ("flowdsl import --env prod --tag billing", "those with a tag"),
        ("flowdsl import workflow.json --as intake", "a saved workflow, read offline"),
    ),
    "convert": (
        ("flowdsl convert intake", "the statements, and how the prompt would differ"),
        ("flowdsl convert flows/intake.flow --write", "the same, written into the file"),
    ),
    "compile": (
        ("flowdsl compile -o build", "every workflow of the project"),
        ("flowdsl compile flows/intake.flow --env prod", "one file, with the values of `prod`"),
        ("flowdsl compile --stats", "and what its prompts cost: model calls and tokens"),
    ),
    "test": (
        ("flowdsl test", "every test of the project"),
        ("flowdsl test flows/intake.flow -k abort", "those of a file with `abort` in their title"),
        ("flowdsl test --explore intake", "the paths of a workflow, with tests for new ones"),
    ),
    "plan": (
        ("flowdsl plan --env prod", "what a deploy would change"),
        ("flowdsl plan --env prod -o plan.json", "the same, saved for `deploy --plan`"),
        (
            "flowdsl plan --env prod --summary-md plan.md --detailed-exitcode",
            "for a pull request: exit code 2 when there are changes",
        ),
    ),
    "deploy": (
        ("flowdsl deploy --env local --yes", "to the local Cyberdesk, without a question"),
        ("flowdsl deploy --env prod --only intake", "one workflow alone"),
        ("flowdsl deploy --plan plan.json --yes", "exactly what a saved plan says"),
    ),
    "run": (
        ("flowdsl run intake --input mrn=4471203 --watch", "one run, watched to its end"),
        ("flowdsl run intake --inputs patients.csv --pool front-desk", "a run for each row"),
        ("flowdsl run intake --secret pin=env:CLINIC_PIN --model careful", "by another model"),
    ),
    "runs": (
        ("flowdsl runs list --workflow intake --status error", "runs that failed"),
        ("flowdsl runs watch 3f2c", "a run, until it has ended"),
        ("flowdsl runs attachments 3f2c -o files", "what it has left"),
    ),
    "runs list": (
        ("flowdsl runs list --env prod --limit 20", "the newest"),
        ("flowdsl runs list --workflow intake --from 2026-11-01 --json", "those of a month"),
    ),
    "runs show": (
        ("flowdsl runs show 3f2c", "one run, by the first digits of its id"),
        ("flowdsl runs show 3f2c --json", "the same for a script"),
    ),
    "runs watch": (
        ("flowdsl runs watch 3f2c 9a41", "two runs, until both have ended"),
        ("flowdsl runs watch --workflow intake --junit runs.xml", "those of a workflow"),
    ),
    "runs retry": (
        ("flowdsl runs retry 3f2c", "the same run once more, after a question"),
        ("flowdsl runs retry 3f2c --input mrn=4471204 --watch", "with another input"),
        ("flowdsl runs retry 3f2c --start-session --alias login", "in a session of its own"),
    ),
    "runs delete": (
        ("flowdsl runs delete 3f2c", "one run that has ended, with its files, after a question"),
        ("flowdsl runs delete 3f2c 9a41 --yes", "two, without"),
    ),
    "runs trajectory": (
        ("flowdsl runs trajectory 3f2c", "its recording, which may be approved from now on"),
        ("flowdsl runs trajectory 3f2c --json", "the same for programs"),
    ),
    "runs cancel": (
        ("flowdsl runs cancel 3f2c", "one run, after a question"),
        ("flowdsl runs cancel 3f2c 9a41 --yes", "two, without"),
    ),
    "runs attachments": (
        ("flowdsl runs attachments 3f2c", "the files of a run"),
        ("flowdsl runs attachments 3f2c --type output -o files", "what it has left, stored"),
    ),
    "runs open": (
        ("flowdsl runs open 3f2c", "the page of a run in the dashboard"),
        ("flowdsl runs open 3f2c --env prod", "the same in another environment"),
    ),
    "runs verify-webhook": (
        (
            "flowdsl runs verify-webhook --secret env:KEY --header svix-id:msg_1",
            "the body on standard input; the other two headers likewise",
        ),
        (
            "flowdsl runs verify-webhook --secret file:secret.txt --any-time --json",
            "one from a log",
        ),
    ),
    "trace": (
        ("flowdsl trace 3f2c", "what a run did, over the lines of its flow"),
        ("flowdsl trace 3f2c --html trace.html", "the same as one page, with screenshots"),
        ("flowdsl trace 3f2c --json", "the same for a script"),
    ),
    "diff": (
        ("flowdsl diff", "every workflow"),
        ("flowdsl diff intake --unified", "one of them, its prompt line by line"),
    ),
    "pull": (
        ("flowdsl pull intake --diff", "what an edit of the dashboard changes in the flows"),
        ("flowdsl pull --all --yes", "all edits, written without a question"),
    ),
    "recover": (
        ("flowdsl recover --env prod", "all writes that are open"),
        ("flowdsl recover intake --absent", "one, of which a person knows that it never came"),
    ),
    "restore": (
        ("flowdsl restore intake", "the saved versions of a workflow"),
        ("flowdsl restore intake --version 3", "the way back to one of them"),
    ),
    "destroy": (
        ("flowdsl destroy --env staging", "every workflow of `staging`, after a question"),
        (
            "flowdsl destroy --env staging --yes --accept-guard deletes=12",
            "without one: exactly so many workflows, or none",
        ),
    ),
    "state": (
        ("flowdsl state show --env prod", "what is remembered of an environment"),
        ("flowdsl state list --env prod", "addresses, ids and names"),
    ),
    "state show": (
        ("flowdsl state show --env prod", "the whole"),
        ("flowdsl state show intake --json", "one workflow, for programs"),
    ),
    "state list": (
        ("flowdsl state list --env prod", "a line for each address"),
        ("flowdsl state list --json", "for programs"),
    ),
    "state probe": (
        ("flowdsl state probe", "of the only environment"),
        ("flowdsl state probe --env prod", "of `prod`, before its first deploy"),
    ),
    "state rebuild": (
        ("flowdsl state rebuild --env prod", "from the marks of the deployed workflows"),
        ("flowdsl state rebuild --env prod --ids ids.json", "from a list of `ids export` as well"),
    ),
    "state unprotect": (
        ("flowdsl state unprotect intake", "after a question"),
        ("flowdsl state unprotect intake --env prod --yes", "in `prod`, without one"),
    ),
    "state mv": (
        ("flowdsl state mv intake intake_form", "the workflow is called `intake_form` from now on"),
        ("flowdsl state mv intake intake_form --env prod --yes", "in `prod`, without a question"),
    ),
    "state migrate": (
        (
            "flowdsl state migrate --to s3://acme-flowdsl/care-ops/prod --env prod",
            "into a bucket",
        ),
        (
            "flowdsl state migrate --to git+ref://origin/refs/flowdsl/prod --env prod",
            "onto a ref of the repository",
        ),
    ),
    "unlock": (
        ("flowdsl unlock --lock-id 7b1c0a", "the lease that a waiting deploy names"),
        ("flowdsl unlock --lock-id 7b1c0a --env prod --yes", "in `prod`, without a question"),
    ),
    "ids": (
        ("flowdsl ids export --env prod", "a sorted list on standard output"),
        ("flowdsl ids export --env prod -o ids.json", "the same in a file"),
    ),
    "ids export": (
        ("flowdsl ids export --env prod", "on standard output"),
        ("flowdsl ids export --env prod -o ids.json", "in a file, for review"),
    ),
    "machines": (
        ("flowdsl machines list --status connected", "the machines that are there now"),
        ("flowdsl machines check --env prod", "what they lack for the flows that are deployed"),
    ),
    "machines list": (
        ("flowdsl machines list --pool reception", "those of a pool"),
        (
            "flowdsl machines list --search desk --json",
            "those with `desk` in their names, for programs",
        ),
    ),
    "machines show": (
        ("flowdsl machines show desk-1", "a machine with its parameters and pools"),
        ("flowdsl machines show desk-1 --json", "the same for programs"),
    ),
    "machines set": (
        ("flowdsl machines set desk-1 site=north floor:=3", "two parameters, the second a number"),
        (
            "flowdsl machines set desk-1 --secret password=env:DESK_PASSWORD",
            "a sensitive one, which stands in no command line",
        ),
        ("flowdsl machines set desk-1 --unset floor --name desk-2", "one less, and another name"),
    ),
    "machines set-pools": (
        ("flowdsl machines set-pools desk-1 reception night", "in these two and in no others"),
        ("flowdsl machines set-pools desk-1", "in no pool"),
    ),
    "machines clear-session": (
        ("flowdsl machines clear-session desk-1", "free again, after a question"),
        ("flowdsl machines clear-session desk-1 desk-2 --yes", "two, without"),
    ),
    "machines delete": (
        ("flowdsl machines delete desk-1", "out of the organisation, after a question"),
        ("flowdsl machines delete desk-1 desk-2 --env prod --yes", "two of `prod`, without"),
    ),
    "machines check": (
        (
            "flowdsl machines check --env prod",
            "every machine, for every deployed flow; exit code 1 if one lacks anything",
        ),
        (
            "flowdsl machines check --pool reception --workflow intake",
            "one flow, in runs that select a pool",
        ),
    ),
    "pools": (
        ("flowdsl pools list", "every pool"),
        ("flowdsl pools show reception", "one with its parameters and machines"),
    ),
    "pools list": (
        ("flowdsl pools list --machine desk-1", "those that a machine is in"),
        ("flowdsl pools list --env prod --json", "for programs"),
    ),
    "pools show": (
        ("flowdsl pools show reception", "its parameters and machines"),
        ("flowdsl pools show reception --json", "the same for programs"),
    ),
    "pools create": (
        ("flowdsl pools create reception site=north", "with a parameter for its machines"),
        (
            "flowdsl pools create night --secret password=file:secret.txt",
            "with a sensitive one, read from a file",
        ),
    ),
    "pools set": (
        ("flowdsl pools set reception site=south", "another value of a parameter"),
        ("flowdsl pools set reception --unset site --name front", "one less, and another name"),
    ),
    "pools add": (
        ("flowdsl pools add reception desk-1", "a machine more"),
        ("flowdsl pools add reception desk-1 desk-2 --json", "two, told to programs"),
    ),
    "pools remove": (
        ("flowdsl pools remove reception desk-1", "a machine less"),
        ("flowdsl pools remove reception desk-1 desk-2 --env prod", "two, in `prod`"),
    ),
    "pools delete": (
        ("flowdsl pools delete reception", "the pool and not its machines, after a question"),
        ("flowdsl pools delete reception --yes", "without one"),
    ),
    "connections": (
        ("flowdsl connections list --machine desk-1", "when a machine was there"),
        ("flowdsl connections list --status error --json", "those that failed, for programs"),
    ),
    "connections list": (
        ("flowdsl connections list --machine desk-1", "those of a machine, newest first"),
        ("flowdsl connections list --status connected", "those that last"),
    ),
    "connections show": (
        ("flowdsl connections show 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1", "one of them"),
        (
            "flowdsl connections show 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1 --json",
            "the same for programs",
        ),
    ),
    "trajectories": (
        ("flowdsl trajectories list --workflow intake", "the recordings of a workflow"),
        ('flowdsl trajectories approve "Intake, morning"', "runs replay one from now on"),
    ),
    "trajectories list": (
        ("flowdsl trajectories list --workflow intake --unapproved", "what waits for approval"),
        (
            "flowdsl trajectories list --created-from 2026-11-01 --json",
            "those since a day, for programs",
        ),
    ),
    "trajectories show": (
        ('flowdsl trajectories show "Intake, morning"', "what is known of a recording"),
        ('flowdsl trajectories show "Intake, morning" --json', "the same with its steps"),
    ),
    "trajectories approve": (
        ('flowdsl trajectories approve "Intake, morning"', "runs replay it from now on"),
        (
            'flowdsl trajectories approve "Intake, morning" "Intake, evening" --env prod',
            "two of them, in `prod`",
        ),
    ),
    "trajectories unapprove": (
        ('flowdsl trajectories unapprove "Intake, morning"', "runs replay it no longer"),
        (
            'flowdsl trajectories unapprove "Intake, morning" --env prod --json',
            "in `prod`, told to programs",
        ),
    ),
    "trajectories set-main": (
        ('flowdsl trajectories set-main "Intake, morning"', "the one that is preferred"),
        ('flowdsl trajectories set-main "Intake, morning" --env prod', "in `prod`"),
    ),
    "trajectories latest": (
        ("flowdsl trajectories latest intake", "the recording that was changed last"),
        ("flowdsl trajectories latest intake --json", "the same for programs"),
    ),
    "trajectories duplicate": (
        ('flowdsl trajectories duplicate "Intake, morning"', "a copy, which is not approved"),
        ('flowdsl trajectories duplicate "Intake, morning" --json', "the same, told to programs"),
    ),
    "trajectories delete": (
        ('flowdsl trajectories delete "Intake, morning"', "one of them, after a question"),
        ('flowdsl trajectories delete "Intake, morning" --env prod --yes', "in `prod`, without"),
    ),
    "models": (
        ("flowdsl models list --computer-use", "those that may be the main agent"),
        ('flowdsl models show "Claude Sonnet (EHR)"', "one of them"),
    ),
    "models list": (
        ("flowdsl models list --own", "those of the organisation"),
        ("flowdsl models list --system --active --json", "the service's own, for programs"),
    ),
    "models show": (
        ('flowdsl models show "Claude Sonnet (EHR)"', "its provider, model and settings"),
        ('flowdsl models show "Claude Sonnet (EHR)" --json', "the same for programs"),
    ),
    "tags": (
        ("flowdsl tags list", "every tag that is not archived"),
        ("flowdsl tags show billing", "one with its group and the number of its workflows"),
    ),
    "tags list": (
        ("flowdsl tags list --group environment", "those of a group"),
        ("flowdsl tags list --archived --json", "archived ones as well, for programs"),
    ),
    "tags show": (
        ("flowdsl tags show billing", "its group, colour and workflows"),
        ("flowdsl tags show billing --json", "the same for programs"),
    ),
    "tags add": (
        ("flowdsl tags add billing intake", "a tag for a workflow"),
        ('flowdsl tags add billing "Look up" intake', "by titles, too"),
    ),
    "tags remove": (
        ("flowdsl tags remove billing intake", "a workflow without the tag"),
        ("flowdsl tags remove billing intake --env prod --json", "in `prod`, told to programs"),
    ),
    "tags archive": (
        ("flowdsl tags archive billing", "no other workflow gets it from now on"),
        ("flowdsl tags archive billing intake --env prod", "two of them, in `prod`"),
    ),
    "tags unarchive": (
        ("flowdsl tags unarchive billing", "workflows may get it again"),
        ("flowdsl tags unarchive billing --json", "the same, told to programs"),
    ),
    "tags order": (
        ("flowdsl tags order urgent billing", "these two first, then the others"),
        ("flowdsl tags order urgent --env prod", "one first, in `prod`"),
    ),
    "tags delete": (
        ("flowdsl tags delete billing", "off every workflow, after a question"),
        ("flowdsl tags delete billing --yes", "without one"),
    ),
    "tag-groups": (
        ("flowdsl tag-groups list", "every group"),
        ("flowdsl tag-groups show environment", "one with its tags"),
    ),
    "tag-groups list": (
        ("flowdsl tag-groups list", "every group in its order"),
        ("flowdsl tag-groups list --json", "for programs"),
    ),
    "tag-groups show": (
        ("flowdsl tag-groups show environment", "one with its tags"),
        ("flowdsl tag-groups show environment --json", "the same for programs"),
    ),
    "tag-groups order": (
        ("flowdsl tag-groups order environment team", "these two first, then the others"),
        ("flowdsl tag-groups order team --env prod", "one first, in `prod`"),
    ),
    "tag-groups delete": (
        ("flowdsl tag-groups delete team", "the group and not its tags, after a question"),
        ("flowdsl tag-groups delete team --yes", "without one"),
    ),
    "images": (
        ("flowdsl images list", "the pictures of all prompts"),
        ("flowdsl images show logo.png", "one with an address that shows it for an hour"),
    ),
    "images list": (
        ("flowdsl images list", "every picture"),
        ("flowdsl images list --json", "for programs, with the addresses that prompts use"),
    ),
    "images show": (
        ("flowdsl images show logo.png", "by its file name"),
        ("flowdsl images show org_1/logo.png --json", "by its path, for programs"),
    ),
    "images delete": (
        ("flowdsl images delete logo.png", "one that no prompt shows any more, after a question"),
        ("flowdsl images delete org_1/logo.png --yes", "without one"),
    ),
    "attachments": (
        ("flowdsl attachments list --run 3f2c", "the files of a run"),
        ("flowdsl attachments add 3f2c claim.pdf", "a file more"),
    ),
    "attachments list": (
        ("flowdsl attachments list --run 3f2c --type output", "what a run has left"),
        ("flowdsl attachments list --json", "those of all runs, for programs"),
    ),
    "attachments show": (
        ("flowdsl attachments show 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1", "one of them"),
        (
            "flowdsl attachments show 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1 --json",
            "the same for programs",
        ),
    ),
    "attachments url": (
        (
            "flowdsl attachments url 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1",
            "an address that gives it to anybody, for five minutes",
        ),
        (
            "flowdsl attachments url 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1 --expires-in 60",
            "for one minute",
        ),
    ),
    "attachments add": (
        ("flowdsl attachments add 3f2c claim.pdf photo.png", "two files of this machine"),
        ("flowdsl attachments add 3f2c claim.pdf --type output", "as if the run had left it"),
    ),
    "attachments expire": (
        (
            "flowdsl attachments expire 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1 2027-02-01",
            "kept until then",
        ),
        (
            "flowdsl attachments expire 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1 --never",
            "kept for good",
        ),
    ),
    "attachments delete": (
        (
            "flowdsl attachments delete 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1",
            "one file, after a question",
        ),
        (
            "flowdsl attachments delete 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1 --yes",
            "without one",
        ),
    ),
    "credentials": (
        ("flowdsl credentials list", "whose keys are used for which provider"),
        ("flowdsl credentials set openai --key env:OPENAI_API_KEY", "a key of the organisation"),
    ),
    "credentials list": (
        ("flowdsl credentials list", "every slot"),
        ("flowdsl credentials list --json", "for programs"),
    ),
    "credentials show": (
        ("flowdsl credentials show anthropic", "one slot, without the key"),
        ("flowdsl credentials show anthropic --json", "the same for programs"),
    ),
    "credentials set": (
        ("flowdsl credentials set anthropic --key env:ANTHROPIC_API_KEY", "from the environment"),
        ("flowdsl credentials set google --service-account file:account.json", "from a file"),
        (
            "flowdsl credentials set aws_bedrock --key ask --region us-east-1",
            "typed at the terminal, unseen",
        ),
    ),
    "credentials validate": (
        ("flowdsl credentials validate openai", "whether its key works; exit code 1 if not"),
        ("flowdsl credentials validate openai --env prod", "in `prod`"),
    ),
    "credentials delete": (
        ("flowdsl credentials delete openai", "the organisation's key, after a question"),
        ("flowdsl credentials delete openai --yes", "without one"),
    ),
    "request-logs": (
        ("flowdsl request-logs list --machine desk-1", "what was asked of a machine"),
        ("flowdsl request-logs list --status 500", "what a machine failed to do"),
    ),
    "request-logs list": (
        ("flowdsl request-logs list --machine desk-1 --limit 20", "twenty of a machine"),
        ("flowdsl request-logs list --method POST --status 500 --json", "failures, for programs"),
    ),
    "request-logs show": (
        ("flowdsl request-logs show 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1", "one of them"),
        (
            "flowdsl request-logs show 1f0c6a3e-52a5-4f0e-9d0b-6f3b1c9be0a1 --json",
            "the same for programs",
        ),
    ),
    "health": (
        ("flowdsl health", "the service, its database and every machine that fails"),
        ("flowdsl health --env prod --json", "the same for programs; exit code 1 if one fails"),
    ),
    "usage": (
        ("flowdsl usage --env prod", "the last 30 days"),
        ("flowdsl usage --from 2026-11-01 --to 2026-12-01 --json", "one month, for programs"),
        ("flowdsl usage --run 3f2c", "the models of one run: calls, tokens, prices"),
    ),
    "emulator": (
        ("flowdsl emulator", "on port 8100, with the data of this project"),
        (
            "flowdsl emulator --port 0 --data try.sqlite --key secret=org_a",
            "on a free port, with data and a key of its own",
        ),
        (
            'flowdsl emulator --fault "POST /v1/workflows after nth=1"',
            "a rehearsal: the first creation is done, and its reply is lost",
        ),
    ),
    "completion": (
        ('eval "$(flowdsl completion bash)"', "in `~/.bashrc`"),
        ('eval "$(flowdsl completion zsh)"', "in `~/.zshrc`, below `compinit`"),
        ("flowdsl completion fish | source", "in `~/.config/fish/config.fish`"),
    ),
    "explain": (
        ("flowdsl explain undeclared-name", "a mistake, by the name that `check` prints"),
        ("flowdsl explain vague-verb", "a lint rule"),
    ),
    "rules": (
        ("flowdsl rules --category secrets", "those of one category"),
        ("flowdsl rules --json", "all of them, for programs"),
    ),
    "debug": (
        ("flowdsl debug parse flows/intake.flow", "the syntax tree of a file"),
        ("flowdsl debug config-schema", "the JSON Schema of `flowdsl.toml`, for editors"),
    ),
    "debug parse": (
        ("flowdsl debug parse flows/intake.flow", "the compiler's own tree"),
        ("flowdsl debug parse --reference flows/intake.flow", "the tree of the grammar"),
    ),
    "debug tables": (
        ("flowdsl debug tables", "exit code 1 when they are stale"),
        ("flowdsl debug tables && echo fresh", "for scripts"),
    ),
    "debug config-schema": (
        ("flowdsl debug config-schema", "on standard output"),
        ("flowdsl debug config-schema > flowdsl.schema.json", "in a file that an editor reads"),
    ),
    "debug plan-schema": (
        ("flowdsl debug plan-schema", "on standard output"),
        ("flowdsl debug plan-schema > plan.schema.json", "in a file"),
    ),
}
"""By the words after `flowdsl`: command lines, each with what it gives."""


def examples_of(command: str) -> str:
    """The lines of the examples of `command`, for the end of its help; empty without any."""
    rows = EXAMPLES.get(command, ())
    lines = [line for row, gives in rows for line in (f"  {row}", f"      {gives}")]
    return "\n".join(["examples:", *lines]) if lines else ""
