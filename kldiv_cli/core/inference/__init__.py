"""The statistics of two samples: estimate, interval, p-values and verdict."""
