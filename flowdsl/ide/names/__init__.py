"""What names mean at their places: occurrences, definition, references, rename, hover."""
