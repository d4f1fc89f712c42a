"""The command optimize."""
