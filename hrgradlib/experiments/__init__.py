"""From a specification to a stored result: cases, runs, campaigns, studies, solutions."""
