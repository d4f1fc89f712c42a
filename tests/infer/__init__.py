"""The command infer."""
