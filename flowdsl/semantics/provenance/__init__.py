"""What a value is made of: the declared values in it (`origins`), text from outside (`untrusted`),
secrets typed into fields (`typed_fields`) and values that a command may hold (`commands`).
"""
