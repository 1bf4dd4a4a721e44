"""The report: one self-contained HTML page, the same as JSON, and a model card in Markdown."""
