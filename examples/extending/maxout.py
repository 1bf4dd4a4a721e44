"""A network whose hidden units each take the largest of several linear sums.

Source: Goodfellow et al. 2013, "Maxout Networks", https://arxiv.org/abs/1302.4389
"""

from stoker.models import Network


class Maxout(Network):
    """One hidden layer of largest sums."""

    width: int = 64
    """Hidden units."""
    pieces: int = 3
    """Linear sums of each."""

    def build(self, features, num_outputs):
        """Columns are encoded by stoker; the head on top is ours."""
        from torch import nn

        from stoker.networks.columns import ColumnNetwork, Flattened

        def head(num_inputs):
            sums = nn.Linear(num_inputs, self.width * self.pieces)
            return nn.Sequential(
                sums,
                nn.Unflatten(1, (1, self.width * self.pieces)),
                nn.MaxPool1d(self.pieces),
                nn.Flatten(),
                nn.Linear(self.width, num_outputs),
            )

        return ColumnNetwork(features, tower=Flattened, head=head)
