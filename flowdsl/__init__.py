"""FlowDSL: Cyberdesk desktop workflows as code.

`.flow` files are parsed, checked and compiled to the prompts, schemas and checks that the service
runs, and deployed through its HTTP API. Import `flowdsl.api` for the supported Python interface;
this module holds the version only, so that `flowdsl --version` costs no import.
"""

__version__ = "0.1.0"

REFERENCE = f"https://docs.flowdsl.test/{__version__}/reference"
"""Where `docs/reference` of this version can be read: set by whoever publishes it."""
