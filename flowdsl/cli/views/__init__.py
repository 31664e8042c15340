"""What commands print: values to text, one module a command, without IO."""
