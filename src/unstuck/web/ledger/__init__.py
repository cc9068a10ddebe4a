"""The ledger as a picture: a document of ``unstuck ledger`` enters, slots of days leave, drawn as one page."""
