"""The figures of the project, each by the command that measures it."""
