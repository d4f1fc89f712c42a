"""Style checkpoints and run folders: the files that a training leaves behind.

May import: errors, files, networks.
"""
