"""gRPC to the hub."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import grpc

# A watch may be silent for 10 s. This finds out when the network has gone.
OPTIONS = [("grpc.keepalive_time_ms", 30_000), ("grpc.max_receive_message_length", 8 * 1024 * 1024)]


def connect_to_hub() -> grpc.Channel:
    """Makes a channel from three environment variables; it connects with the first call.

    SWITCHYARD_HUB (default http://127.0.0.1:7700; https: for TLS), SWITCHYARD_CA (PEM file with whom to trust; default: what
    grpcio trusts) and SWITCHYARD_TOKEN (an API key). Raises OSError when the CA file cannot be read.
    """
    hub = urlsplit(os.environ.get("SWITCHYARD_HUB", "http://127.0.0.1:7700"))
    if hub.scheme == "https":
        ca = os.environ.get("SWITCHYARD_CA")
        credentials = grpc.ssl_channel_credentials(Path(ca).read_bytes() if ca else None)
        channel = grpc.secure_channel(hub.netloc, credentials, options=OPTIONS)
    else:
        channel = grpc.insecure_channel(hub.netloc, options=OPTIONS)
    token = os.environ.get("SWITCHYARD_TOKEN")
    return grpc.intercept_channel(channel, WithToken(token)) if token else channel


class CallDetails(grpc.ClientCallDetails):
    """A call's details with further metadata."""

    def __init__(self, details: grpc.ClientCallDetails, metadata: list[tuple[str, str]]) -> None:
        self.method = details.method
        self.timeout = details.timeout
        self.metadata = [*(details.metadata or []), *metadata]
        self.credentials = details.credentials
        self.wait_for_ready = details.wait_for_ready
        self.compression = details.compression


class WithToken(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Sends an API key with every call; call credentials would do so over TLS only."""

    def __init__(self, token: str) -> None:
        self._metadata = [("authorization", f"Bearer {token}")]

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(CallDetails(details, self._metadata), request)

    def intercept_unary_stream(self, continuation, details, request):
        return continuation(CallDetails(details, self._metadata), request)
