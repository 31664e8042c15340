"""The machine: executes a compiled payload as the agents of the platform would.

Its only inputs are the text of the prompt, the schemas, and the sentences of
`prompt/sentences.toml`, which it parses with code of its own. `docs/prompt-language.md` documents
its interpretation of each sentence.
"""
