"""Content, style and total variation losses, and the loss networks that they use. Imports:
errors, files, networks.
"""
