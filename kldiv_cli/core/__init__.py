"""The pure core: NumPy, SciPy and the standard library, without input, output or environment."""
