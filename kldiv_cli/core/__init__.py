"""The pure core: numpy and the standard library, no input, no output, no environment."""
