"""Content, style and total variation losses, and the loss networks they use.

May import: errors, files, networks.
"""
