"""The chart's alert rules, and for each what must wake somebody and what, though nearly the same, must not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.chart.renders import Object

Series = Mapping[str, str]
"""Series -> its values every 15 seconds from time 0 on, as promtool writes them."""

SHOP: Final = 'namespace="shop"'
WEB: Final = f'{SHOP}, job="orders-web"'
GRPC: Final = f'{SHOP}, job="catalog-grpc"'
OPERATOR: Final = f'{SHOP}, job="saga-operator"'
WORKER: Final = f'{SHOP}, job="orders-worker"'
GATEWAY: Final = f'{SHOP}, job="gateway-metrics"'
BROKER: Final = f'{SHOP}, job="rabbitmq"'
MEMORY: Final = f"rabbitmq_alarms_memory_used_watermark{{{BROKER}}}"
DISK: Final = f"rabbitmq_alarms_free_disk_space_watermark{{{BROKER}}}"
ON_A, ON_B = 'pod="a"', 'pod="b"'


@dataclass(frozen=True)
class Case:
    """One alert at one moment: ``fires`` is what it is for, ``silent`` stays just below."""

    alert: str
    group: str
    at: str
    fires: Series
    silent: Series
    labels: Mapping[str, str] = field(default_factory=dict)
    """What tells one firing of the alert from another."""


CASES: Final = (
    Case(
        "NoReplica", "orders-web", "3m",
        fires={f"up{{{WEB}, {ON_A}}}": "1 0x20", f"up{{{WEB}, {ON_B}}}": "0x20"},
        silent={f"up{{{WEB}, {ON_A}}}": "1x20", f"up{{{WEB}, {ON_B}}}": "0x20"},
    ),
    Case("NoReplica", "orders-web", "3m", fires={}, silent={f"up{{{WEB}}}": "1x20"}),
    Case(
        "NoReplica", "orders-web", "3m",
        fires={'up{namespace="other", job="orders-web"}': "1x20"},
        silent={f"up{{{WEB}}}": "1x20", 'up{namespace="other", job="orders-web"}': "0x20"},
    ),
    Case(
        "NoReplica", "gateway", "3m",
        fires={f'up{{{GATEWAY}, endpoint="keys-metrics"}}': "1x20"},
        silent={f'up{{{GATEWAY}, endpoint="metrics"}}': "1x20"},
    ),
    Case(
        "RequestsFail", "orders-web", "11m",
        fires={f'http_request_total{{{WEB}, status="500"}}': "0+21x60",
               f'http_request_total{{{WEB}, status="200"}}': "0+979x60"},
        silent={f'http_request_total{{{WEB}, status="500"}}': "0+19x60",
                f'http_request_total{{{WEB}, status="200"}}': "0+981x60"},
    ),
    Case(
        "CallsFail", "catalog-grpc", "11m",
        fires={f'grpc_request_duration_seconds_count{{{GRPC}, code="UNAVAILABLE"}}': "0+21x60",
               f'grpc_request_duration_seconds_count{{{GRPC}, code="OK"}}': "0+979x60"},
        silent={f'grpc_request_duration_seconds_count{{{GRPC}, code="UNAVAILABLE"}}': "0+19x60",
                f'grpc_request_duration_seconds_count{{{GRPC}, code="NOT_FOUND"}}': "0+981x60"},
    ),
    Case(
        "NobodyConsumes", "orders-worker", "3m", labels={"queue": "orders.events"},
        fires={f'skald_consuming{{{WORKER}, queue="orders.events", {ON_A}}}': "0x20",
               f'skald_consuming{{{WORKER}, queue="orders.events", {ON_B}}}': "0x20"},
        silent={f'skald_consuming{{{WORKER}, queue="orders.events", {ON_A}}}': "0x20",
                f'skald_consuming{{{WORKER}, queue="orders.events", {ON_B}}}': "1x20"},
    ),
    Case(
        "OutboxLags", "orders-worker", "3m", labels={"outbox": "orders"},
        fires={f'skald_outbox_lag_seconds{{{WORKER}, outbox="orders"}}': "61x20"},
        silent={f'skald_outbox_lag_seconds{{{WORKER}, outbox="orders"}}': "60x20"},
    ),
    Case(
        "SagasNotStarted", "orders-worker", "15m", labels={"answer": "403"},
        fires={f'skald_starter_requests_total{{{WORKER}, request="create", answer="403"}}': "0+1x80"},
        silent={f'skald_starter_requests_total{{{WORKER}, request="create", answer="403"}}': "3x80",
                f'skald_starter_requests_total{{{WORKER}, request="create", answer="409"}}': "0+1x80"},
    ),
    Case(
        "SagasNotStarted", "orders-worker", "15m", labels={"answer": "Unreachable"},
        fires={f'skald_starter_requests_total{{{WORKER}, request="get", answer="Unreachable"}}': "0+1x80"},
        silent={f'skald_starter_requests_total{{{WORKER}, request="get", answer="200"}}': "0+1x80"},
    ),
    Case(
        "UnreadableMessages", "orders-worker", "2m",
        labels={"namespace": "shop", "job": "orders-worker", "queue": "orders.events"},
        fires={f'skald_unreadable_total{{{WORKER}, queue="orders.events"}}': "0 0 1x20"},
        silent={f'skald_unreadable_total{{{WORKER}, queue="orders.events"}}': "1x20"},
    ),
    Case(
        "SagasStalled", "saga-operator", "3m", labels={"reason": "CompensationFailed"},
        fires={f'skald_saga_stalled{{{OPERATOR}, reason="CompensationFailed"}}': "0 0 1x20"},
        silent={f'skald_saga_stalled{{{OPERATOR}, reason="CompensationFailed"}}': "0 0 1x6 0x20"},
    ),
    Case(
        "NobodyRunsSagas", "saga-operator", "2m",
        fires={f"skald_saga_lease_held{{{OPERATOR}, {ON_A}}}": "1 0x20",
               f"skald_saga_lease_held{{{OPERATOR}, {ON_B}}}": "0 0x20"},
        silent={f"skald_saga_lease_held{{{OPERATOR}, {ON_A}}}": "1 0x20",
                f"skald_saga_lease_held{{{OPERATOR}, {ON_B}}}": "0 0 0 0 1x20"},
    ),
    Case(
        "SagaFaults", "saga-operator", "2m", labels={"namespace": "shop", "job": "saga-operator"},
        fires={f"skald_saga_faults_total{{{OPERATOR}}}": "0 0 1x20"},
        silent={f"skald_saga_faults_total{{{OPERATOR}}}": "1x20"},
    ),
    Case(
        "SagasAborted", "saga-operator", "2m", labels={"namespace": "shop", "job": "saga-operator", "phase": "Aborted"},
        fires={f'skald_saga_finished_total{{{OPERATOR}, phase="Aborted"}}': "0 0 1x20"},
        silent={f'skald_saga_finished_total{{{OPERATOR}, phase="Aborted"}}': "1x20",
                f'skald_saga_finished_total{{{OPERATOR}, phase="Compensated"}}': "0+1x20"},
    ),
    Case(
        "OperatorLags", "saga-operator", "6m", labels={"namespace": "shop", "job": "saga-operator"},
        fires={f"skald_saga_loop_lag_seconds{{{OPERATOR}}}": "1.1x40"},
        silent={f"skald_saga_loop_lag_seconds{{{OPERATOR}}}": "1x40"},
    ),
    Case(
        "DeadLetters", "rabbitmq", "2m", labels={"queue": "commands.orders.dead"},
        fires={f'rabbitmq_queue_messages{{{BROKER}, queue="commands.orders.dead"}}': "1x20"},
        silent={f'rabbitmq_queue_messages{{{BROKER}, queue="commands.orders.dead"}}': "0x20",
                f'rabbitmq_queue_messages{{{BROKER}, queue="commands.orders"}}': "9x20"},
    ),
    Case(
        "BrokerBlocksPublishers", "rabbitmq", "2m",
        fires={MEMORY: "1x20", DISK: "0x20"},
        silent={MEMORY: "0 1 0x20", DISK: "0x20"},
    ),
    Case(
        "BrokerBlocksPublishers", "rabbitmq", "2m",
        fires={MEMORY: "0x20", DISK: "1x20"},
        silent={MEMORY: "0x20", DISK: "0 1 0x20"},
    ),
    Case(
        "GatewayAnswersBadly", "gateway", "11m",
        fires={f'kong_http_requests_total{{{GATEWAY}, code="503"}}': "0+21x60",
               f'kong_http_requests_total{{{GATEWAY}, code="200"}}': "0+979x60"},
        silent={f'kong_http_requests_total{{{GATEWAY}, code="503"}}': "0+19x60",
                f'kong_http_requests_total{{{GATEWAY}, code="404"}}': "0+981x60"},
    ),
    Case(
        "GatewayKeysOutOfStep", "gateway", "150s", labels={"namespace": "shop", "job": "gateway-metrics", "pod": "a"},
        fires={f"skald_gateway_keys_in_step_timestamp_seconds{{{GATEWAY}, {ON_A}}}": "15x20"},
        silent={f"skald_gateway_keys_in_step_timestamp_seconds{{{GATEWAY}, {ON_A}}}": "30x20"},
    ),
)  # fmt: skip


def expected(case: Case, group: Object) -> Object:
    """The alert as Prometheus sends it. A text that names a label which the alert has not is a KeyError."""
    (rule,) = (one for one in group["rules"] if one["alert"] == case.alert)
    return {
        "exp_labels": {**rule["labels"], **case.labels},
        "exp_annotations": {
            name: re.sub(r"{{ \$labels\.(\w+) }}", lambda found: case.labels[found[1]], text)
            for name, text in rule["annotations"].items()
        },
    }
