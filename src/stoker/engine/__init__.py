"""Where table work runs: Daft in this process (later also Daft on a Ray cluster)."""
