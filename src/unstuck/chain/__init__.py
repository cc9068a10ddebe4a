"""The way of the data, wrist to server: what the tracker records enters; what the server holds leaves."""
