"""What one side encodes the other reads back; what breaks the contract is refused with a sentence that says where."""

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skald_wire import (
    Address,
    Cancel,
    Command,
    Direction,
    NotRepresentable,
    OnFailure,
    Reply,
    ReplyType,
    WireError,
    decode,
    decode_reply,
    encode,
    encode_reply,
)

WORDS = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
IDS = st.uuids().map(str)
ATTEMPTS = st.integers(min_value=1, max_value=10_000)
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
OBJECTS = st.dictionaries(TEXTS, st.integers(-9, 9) | TEXTS | st.lists(TEXTS, max_size=3), max_size=4)


@st.composite
def addresses(draw):
    direction = draw(st.sampled_from(Direction))
    return Address(
        command_id=draw(IDS),
        saga_key=draw(TEXTS),
        saga=draw(TEXTS),
        step=draw(WORDS),
        participant=draw(WORDS),
        command=draw(WORDS),
        direction=direction,
        fingerprint=draw(TEXTS),
        action_id=draw(IDS) if direction is Direction.BACKWARD else None,
    )


COMMANDS = st.builds(
    Command,
    address=addresses(),
    input=OBJECTS,
    attempt=ATTEMPTS,
    on_failure=st.sampled_from(OnFailure),
    issued_at=MOMENTS,
    reply_to=TEXTS,
    deadline=st.none() | MOMENTS,
    traceparent=st.none() | TEXTS,
)
CANCELS = st.builds(
    Cancel,
    address=addresses(),
    attempt=ATTEMPTS,
    issued_at=MOMENTS,
    reply_to=TEXTS,
    decision=st.none() | OBJECTS,
    traceparent=st.none() | TEXTS,
)


@st.composite
def replies(draw):
    kind = draw(st.sampled_from(ReplyType))
    return Reply(
        command_id=draw(IDS),
        type=kind,
        body=draw(OBJECTS),
        saga=draw(TEXTS),
        step=draw(WORDS),
        direction=draw(st.sampled_from(Direction)),
        fingerprint=draw(TEXTS),
        attempt=draw(ATTEMPTS),
        final=draw(st.booleans()) if kind is ReplyType.FAILED else False,
        message_id=draw(IDS),
        user_id=draw(WORDS),
    )


@given(COMMANDS | CANCELS)
def test_what_the_operator_encodes_the_participant_reads(message):
    assert decode(encode(message, user_id="saga-operator")) == message


@given(COMMANDS | CANCELS, st.floats(min_value=1e-9, max_value=100_000))
def test_a_message_expires_no_earlier_than_it_is_told_and_never_at_once(message, seconds):
    expiration = int(encode(message, expires_after=seconds).expiration)
    assert expiration >= 1, "0 would drop it unless a consumer waits for it"
    assert seconds <= expiration / 1000 < seconds + 0.0011


@given(COMMANDS | CANCELS)
def test_a_message_that_nobody_sends_again_does_not_expire(message):
    assert encode(message).expiration is None


@given(replies())
def test_what_the_participant_encodes_the_operator_reads(reply):
    assert decode_reply(encode_reply(reply, reply_to="q", user_id=reply.user_id)) == reply


@given(COMMANDS)
def test_R2_a_cancel_goes_the_way_of_its_command(command):
    cancel = Cancel(command.address, command.attempt, command.issued_at, command.reply_to)
    there, here = encode(command), encode(cancel)
    assert (here.exchange, here.routing_key, here.message_id) == (there.exchange, there.routing_key, there.message_id)
    assert (there.type, here.type) == (command.address.routing_key, "cancel")


ADDRESS = Address(
    command_id="0197b0c6-0000-5000-8000-000000000001",
    saga_key="shop/order-1",
    saga="shop/order-1",
    step="reserve-stock",
    participant="inventory",
    command="reserve",
    direction=Direction.FORWARD,
    fingerprint="f" * 64,
)
COMMAND = encode(
    Command(ADDRESS, {"orderId": "1"}, 1, OnFailure.COMPENSATE, "2025-11-22T12:00:00Z", "q", "2025-11-22T12:10:00Z")
)
REPLY = encode_reply(
    Reply(ADDRESS.command_id, ReplyType.SUCCEEDED, {}, "shop/order-1", "reserve-stock", Direction.FORWARD, "f", 1),
    reply_to="q",
)
ABSENT = object()


def altered(envelope, header=None, value=ABSENT, **properties):
    headers = dict(envelope.headers)
    if header is not None:
        headers.pop(header, None)
        if value is not ABSENT:
            headers[header] = value
    return dataclasses.replace(envelope, headers=headers, **properties)


