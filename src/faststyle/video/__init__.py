"""Clips: frames in and out, with their times, sound and colors.

May import: errors, images.
"""
