"""The page of every diagnostic and rule: why it matters, an example that has it, and its fix.

Reads the pages in `pages/`, one Markdown file for each name, and prepends data of the catalogue:
severity, category, message, help and options. `python -m tools.reference --write` makes the
reference in `docs/reference` of them.

Does not check anything: the examples are run by the tests.

Entry point: `page.page_of`.

Every name of `catalog.diagnostics()` has a page, and no page is without a name.
"""
