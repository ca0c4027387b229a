"""Imports the generated modules of grpc/testing, grpc/health and grpc/reflection.

Their packages lie below `grpc`, which is the library's own package; it is told to look among the stubs, too.
"""

import os

import grpc

grpc.__path__.append(os.path.join(os.environ["DFS_STUBS"], "grpc"))

from grpc.health.v1 import health_pb2, health_pb2_grpc  # noqa: E402,F401
from grpc.reflection.v1 import reflection_pb2, reflection_pb2_grpc  # noqa: E402,F401
from grpc.reflection.v1alpha import reflection_pb2 as alpha_pb2  # noqa: E402,F401
from grpc.reflection.v1alpha import reflection_pb2_grpc as alpha_pb2_grpc  # noqa: E402,F401
from grpc.testing import empty_pb2, messages_pb2, test_pb2_grpc  # noqa: E402,F401
