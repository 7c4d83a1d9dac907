"""The plugins that the compiler knows, each with exactly the settings that it can translate."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Header = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]+$")]
HeaderLine = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]+:\S.*$")]
LOG_FIELDS = {
    "request.headers": "return nil",
    "request.id": 'return kong.request.get_header("X-Request-ID")',
    "request.querystring": "return nil",
    "request.uri": "return kong.request.get_path()",
    "request.url": "return nil",
    "response.headers": "return nil",
    "upstream_uri": "return nil",
}
"""What file-log must change about Kong's own log line; Envoy's line is written so from the start."""


class _Config(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class _Plugin(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="name"):
    pass


def _must(name: str, value: object, wanted: object, why: str) -> None:
    if value != wanted:
        raise ValueError(f"{name} must be {wanted!r}: {why}")


class JwtConfig(_Config, frozen=True):
    """A signed token that has not expired, in the Authorization header and nowhere else."""

    key_claim_name: Literal["kid"]
    claims_to_verify: list[str]
    maximum_expiration: Annotated[int, Meta(ge=1)]
    """Seconds that a token may live."""
    header_names: list[str]
    uri_param_names: list[str]
    cookie_names: list[str]
    run_on_preflight: bool

    def __post_init__(self) -> None:
        _must("claims_to_verify", self.claims_to_verify, ["exp"], "Envoy checks nbf always and needs exp only")
        _must("header_names", self.header_names, ["authorization"], "Envoy is told to look there")
        _must("uri_param_names", self.uri_param_names, [], "a token in a URL ends in logs")
        _must("cookie_names", self.cookie_names, [], "a cookie is sent by other sites too")
        _must("run_on_preflight", self.run_on_preflight, wanted=False, why="a preflight carries no token")


class Jwt(_Plugin, frozen=True, tag="jwt"):
    """Who calls."""

    config: JwtConfig


class RateLimitingConfig(_Config, frozen=True):
    """So many requests a minute, by address or by header."""

    minute: Annotated[int, Meta(ge=1)]
    limit_by: Literal["ip", "header"]
    policy: Literal["local"]
    fault_tolerant: bool
    header_name: Header | None = None

    def __post_init__(self) -> None:
        _must("fault_tolerant", self.fault_tolerant, wanted=False, why="a local counter cannot fail")
        if (self.limit_by == "header") != (self.header_name is not None):
            raise ValueError("header_name belongs to limit_by: header, and that needs it")


class RateLimiting(_Plugin, frozen=True, tag="rate-limiting"):
    """How often."""

    config: RateLimitingConfig


class CorrelationIdConfig(_Config, frozen=True):
    """A name for each request; the client's own is kept."""

    header_name: Literal["X-Request-ID"]
    generator: Literal["uuid"]
    echo_downstream: bool

    def __post_init__(self) -> None:
        _must("echo_downstream", self.echo_downstream, wanted=True, why="the client quotes it when it asks for help")


class CorrelationId(_Plugin, frozen=True, tag="correlation-id"):
    """Which request a log line is of."""

    config: CorrelationIdConfig


class CorsConfig(_Config, frozen=True):
    """Which other sites' pages may call."""

    origins: Annotated[list[Annotated[str, Meta(pattern=r"^https?://[a-z0-9.:-]+$")]], Meta(min_length=1)]
    methods: list[str]
    headers: list[Header]
    exposed_headers: list[Header]
    max_age: int
    credentials: bool
    preflight_continue: bool

    def __post_init__(self) -> None:
        _must("preflight_continue", self.preflight_continue, wanted=False, why="services know nothing of CORS")


class Cors(_Plugin, frozen=True, tag="cors"):
    """From where, as a browser sees it."""

    config: CorsConfig


class SizeConfig(_Config, frozen=True):
    """How large a body may be."""

    allowed_payload_size: Annotated[int, Meta(ge=1)]
    size_unit: Literal["megabytes"]
    require_content_length: bool

    def __post_init__(self) -> None:
        _must("require_content_length", self.require_content_length, wanted=False, why="Envoy counts the bytes instead")


class RequestSize(_Plugin, frozen=True, tag="request-size-limiting"):
    """How much."""

    config: SizeConfig


class RemoveHeaders(_Config, frozen=True):
    """By name."""

    headers: list[Header]


class AddHeaders(_Config, frozen=True):
    """As ``Name:value``; one that is there stays as it is."""

    headers: list[HeaderLine]


class RequestTransformerConfig(_Config, frozen=True):
    """What a client may not tell a service."""

    remove: RemoveHeaders


class RequestTransformer(_Plugin, frozen=True, tag="request-transformer"):
    """Headers that never reach a service."""

    config: RequestTransformerConfig


class ResponseTransformerConfig(_Config, frozen=True):
    """What a client is told besides the answer."""

    remove: RemoveHeaders
    add: AddHeaders


class ResponseTransformer(_Plugin, frozen=True, tag="response-transformer"):
    """Headers that every answer has, or never."""

    config: ResponseTransformerConfig


class FileLogConfig(_Config, frozen=True):
    """Where the access log goes."""

    path: str
    custom_fields_by_lua: dict[str, str]

    def __post_init__(self) -> None:
        _must(
            "custom_fields_by_lua", self.custom_fields_by_lua, LOG_FIELDS, "no other change of the line is translated"
        )


class FileLog(_Plugin, frozen=True, tag="file-log"):
    """One JSON object per request."""

    config: FileLogConfig


class PrometheusConfig(_Config, frozen=True):
    """Envoy's admin port shows all of these always."""

    status_code_metrics: bool
    latency_metrics: bool
    bandwidth_metrics: bool
    upstream_health_metrics: bool
    per_consumer: bool

    def __post_init__(self) -> None:
        _must("per_consumer", self.per_consumer, wanted=False, why="Envoy knows no consumers")


class Prometheus(_Plugin, frozen=True, tag="prometheus"):
    """Numbers for the operator of the gateway."""

    config: PrometheusConfig


RoutePlugin = Jwt | RateLimiting
ServicePlugin = Jwt
GlobalPlugin = (
    CorrelationId | Cors | RequestSize | RateLimiting | RequestTransformer | ResponseTransformer | FileLog | Prometheus
)
