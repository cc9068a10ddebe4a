"""What a server says to a person is shown without what a terminal would obey."""

import asyncio
import json

import httpx
import pytest

from unstuck.chain.phone.person import AccountError, Person


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"code": "a\x1b[2J", "message": "b\ud800"}, "a [2J"),
        ({"code": ["a"], "message": "b"}, ""),
        ({"code": "a", "message": "b" * 9999, "what_to_do": {}}, "a"),
    ],
)
def test_words_of_a_refusal_are_printable(said: object, shown: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, content=json.dumps(said), headers={"Retry-After": "9" * 5000})

    async def life() -> None:
        async with Person("http://server", "t", httpx.MockTransport(answer)) as person:
            await person.status()

    with pytest.raises(AccountError) as error:
        asyncio.run(life())
    assert error.value.refusal == shown
    assert len(str(error.value)) < 2000
    str(error.value).encode()
