"""What every page shares: colours, type and space, drawing, safe templates. Pure: values in, markup and rules out."""
