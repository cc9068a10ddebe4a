"""The commands: arguments enter, a diagnosis is shown; thin, all thinking is in unstuck.doctor."""
