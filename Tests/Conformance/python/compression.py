"""The cases with compressed messages. The C core does not show Python which messages came compressed, so the answers of
`server_compressed_*` are only compared; a server sees whether the requests of `client_compressed_*` are compressed."""

import os

import grpc
from cases import CALL_SECONDS, expect, expect_status, expect_zeros, stub, zeros
from stubs import messages_pb2

GZIP = grpc.Compression.Gzip
INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT
TRUE, FALSE = messages_pb2.BoolValue(value=True), messages_pb2.BoolValue(value=False)


def _unary(channel, compression=None, **fields):
    request = messages_pb2.SimpleRequest(response_size=314159, payload=zeros(271828), **fields)
    answer = stub(channel).UnaryCall(request, timeout=CALL_SECONDS, compression=compression)
    expect_zeros(answer.payload, 314159)


def client_compressed_unary(channel, _):
    expect_status(lambda: _unary(channel, expect_compressed=TRUE), INVALID_ARGUMENT)
    _unary(channel, GZIP, expect_compressed=TRUE)
    _unary(channel, expect_compressed=FALSE)


def client_compressed_streaming(channel, _):
    probe = messages_pb2.StreamingInputCallRequest(expect_compressed=TRUE, payload=zeros(27182))
    expect_status(lambda: stub(channel).StreamingInputCall(iter((probe,)), timeout=CALL_SECONDS), INVALID_ARGUMENT)
    # Python compresses all messages of a call or none, but the core leaves alone what gzip would only make longer.
    noise = messages_pb2.Payload(body=os.urandom(45904))
    requests = (probe, messages_pb2.StreamingInputCallRequest(expect_compressed=FALSE, payload=noise))
    answer = stub(channel).StreamingInputCall(iter(requests), timeout=CALL_SECONDS, compression=GZIP)
    expect("the aggregated size", answer.aggregated_payload_size, 73086)


def server_compressed_unary(channel, _):
    _unary(channel, response_compressed=TRUE)
    _unary(channel, response_compressed=FALSE)


def server_compressed_streaming(channel, _):
    sizes = (31415, 92653)
    parameters = [messages_pb2.ResponseParameters(size=size, compressed=compressed)
                  for size, compressed in zip(sizes, (TRUE, FALSE))]
    request = messages_pb2.StreamingOutputCallRequest(response_parameters=parameters)
    answers = list(stub(channel).StreamingOutputCall(request, timeout=CALL_SECONDS))
    expect("the number of answers", len(answers), len(sizes))
    for answer, size in zip(answers, sizes):
        expect_zeros(answer.payload, size)


CASES = {case.__name__: case for case in (
    client_compressed_unary, client_compressed_streaming, server_compressed_unary, server_compressed_streaming)}
