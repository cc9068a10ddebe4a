"""Words of a command line enter; text on a terminal and an exit status leave. Thin: no judgement is made here."""
