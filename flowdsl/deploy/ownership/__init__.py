"""Which workflows of an organisation are ours: whether state, key and organisation belong together
(`identity`), and which address a workflow belongs to when state does not know it (`matching`).
"""
