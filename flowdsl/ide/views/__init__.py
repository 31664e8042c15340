"""What an editor shows of a file beside its text: symbols, tokens, ranges, hints, prompts."""
