"""Settings of the commands: types, ranges and parsing. Imports: errors, files."""
