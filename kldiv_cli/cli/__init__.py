"""The command line: argv -> job -> report -> text -> exit code; thin."""
