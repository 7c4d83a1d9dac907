"""What a reply looks like, and what becomes of messages that nobody should have sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from skald_wire import Cancel, Command, NotRepresentable, Reply, ReplyType, canonical, decode_reply, encode
from skald_wire.names import FIRST_WIRE_VERSION, OUTPUT_LIMIT, REPLIES_EXCHANGE, WIRE_VERSION, Header

from skald.testing.conformance.checks import Broken, Check, Needs, check, expect, refused, replies, same, sees
from skald.testing.conformance.tested import AtQueue
from skald.testing.messages import cancel, with_other_content

__all__ = ["WIRE_CHECKS"]

_ATTEMPT: Final = 7


def _keeps_the_contract(tested: AtQueue, message: Command | Cancel, type_: ReplyType) -> Reply:
    """The reply to ``message``, with every property and header as it must be."""
    message = replace(message, attempt=_ATTEMPT)
    envelope, address = tested.raw_reply(message), message.address
    wanted: dict[str, Any] = {
        "exchange": REPLIES_EXCHANGE,
        "type": type_.value,
        "user_id": tested.name,
        "header wire": WIRE_VERSION,
        "header saga": address.saga,
        "header step": address.step,
        "header direction": address.direction.value,
        "header fingerprint": address.fingerprint,
        "header attempt": _ATTEMPT,
    }
    found = {
        "exchange": envelope.exchange,
        "type": envelope.type,
        "user_id": envelope.user_id,
        **{name: envelope.headers.get(name.removeprefix("header ")) for name in wanted if name.startswith("header ")},
    }
    wrong = [name for name, value in wanted.items() if found[name] != value]
    expect({name: wanted[name] for name in wrong}, {name: found[name] for name in wrong})
    if not envelope.message_id:
        raise Broken("a message_id of the reply's own", "none")
    if type_ is ReplyType.FAILED and not isinstance(envelope.headers.get(Header.FINAL), bool):
        raise Broken("the header final to be a boolean on Failed", envelope.headers.get(Header.FINAL))
    return decode_reply(envelope)


@check("W-reply-succeeded")
def reply_succeeded(tested: AtQueue) -> None:
    """A Succeeded has all properties and echoed headers, an id of its own, and an output that a saga can store."""
    command = tested.act(tested.step())
    reply = _keeps_the_contract(tested, command, ReplyType.SUCCEEDED)
    try:
        size = len(canonical(dict(reply.body)))
    except NotRepresentable as error:
        raise Broken("an output that canonical JSON can hold", error) from error
    if size > OUTPUT_LIMIT:
        raise Broken(f"an output of at most {OUTPUT_LIMIT} bytes", f"{size} bytes")
    again = _keeps_the_contract(tested, command, ReplyType.SUCCEEDED)
    if again.message_id == reply.message_id:
        raise Broken("another message_id on another reply", f"{reply.message_id} twice")


@check("W-reply-cancelled")
def reply_cancelled(tested: AtQueue) -> None:
    """A Cancelled has all properties and echoed headers."""
    _keeps_the_contract(tested, cancel(tested.act(tested.step())), ReplyType.CANCELLED)


@check("W-reply-failed")
def reply_failed(tested: AtQueue) -> None:
    """A Failed has all properties, final as a boolean, and echoes the message's fingerprint, not the register's."""
    command = tested.act(tested.step())
    replies(tested, command, ReplyType.SUCCEEDED)
    _keeps_the_contract(tested, with_other_content(command), ReplyType.FAILED)


@check("W-reply-compensated", Needs.COMPENSATION)
def reply_compensated(tested: AtQueue) -> None:
    """The reply to a compensation echoes direction Backward."""
    step = tested.step()
    output = replies(tested, tested.act(step), ReplyType.SUCCEEDED).body
    _keeps_the_contract(tested, tested.undo(step, output), ReplyType.SUCCEEDED)


@check("W-reply-to")
def reply_to(tested: AtQueue) -> None:
    """The reply goes to the queue that the message at hand names, not to the one of the first."""
    step = tested.step()
    first = replies(tested, tested.act(step), ReplyType.SUCCEEDED)
    same(first, tested.elsewhere(tested.act(step)))


@check("W-next-version")
def next_version(tested: AtQueue) -> None:
    """A message of the next wire version, with a header that nobody knows, is understood."""
    step = tested.step()
    command = tested.act(step)
    envelope = encode(command)
    tested.publish(replace(envelope, headers={**envelope.headers, Header.WIRE: WIRE_VERSION + 1, "to-come": "yes"}))
    expect(ReplyType.SUCCEEDED, tested.reply(command.address.command_id).type)
    sees(tested, step, 1)


@check("W-unknown-command")
def unknown_command(tested: AtQueue) -> None:
    """A command that it does not know is answered Failed, not final, since its next version may; so is the cancel."""
    step = tested.step()
    command = step.action("no-such-command", {})
    refused(tested.ask(command))
    replies(tested, cancel(command), ReplyType.CANCELLED)
    replies(tested, command, ReplyType.CANCELLED)


def _goes_on(tested: AtQueue) -> None:
    step = tested.step()
    replies(tested, tested.act(step), ReplyType.SUCCEEDED, why="after what was malformed")


@check("W-malformed-body")
def malformed_body(tested: AtQueue) -> None:
    """A body that is no JSON object has no effect and stops nothing; the command can still be cancelled."""
    for body in (b"{not json", b"[1, 2]", b"", b"\xff\xfe"):
        step = tested.step()
        command = tested.act(step)
        tested.publish(replace(encode(command), body=body))
        replies(tested, cancel(command), ReplyType.CANCELLED, why=f"after a command with the body {body!r}")
        replies(tested, command, ReplyType.CANCELLED)
        sees(tested, step, 0)
    _goes_on(tested)


@check("W-malformed-headers")
def malformed_headers(tested: AtQueue) -> None:
    """A message without a header or property that it needs has no effect and stops nothing."""
    step = tested.step()
    whole = encode(tested.act(step))
    for missing in (Header.WIRE, Header.SAGA_KEY, Header.FINGERPRINT, Header.DIRECTION):
        tested.publish(replace(whole, headers={name: whole.headers[name] for name in whole.headers if name != missing}))
    for spoilt in (
        replace(whole, headers={}),
        replace(whole, message_id=""),
        replace(whole, type="another.command"),
        replace(whole, headers={**whole.headers, Header.DIRECTION: "Sideways"}),
        replace(whole, headers={**whole.headers, Header.WIRE: FIRST_WIRE_VERSION - 1}),
    ):
        tested.publish(spoilt)
    _goes_on(tested)
    sees(tested, step, 0)


WIRE_CHECKS: Final[tuple[Check[AtQueue], ...]] = (
    reply_succeeded,
    reply_cancelled,
    reply_failed,
    reply_compensated,
    reply_to,
    next_version,
    unknown_command,
    malformed_body,
    malformed_headers,
)
