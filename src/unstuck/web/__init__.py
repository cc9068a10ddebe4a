"""The pages: a diagnosis enters, HTML leaves."""
