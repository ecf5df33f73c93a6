"""One module a command: ``command`` turns words into a job, and does nothing yet."""
