"""The flows that `init` and `new` write. They pass `check` unchanged."""

from __future__ import annotations

import re


def workflow_template(name: str) -> str:
    """A file with the workflow `name` and tests of it."""
    return _fill_template(_WORKFLOW, name)


def task_template(name: str) -> str:
    """A file with the task `name`."""
    return _fill_template(_TASK, name)


def chain_template(name: str) -> str:
    """A file with the chain `name` and its workflows, `<name>_find` and `<name>_close`."""
    return _fill_template(_CHAIN, name)


def _fill_template(template: str, name: str) -> str:
    title = re.sub("_+", " ", name).strip().capitalize() or name
    words = {"NAME": name, "TITLE": title}
    return re.sub("NAME|TITLE", lambda word: words[word[0]], template)


_WORKFLOW = """\
flow 1

## Looks a record up and reports its status. Changes nothing.
workflow NAME {
  title = "TITLE"

  inputs {
    ## The number of the record, as printed on the form.
    record: string
  }
  outputs { status: string }

  steps {
    step "Open the record" {
      do "Double-click the \\"Records\\" icon on the desktop and wait for the window \\"Records\\"."
      type record into "the search box at the top of the window \\"Records\\""
      press "Enter"
      expect "the form shows record {record}" else abort "There is no record {record}"
    }
    step "Read the status" {
      extract status from "the field \\"Status\\" of the form"
    }
  }

  checks {
    output matches schema
  }
}

test "a record has a status" for NAME {
  given { record = "4711" }
  reads { status = "open" }
  outputs { status = "open" }
}

test "a number without a record ends the run" for NAME {
  given { record = "4711" }
  screen { expect "the form shows record 4711" = false }
  aborts "There is no record 4711"
}
"""

_TASK = """\
flow 1

## Signs in and stops on the start page.
task NAME(user: string, secret password: string) {
  step "Sign in" {
    do "Double-click the \\"Records\\" icon on the desktop and wait for the sign-in window."
    type user into "the field \\"User name\\" of the sign-in window"
    type $password into "the field \\"Password\\" of the sign-in window"
    press "Enter"
    expect "the start page is visible" else abort "The sign-in of {user} failed"
  }
}
"""

_CHAIN = """\
flow 1

## Finds the newest record.
workflow NAME_find {
  title = "TITLE: find"

  outputs { record: string }

  steps {
    step "Find the newest record" {
      do "Double-click the \\"Records\\" icon on the desktop and wait for the window \\"Records\\"."
      extract record from "the number in the first row of the list"
    }
  }

  checks {
    output matches schema
  }
}

## Closes a record.
workflow NAME_close {
  title = "TITLE: close"

  inputs { record: string }
  outputs { closed: bool }

  steps {
    step "Close the record" {
      choose "the row of the list whose number is {record}" else abort "There is no record {record}"
      press "Ctrl+W"
      expect "the status of record {record} is \\"Closed\\"" else abort "Record {record} stays open"
      emit closed = true
    }
  }

  checks {
    output matches schema
  }
}

## Finds a record, and closes it on the same machine.
chain NAME {
  step find = run NAME_find()
  step close = run NAME_close(record: find.outputs.record)
}
"""
