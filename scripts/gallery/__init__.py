"""Train the styles that ship, judge them, and make the pictures of the documentation."""
