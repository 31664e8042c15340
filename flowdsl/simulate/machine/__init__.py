"""The machine: carries out a compiled payload as the agents of the platform would.

It has nothing but the characters of the prompt, the schemas and the sentences of
`prompt/sentences.toml`, which it reads in its own way. `docs/prompt-language.md` tells what it
takes each sentence to mean.
"""
