"""The first GPU in bfloat16; where there is none, the processor as usual."""

from stoker.train.strategies import Strategy
from stoker.train.strategies.single import Single


class Half(Strategy):
    """Half the digits where that is fast."""

    def start(self, network, loss, settings):
        """The engine of `single`; one of your own is a subclass of `Engine`."""
        import torch

        precision = "bfloat16" if torch.cuda.is_available() else "float32"
        return Single(precision=precision).start(network, loss, settings)
