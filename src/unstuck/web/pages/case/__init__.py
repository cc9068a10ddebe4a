"""Cases for a support desk: what was seen, said and tried enters; a redacted file, and a link that ends, leave."""
