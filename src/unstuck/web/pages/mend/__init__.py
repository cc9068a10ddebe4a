"""Mending: a plan and a person's yes enter; steps, acts through the harm gate, and what came of them leave."""
