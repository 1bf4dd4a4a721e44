"""Steps of one size: every weight moves by the rate, whatever the size of its gradient.

Source: Bernstein et al. 2018, "signSGD", https://arxiv.org/abs/1802.04434
"""

from stoker.train.optim import Optimizer, decay_groups


class SignSgd(Optimizer):
    """The sign of the gradient."""

    weight_decay: float = 0.0
    """Pull of weight matrices towards zero."""

    def build(self, parameters, *, rate):
        """An optimiser that keeps nothing."""
        import torch

        from stoker.train.fused import Fused

        class Built(Fused):
            def first_state(self, parameter):
                return {}

            def update(self, group, weights, gradients):
                torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_sub_(weights, [g.sign() for g in gradients], alpha=group["lr"])

        return Built(decay_groups(parameters, self.weight_decay, self.l1), {"lr": rate})
