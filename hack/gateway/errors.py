"""What can be wrong with the gateway file, as seen from Envoy."""


class GatewayError(ValueError):
    """The gateway cannot be configured so; the message says what is wrong and where."""


class UnsupportedFeature(GatewayError):
    """The file uses a part of Kong that the compiler does not know. ``path`` and ``feature`` say which, and where."""

    def __init__(self, path: str, feature: str) -> None:
        super().__init__(f"{path}: {feature}; teach hack/gateway what it means in Envoy, or leave it out of the file")
        self.path = path
        self.feature = feature
