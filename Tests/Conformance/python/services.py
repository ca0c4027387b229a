"""The standard services of a server of ours, asked as tools without .proto files ask them."""

import grpc
from cases import CALL_SECONDS, expect, expect_status
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from stubs import alpha_pb2, alpha_pb2_grpc, health_pb2, health_pb2_grpc, reflection_pb2, reflection_pb2_grpc

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_FOUND = grpc.StatusCode.NOT_FOUND.value[0]


def health_check(channel, _):
    health = health_pb2_grpc.HealthStub(channel)
    services = Reflection(channel, reflection_pb2, reflection_pb2_grpc).services()
    own = [name for name in services if not name.startswith(("grpc.health.", "grpc.reflection."))]
    for name in ["", *own]:
        answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=CALL_SECONDS)
        expect(f"the status of {name!r}", answer.status, SERVING)
    expect_status(lambda: health.Check(health_pb2.HealthCheckRequest(service="no.Service"), timeout=CALL_SECONDS),
                  grpc.StatusCode.NOT_FOUND)


def health_watch(channel, _):
    health = health_pb2_grpc.HealthStub(channel)
    for name, status in (("", SERVING), ("no.Service", health_pb2.HealthCheckResponse.SERVICE_UNKNOWN)):
        changes = health.Watch(health_pb2.HealthCheckRequest(service=name), timeout=CALL_SECONDS)
        expect(f"the status of {name!r}", next(changes).status, status)
        changes.cancel()
        expect_status(lambda: next(changes), grpc.StatusCode.CANCELLED)


def reflection_v1(channel, _):
    _describe_and_call(channel, Reflection(channel, reflection_pb2, reflection_pb2_grpc))


def reflection_v1alpha(channel, _):
    _describe_and_call(channel, Reflection(channel, alpha_pb2, alpha_pb2_grpc))


class Reflection:
    """Questions to a server's reflection, each on a stream of its own."""

    def __init__(self, channel, messages, services):
        self._messages, self._stub = messages, services.ServerReflectionStub(channel)

    def ask(self, **question):
        request = self._messages.ServerReflectionRequest(**question)
        answer, = self._stub.ServerReflectionInfo(iter((request,)), timeout=CALL_SECONDS)
        expect("the original request", answer.original_request, request)
        return answer

    def services(self):
        return [service.name for service in self.ask(list_services="").list_services_response.service]

    def files(self, symbol):
        """The file that declares the symbol, and what it imports, imported ones first."""
        answer = self.ask(file_containing_symbol=symbol).file_descriptor_response
        files = [descriptor_pb2.FileDescriptorProto.FromString(file) for file in answer.file_descriptor_proto]
        return files[::-1]


def _describe_and_call(channel, reflection):
    """Every service listed can be described, and those with an empty request called, by nothing but reflection."""
    pool, added = descriptor_pool.DescriptorPool(), set()
    services = reflection.services()
    for name in services:
        for file in reflection.files(name):
            if file.name not in added:
                added.add(file.name)
                pool.Add(file)
    called = [name for name in services if _call_empty_method(channel, pool.FindServiceByName(name))]
    if not called:
        raise AssertionError(f"no service has a method to try: {services}")
    for unknown in ({"file_by_filename": "no.proto"}, {"file_containing_symbol": "no.Symbol"}):
        expect(f"the error for {unknown}", reflection.ask(**unknown).error_response.error_code, NOT_FOUND)
    extension = {"containing_type": "no.Message", "extension_number": 1}
    expect("the error for an extension",
           reflection.ask(file_containing_extension=extension).error_response.error_code, NOT_FOUND)


def _call_empty_method(channel, service):
    """Calls the service's first unary method whose request has no fields; says whether there is one."""
    for method in service.methods:
        if method.client_streaming or method.server_streaming or method.input_type.fields:
            continue
        call = channel.unary_unary(
            f"/{service.full_name}/{method.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString)
        call(message_factory.GetMessageClass(method.input_type)(), timeout=CALL_SECONDS)
        return True
    return False


CASES = {case.__name__: case for case in (health_check, health_watch, reflection_v1, reflection_v1alpha)}
