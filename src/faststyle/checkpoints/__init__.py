"""Style checkpoints and run folders: what a training leaves behind. Imports: errors, files,
networks.
"""
