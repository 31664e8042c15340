"""Prompts taken apart: the outline, the sentences in its lines, and what stands in their holes."""
