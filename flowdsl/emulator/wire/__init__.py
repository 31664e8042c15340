"""Request and reply bodies, one module a resource: the server's side of the contract.

Class, field and limit follow the reconstructed OpenAPI description of SDK 2.2.69; a test compares
the two field by field. These classes hold no behaviour and no defaults of the store.

Entry points: the classes, used as annotations of route functions.

Invariants: a request class tells an absent key from null by `model_fields_set`; a reply class
always sends every field, null where there is no value.
"""
