"""Whatever fits the published description of the API, or does not, is answered as described and never with a fault."""

import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from tests.chain.server.world import World
from unstuck.chain.server.app import create_app
from unstuck.chain.server.storage.database import Database

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own imports of other frameworks are not ours to mend
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.result import Ok
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

ELSEWHERE = ("/v1/events", "/v1/ingest")
"""The one never ends (test_events.py), the other takes CBOR, which schemathesis cannot write (test_ingest.py)."""
EXAMPLES = 15
"""For each operation and each of fitting and not fitting: enough to have found every fault so far."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

_SCHEMA = schemathesis.openapi.from_dict(create_app(Database("sqlite:///never-opened.db")).openapi())
OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (found.ok() for found in _SCHEMA.get_all_operations() if isinstance(found, Ok))
    if operation.path not in ELSEWHERE
}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_request_is_answered_with_a_fault(world: World, name: str, mode: Any) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    token = agent.token if name.endswith("/held") else person.session
    fresh = 0

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=OPERATIONS[name].as_strategy(generation_mode=mode), own=st.booleans())
    def ask(case: Any, own: bool) -> None:
        nonlocal token, fresh
        if own and "tracker" in (case.path_parameters or {}):
            case.path_parameters["tracker"] = tracker
        given_ = case.as_transport_kwargs(base_url="http://server")
        headers = {**dict(given_.pop("headers", None) or {}), "Authorization": f"Bearer {token}"}
        given_.pop("cookies", None)  # the server takes none
        body = given_.pop("data", None)
        if body is not None:
            given_["content"] = body if isinstance(body, (bytes, str)) else repr(body)
        answer = world.client().request(given_.pop("method"), given_.pop("url"), headers=headers, **given_)
        case.validate_response(answer, checks=CHECKS)
        if name == "DELETE /v1/sessions/current" and answer.status_code == 204:
            fresh += 1
            token = world.person(f"anna{fresh}").session

    try:
        ask()
    except Unsatisfiable:
        pytest.skip("this operation takes nothing that could be wrong")
