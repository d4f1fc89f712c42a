// What a user can get wrong, as one sentence for the page. Every other error is a bug.
class Sentence extends Error {}

// A newer job has come: whatever paints the old one stops.
class Cancelled extends Error {}
