"""What features learned: one file a feature, under the feature's name; all that serving loads."""
