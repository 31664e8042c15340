"""The English and German of whole sentences: what they decide, repeat and forbid."""