@pytest.mark.parametrize(
    ("envelope", "sentence"),
    [
        (
            altered(COMMAND, message_id=""),
            "command inventory.reserve: the property message_id (the command id) is missing",
        ),
        (altered(COMMAND, reply_to=None), "command inventory.reserve: the property reply_to is missing"),
        (
            altered(COMMAND, type="inventory.release"),
            "the property type must be the routing key 'inventory.reserve'",
        ),
        (altered(COMMAND, type="", routing_key="inventory"), "must be <participant>.<command>, found 'inventory'"),
        (altered(COMMAND, routing_key=".reserve"), "must be <participant>.<command>, found '.reserve'"),
        (altered(COMMAND, "wire"), "the header 'wire' must be an integer, found None"),
        (altered(COMMAND, "wire", 3), "wire version 3 is not understood (this side: 1)"),
        (altered(COMMAND, "wire", 0), "wire version 0 is not understood (this side: 1)"),
        (altered(COMMAND, "saga-key"), "the header 'saga-key' must be a non-empty string, found None"),
        (altered(COMMAND, "saga", ""), "the header 'saga' must be a non-empty string, found ''"),
        (altered(COMMAND, "step", 7), "the header 'step' must be a non-empty string, found 7"),
        (altered(COMMAND, "direction", "Sideways"), "'direction' must be one of Backward, Forward, found 'Sideways'"),
        (altered(COMMAND, "direction", "Backward"), "the header 'action-id' must be a non-empty string, found None"),
        (altered(COMMAND, "fingerprint"), "the header 'fingerprint' must be a non-empty string"),
        (altered(COMMAND, "attempt", "1"), "the header 'attempt' must be an integer, found '1'"),
        (altered(COMMAND, "attempt", True), "the header 'attempt' must be an integer, found True"),
        (altered(COMMAND, "issued-at"), "the header 'issued-at' must be a non-empty string"),
        (altered(COMMAND, "issued-at", "noon"), "the header 'issued-at' must be an RFC 3339 time, found 'noon'"),
        (altered(COMMAND, "deadline", "2025-11-22T12:00:00"), "the header 'deadline' must be an RFC 3339 time"),
        (altered(COMMAND, "on-failure", "maybe"), "'on-failure' must be one of compensate, retry, found 'maybe'"),
        (altered(COMMAND, "traceparent", 1), "the header 'traceparent' must be a non-empty string, found 1"),
        (altered(COMMAND, body=b""), "command inventory.reserve: the body is not JSON"),
        (altered(COMMAND, body=b"\xff"), "the body is not JSON"),
        (altered(COMMAND, body=b'{"a": NaN}'), "the body is not JSON"),
        (altered(COMMAND, body=b'{"a": 1e999}'), "the body is not JSON"),
        (altered(COMMAND, body=b"[" * 100_000), "the body is nested too deep"),
        (altered(COMMAND, body=b"[]"), "the body must be a JSON object, found list"),
        (altered(COMMAND, type="cancel", body=b'{"decision": "Skip"}'), "cancel: decision must be a JSON object"),
        (altered(COMMAND, type="cancel", message_id=""), "cancel: the property message_id (the command id) is missing"),
    ],
)
def test_a_command_that_breaks_the_contract_is_refused_with_its_reason(envelope, sentence):
    with pytest.raises(WireError) as refusal:
        decode(envelope)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("envelope", "sentence"),
    [
        (altered(REPLY, correlation_id=""), "reply: the property correlation_id (the command id) is missing"),
        (altered(REPLY, type="Done"), "must be Succeeded, Failed or Cancelled, found 'Done'"),
        (altered(REPLY, "wire", 3), "reply: wire version 3 is not understood"),
        (altered(REPLY, "wire", 0), "reply: wire version 0 is not understood"),
        (altered(REPLY, "saga"), "reply: the header 'saga' must be a non-empty string"),
        (altered(REPLY, "step"), "reply: the header 'step' must be a non-empty string"),
        (altered(REPLY, "direction", "Up"), "reply: the header 'direction' must be one of Backward, Forward"),
        (altered(REPLY, "fingerprint"), "reply: the header 'fingerprint' must be a non-empty string"),
        (altered(REPLY, "attempt"), "reply: the header 'attempt' must be an integer"),
        (altered(REPLY, body=b"nothing"), "reply: the body is not JSON"),
        (altered(REPLY, body=b'"x"'), "reply: the body must be a JSON object, found str"),
    ],
)
def test_a_reply_that_breaks_the_contract_is_refused_with_its_reason(envelope, sentence):
    with pytest.raises(WireError) as refusal:
        decode_reply(envelope)
    assert sentence in str(refusal.value)


def test_a_peer_one_wire_version_ahead_is_understood():
    assert decode(altered(COMMAND, "wire", 2)) == decode(COMMAND)
    assert decode_reply(altered(REPLY, "wire", 2)) == decode_reply(REPLY)


def test_unknown_headers_are_left_to_later_versions():
    assert decode(altered(COMMAND, "colour", "blue")) == decode(COMMAND)


def test_an_empty_trace_is_none():
    assert decode(altered(COMMAND, "traceparent", "")) == decode(COMMAND)


def test_headers_that_a_client_library_gives_as_bytes_are_read():
    assert decode(altered(COMMAND, "step", b"reserve-stock")) == decode(COMMAND)


@pytest.mark.parametrize("kind", [ReplyType.SUCCEEDED, ReplyType.CANCELLED])
def test_I2_only_a_failure_can_be_final(kind):
    assert not decode_reply(altered(REPLY, "final", True, type=kind.value)).final


def test_I2_a_failure_without_the_header_is_not_final():
    assert not decode_reply(altered(REPLY, type="Failed")).final


def test_a_failure_carries_code_and_message():
    reply = decode_reply(altered(REPLY, type="Failed", body=b'{"code": "OutOfStock", "message": "no horn"}'))
    assert (reply.code, reply.message) == ("OutOfStock", "no horn")
    nameless = decode_reply(altered(REPLY, type="Failed"))
    assert (nameless.code, nameless.message) == ("Unknown", "")


def test_I1_what_would_arrive_changed_is_not_sent():
    with pytest.raises(NotRepresentable, match=r"\$\.amount: the integer"):
        encode(dataclasses.replace(decode(COMMAND), input={"amount": 2**53}))
