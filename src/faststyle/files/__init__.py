"""Write files whole and read files from strangers safely. Imports: errors."""
