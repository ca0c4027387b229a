"""grpc.testing.TestService over gRPC's C core."""

import argparse
import time
from concurrent import futures

import grpc
from stubs import empty_pb2, messages_pb2, test_pb2_grpc

THREADS = 32
ECHO_INITIAL, ECHO_TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"


def zeros(size):
    return messages_pb2.Payload(body=bytes(size))


def echo_metadata(context):
    for key, value in context.invocation_metadata():
        if key == ECHO_INITIAL:
            context.send_initial_metadata(((key, value),))
        elif key == ECHO_TRAILING:
            context.set_trailing_metadata(((key, value),))


def echo_status(request, context):
    """Ends the call with the status that the request names, if it names one."""
    if request.HasField("response_status") and request.response_status.code != 0:
        wanted = request.response_status
        code = next((code for code in grpc.StatusCode if code.value[0] == wanted.code), grpc.StatusCode.UNKNOWN)
        context.abort(code, wanted.message)


def answers(request, context):
    echo_status(request, context)
    for wanted in request.response_parameters:
        if wanted.interval_us:
            time.sleep(wanted.interval_us / 1e6)
        if wanted.HasField("compressed") and not wanted.compressed.value:
            context.disable_next_message_compression()
        yield messages_pb2.StreamingOutputCallResponse(payload=zeros(wanted.size))


class TestService(test_pb2_grpc.TestServiceServicer):
    """What is not here is UNIMPLEMENTED."""

    def EmptyCall(self, request, context):
        echo_metadata(context)
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        if request.HasField("response_compressed"):
            context.set_compression(
                grpc.Compression.Gzip if request.response_compressed.value else grpc.Compression.NoCompression)
        echo_metadata(context)
        echo_status(request, context)
        return messages_pb2.SimpleResponse(payload=zeros(request.response_size))

    def StreamingOutputCall(self, request, context):
        if any(wanted.compressed.value for wanted in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        echo_metadata(context)
        yield from answers(request, context)

    def StreamingInputCall(self, requests, context):
        echo_metadata(context)
        size = sum(len(request.payload.body) for request in requests)
        return messages_pb2.StreamingInputCallResponse(aggregated_payload_size=size)

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            yield from answers(request, context)

    def HalfDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in list(requests):
            yield from answers(request, context)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--use_tls", action="store_true")
    parser.add_argument("--tls_cert_file")
    parser.add_argument("--tls_key_file")
    options = parser.parse_args()
    server = grpc.server(futures.ThreadPoolExecutor(THREADS))
    test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
    address = f"localhost:{options.port}"
    if options.use_tls:
        with open(options.tls_key_file, "rb") as key, open(options.tls_cert_file, "rb") as certificate:
            credentials = grpc.ssl_server_credentials([(key.read(), certificate.read())])
        server.add_secure_port(address, credentials)
    else:
        server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
