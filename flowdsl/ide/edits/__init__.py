"""Changes of files that an editor offers: fixes, suppressions, new declarations, formatting."""
