"""Numbers of the knowledge fitted on what was seen: rows of training cases and closed case files enter, strengths,
leaks, chances and priors leave, with the judgement before them. Pure but for reading and writing the files."""
