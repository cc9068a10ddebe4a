"""CoAP over the link: datagrams and time enter, datagrams and answers leave. Sources: RFC 7252, RFC 7959.

Own and pure rather than aiocoap; why: docs/decisions/0012-coap.md.
"""

from unstuck.chain.link.coap.client import Answered, Failed, Failure
from unstuck.chain.link.coap.endpoint import CoapStep, Endpoint
from unstuck.chain.link.coap.message import Code
from unstuck.chain.link.coap.server import Served
from unstuck.chain.link.coap.values import Handler, Request, Response

__all__ = [
    "Answered",
    "CoapStep",
    "Code",
    "Endpoint",
    "Failed",
    "Failure",
    "Handler",
    "Request",
    "Response",
    "Served",
]
