"""Read, convert and write picture files. Imports: errors, files."""
