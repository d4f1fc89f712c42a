"""Convert style networks of other projects: faststyle-import. Imports: errors, files, networks,
checkpoints.
"""
