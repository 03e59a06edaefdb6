"""An instructor's commands along a term: collect, grade, regrade, report, explain, hand back."""
