"""The command train."""
