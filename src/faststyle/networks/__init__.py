"""The transform network: its layers, its architecture and fast convolutions.

May import: errors.
"""
