"""A share of the rows an epoch, drawn anew for each: first answers sooner on a large table."""

from stoker.train.samplers import Epoch, Sampler, batch_edges, generator_of


class Some(Sampler):
    """A share of the rows, each at most once."""

    share: float = 0.5
    """That share."""

    def start(self, rows, batch_size, seed):
        """A draw for each epoch, that follows from seed and epoch alone."""
        size = max(1, round(self.share * len(rows)))
        edges = batch_edges(size, batch_size)
        return lambda epoch: Epoch(
            generator_of(seed, "some", epoch).permutation(len(rows))[:size], edges
        )
