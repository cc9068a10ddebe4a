"""What the server decides, without I/O: time and randomness are arguments."""
