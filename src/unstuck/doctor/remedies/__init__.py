"""A plan, what is connected and what the person allows enter; acts that the harm gate let through, and what came of
them, leave. All of it is pure but ``hands``: what is done is data until :func:`permit.permit` lets it out.
"""
