"""Pictures, networks, runs and commands that several tests use."""
