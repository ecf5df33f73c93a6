"""What is said of a report: one file for each kind of report, which makes a document of it."""
