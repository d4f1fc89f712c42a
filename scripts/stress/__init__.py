"""Disturb the program on purpose: kills, full disks, damaged files."""
