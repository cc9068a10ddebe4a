"""Faults made on purpose in the real chain: a fault and a seed enter; the evidence it leaves, what a person notices,
and whether data moves again after a fix leave."""
