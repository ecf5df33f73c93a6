"""From settings and two sources to a report; it joins readers, engines, core and renderers."""
