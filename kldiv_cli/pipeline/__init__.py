"""From settings and two sources to a report; it alone knows readers, engines and core."""
