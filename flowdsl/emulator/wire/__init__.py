"""Request and reply bodies: the server's side of the contract, generated from it.

`models.py` holds one class per schema of the reconstructed OpenAPI description of SDK 2.2.69 and is
written by `python -m tools.wire_models --write`, whose `DEVIATIONS` list where it has to
differ from the contract. `values.py` holds what all classes share. The client's models are written
by hand in `flowdsl.cyberdesk`: the two check each other.

Entry points: the classes of `models`, used as annotations of route functions.

Invariants: a request class distinguishes an absent key from null by `model_fields_set`; a reply
class always sends every field, null if there is no value.
"""
