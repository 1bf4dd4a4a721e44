"""Raw data to prepared sets: acquire, clean, split, prepare; one step per file."""
