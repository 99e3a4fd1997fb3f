"""How well edits do what was asked for: tasks with known truth, scores, tables."""
