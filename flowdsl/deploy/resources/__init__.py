"""The kinds of resources that a deploy writes, with their field policies as data.

Knows how a resource of a kind is compared, created and changed. Does not decide whether to do so.

Entry points: `workflow` for workflows, `named.NAMED` for the kinds that are identified by name, and
`directory` for the lists of an organisation and for pictures, which never change once they are
stored.

Only these modules build request bodies. A field without a policy is neither compared nor sent.
"""
