"""The rate falls along a straight line, to zero behind the last step."""

from stoker.train.schedules import Schedule


class LinearFall(Schedule):
    """A straight fall."""

    def factor(self, step, total):
        """The share of the steps that is left.

        >>> [LinearFall().factor(step, 4) for step in range(4)]
        [1.0, 0.75, 0.5, 0.25]
        """
        return 1 - step / total
