"""What fitted cleaners learned: one file a cleaner, under the cleaner's name."""
