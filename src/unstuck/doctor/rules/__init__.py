"""A case enters; for every finding of the knowledge a state with its proof leaves.

One function per finding, named like it, in the module of its hop. Rules are pure. Unknown means
that nothing could speak about it, and is never taken for no.
"""
