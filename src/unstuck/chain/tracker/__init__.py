"""A virtual tracker: samples of a wrist and CoAP requests enter; records and answers leave."""
