"""The verbs: each public file holds one click command called `verb`; its header is its help."""
