"""``unstuck link``: options enter, a link over UDP runs, one line an event leaves."""

from typing import Annotated

import typer

from unstuck.cli.numbers import finite


def link(
    role: Annotated[str, typer.Option(metavar="hub|node", help="The phone's side or the tracker's.")],
    local: Annotated[str, typer.Option(metavar="[HOST:]PORT", help="Where to listen (host: 127.0.0.1).")],
    remote: Annotated[str, typer.Option(metavar="HOST:PORT", help="The peer; datagrams of others are ignored.")],
    stack: Annotated[
        str, typer.Option(metavar="SNG|G", help="SNG: CoAP over UDP and IPv4; G: whole IPv4 frames, needs --top.")
    ] = "SNG",
    frag: Annotated[int, typer.Option(metavar="BYTES", help="Longest Gattlink packet sent, 5 to 512.")] = 20,
    window: Annotated[int, typer.Option(metavar="PACKETS", help="Windows announced, 0 to 31.")] = 8,
    retransmit: Annotated[
        float,
        typer.Option(
            callback=finite, metavar="MS", help="Wait for an acknowledgement before sending again, above 200."
        ),
    ] = 4000.0,
    compress: Annotated[bool, typer.Option("--compress", help="Send compressed IP headers.")] = False,
    top: Annotated[
        str,
        typer.Option(
            metavar="[HOST:]PORT",
            help="Instead of our CoAP: datagrams sent here go over the link, the peer's go to the last sender.",
        ),
    ] = "",
    top_remote: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where the peer's datagrams go, rather than to the last sender.")
    ] = "",
    get: Annotated[str, typer.Option(metavar="PATH", help="GET this once the link is open, then stop.")] = "",
    put: Annotated[str, typer.Option(metavar="PATH", help="PUT --body there once the link is open, then stop.")] = "",
    body: Annotated[str, typer.Option(metavar="FILE|-", help="What --put sends.")] = "",
    output: Annotated[str, typer.Option(metavar="FILE", help="Where --get writes what it got.")] = "",
    seconds: Annotated[float, typer.Option(callback=finite, metavar="N", help="Stop after this (0: at Ctrl-C).")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also every packet.")] = False,
) -> None:
    """Run one end of a Gattlink link over UDP, one packet a datagram, with CoAP on top.

    The CoAP server answers /hello, /big (51,200 bytes), /up and /store/NAME. Exit status: 0 done, 1 the request failed.
    """
    from unstuck.cli.link_run import LinkRequest, run

    request = LinkRequest(
        role=role,
        local=local,
        remote=remote,
        stack=stack,
        packet_bytes=frag,
        window=window,
        retransmit_ms=retransmit,
        compress=compress,
        top=top,
        top_remote=top_remote,
        get=get,
        put=put,
        body=body,
        output=output,
        seconds=seconds,
        as_json=as_json,
        verbose=verbose,
    )
    raise typer.Exit(run(request))
