"""Converting networks of other projects to style checkpoints: `faststyle-import`.

May import: errors, malloc, files, networks, checkpoints.
"""
