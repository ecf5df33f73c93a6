"""The commands, a module for each: its words, and the stages of its answer."""
