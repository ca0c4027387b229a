"""The cases of gRPC's interop test descriptions."""

import queue
import time

import grpc
from stubs import empty_pb2, messages_pb2, test_pb2_grpc

CALL_SECONDS = 20
REQUEST_SIZES, RESPONSE_SIZES = (27182, 8, 1828, 45904), (31415, 9, 2653, 58979)
SPECIAL_MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
METADATA = (("x-grpc-test-echo-initial", "test_initial_metadata_value"),
            ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))
SOAK_CALLS, SOAK_CALL_SECONDS = 10, 1


def expect(what, value, expected):
    if value != expected:
        raise AssertionError(f"{what} is {value!r}, not {expected!r}")


def expect_zeros(payload, size):
    expect("the size of the body", len(payload.body), size)
    expect("the body", payload.body == bytes(size), True)


def expect_status(call, code, message=None):
    """`call` makes a call, or reads from one, that must end with that status."""
    try:
        call()
    except grpc.RpcError as error:
        expect("the status", error.code(), code)
        if message is not None:
            expect("the status message", error.details(), message)
        return
    raise AssertionError(f"the call ended with OK, not {code}")


def zeros(size):
    return messages_pb2.Payload(body=bytes(size))


def stub(channel):
    return test_pb2_grpc.TestServiceStub(channel)


def large_request():
    return messages_pb2.SimpleRequest(response_size=314159, payload=zeros(271828))


def ping(request_size, response_size):
    return messages_pb2.StreamingOutputCallRequest(
        response_parameters=[messages_pb2.ResponseParameters(size=response_size)], payload=zeros(request_size))


class Requests:
    """The requests of a stream, as they are wanted."""

    def __init__(self):
        self._waiting = queue.Queue()

    def send(self, request):
        self._waiting.put(request)

    def finish(self):
        self._waiting.put(None)

    def __iter__(self):
        return iter(self._waiting.get, None)


def empty_unary(channel, _):
    expect("the answer", stub(channel).EmptyCall(empty_pb2.Empty(), timeout=CALL_SECONDS), empty_pb2.Empty())


def large_unary(channel, _):
    expect_zeros(stub(channel).UnaryCall(large_request(), timeout=CALL_SECONDS).payload, 314159)


def client_streaming(channel, _):
    requests = (messages_pb2.StreamingInputCallRequest(payload=zeros(size)) for size in REQUEST_SIZES)
    answer = stub(channel).StreamingInputCall(requests, timeout=CALL_SECONDS)
    expect("the aggregated size", answer.aggregated_payload_size, 74922)


def server_streaming(channel, _):
    parameters = [messages_pb2.ResponseParameters(size=size) for size in RESPONSE_SIZES]
    request = messages_pb2.StreamingOutputCallRequest(response_parameters=parameters)
    answers = list(stub(channel).StreamingOutputCall(request, timeout=CALL_SECONDS))
    expect("the number of answers", len(answers), 4)
    for answer, size in zip(answers, RESPONSE_SIZES):
        expect_zeros(answer.payload, size)


def ping_pong(channel, _):
    requests = Requests()
    answers = stub(channel).FullDuplexCall(iter(requests), timeout=CALL_SECONDS)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(ping(request_size, response_size))
        expect_zeros(next(answers).payload, response_size)
    requests.finish()
    expect("what is left", list(answers), [])


def empty_stream(channel, _):
    expect("the answers", list(stub(channel).FullDuplexCall(iter(()), timeout=CALL_SECONDS)), [])


def timeout_on_sleeping_server(channel, _):
    requests = Requests()
    requests.send(messages_pb2.StreamingOutputCallRequest(payload=zeros(27182)))
    answers = stub(channel).FullDuplexCall(iter(requests), timeout=0.001)
    expect_status(lambda: next(answers), grpc.StatusCode.DEADLINE_EXCEEDED)
    requests.finish()


def cancel_after_begin(channel, _):
    requests = Requests()
    call = stub(channel).StreamingInputCall.future(iter(requests))
    call.cancel()
    expect("is cancelled", call.cancelled(), True)
    expect("the status", call.code(), grpc.StatusCode.CANCELLED)
    requests.finish()


def cancel_after_first_response(channel, _):
    requests = Requests()
    answers = stub(channel).FullDuplexCall(iter(requests))
    requests.send(ping(27182, 31415))
    expect_zeros(next(answers).payload, 31415)
    answers.cancel()
    expect_status(lambda: next(answers), grpc.StatusCode.CANCELLED)
    requests.finish()


def status_code_and_message(channel, _):
    status = messages_pb2.EchoStatus(code=2, message="test status message")
    unary = messages_pb2.SimpleRequest(response_status=status)
    duplex = messages_pb2.StreamingOutputCallRequest(response_status=status)
    expect_status(lambda: stub(channel).UnaryCall(unary, timeout=CALL_SECONDS), grpc.StatusCode.UNKNOWN,
                  "test status message")
    answers = stub(channel).FullDuplexCall(iter((duplex,)), timeout=CALL_SECONDS)
    expect_status(lambda: next(answers), grpc.StatusCode.UNKNOWN, "test status message")


def special_status_message(channel, _):
    request = messages_pb2.SimpleRequest(response_status=messages_pb2.EchoStatus(code=2, message=SPECIAL_MESSAGE))
    expect_status(lambda: stub(channel).UnaryCall(request, timeout=CALL_SECONDS), grpc.StatusCode.UNKNOWN,
                  SPECIAL_MESSAGE)


def custom_metadata(channel, _):
    answer, call = stub(channel).UnaryCall.with_call(large_request(), timeout=CALL_SECONDS, metadata=METADATA)
    expect_zeros(answer.payload, 314159)
    _expect_echo(call)
    answers = stub(channel).FullDuplexCall(iter((ping(271828, 314159),)), timeout=CALL_SECONDS, metadata=METADATA)
    expect_zeros(next(answers).payload, 314159)
    expect("what is left", list(answers), [])
    _expect_echo(answers)


def _expect_echo(call):
    expect("the initial metadata", dict(call.initial_metadata()).get(METADATA[0][0]), METADATA[0][1])
    expect("the trailing metadata", dict(call.trailing_metadata()).get(METADATA[1][0]), METADATA[1][1])


def unimplemented_method(channel, _):
    expect_status(lambda: stub(channel).UnimplementedCall(empty_pb2.Empty(), timeout=CALL_SECONDS),
                  grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service(channel, _):
    other = test_pb2_grpc.UnimplementedServiceStub(channel)
    expect_status(lambda: other.UnimplementedCall(empty_pb2.Empty(), timeout=CALL_SECONDS),
                  grpc.StatusCode.UNIMPLEMENTED)


def _soak(call):
    for number in range(1, SOAK_CALLS + 1):
        start = time.monotonic()
        call()
        took = time.monotonic() - start
        if took > SOAK_CALL_SECONDS:
            raise AssertionError(f"call {number} took {took:.1f} s")


def rpc_soak(channel, _):
    _soak(lambda: large_unary(channel, _))


def channel_soak(_, make_channel):
    def call():
        with make_channel() as channel:
            large_unary(channel, make_channel)
    _soak(call)


CASES = {case.__name__: case for case in (
    empty_unary, large_unary, client_streaming, server_streaming, ping_pong, empty_stream, timeout_on_sleeping_server,
    cancel_after_begin, cancel_after_first_response, status_code_and_message, special_status_message, custom_metadata,
    unimplemented_method, unimplemented_service, rpc_soak, channel_soak)}
