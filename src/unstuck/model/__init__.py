"""The words of the project as small frozen types; nothing enters from our other folders.

What leaves is vocabulary: hops, records, ledgers, facts, findings, diagnoses and errors.
"""
