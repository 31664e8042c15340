"""What several commands print: values to text, without IO. The view of one command is in its package."""
