"""Master and chunk server in one process over gRPC's C core, in memory, just enough to be captured as a server."""

import sys
from concurrent import futures

import grpc

import chunkService_pb2 as chunkpb
import chunkService_pb2_grpc as chunkgrpc
import masterService_pb2 as masterpb
import masterService_pb2_grpc as mastergrpc

DATA_BYTES = 64 << 10


class Master(mastergrpc.MasterServiceServicer):
    def __init__(self, server_address):
        self.server_address, self.files = server_address, {}

    def AllocateChunk(self, request, context):
        chunk_id = f"{request.file_name}_{request.chunk_index}"
        if chunk_id in self.files.setdefault(request.file_name, []):
            context.abort(grpc.StatusCode.UNKNOWN, " chunk already exists ")
        self.files[request.file_name].append(chunk_id)
        return masterpb.AllocateChunkResponse(chunk_id=chunk_id, replica_servers=[self.server_address])

    def GetFileInfo(self, request, context):
        if request.file_name not in self.files:
            context.abort(grpc.StatusCode.NOT_FOUND, "no file called “" + request.file_name + "” at 100%")
        chunks = [masterpb.FileChunkInfo(chunk_id=chunk_id, replica_servers=[self.server_address])
                  for chunk_id in self.files[request.file_name]]
        return masterpb.GetFileInfoResponse(file_info=chunks)


class ChunkServer(chunkgrpc.ChunkServiceServicer):
    def __init__(self):
        self.chunks = {}

    def UploadChunk(self, messages, context):
        messages = list(messages)
        self.chunks[messages[0].chunk_id] = b"".join(message.data for message in messages)
        return chunkpb.UploadChunkStatus(success=True)

    def DownloadChunk(self, request, context):
        data = self.chunks[request.chunk_id]
        for seq_no, start in enumerate(range(0, len(data), DATA_BYTES)):
            piece = data[start:start + DATA_BYTES]
            yield chunkpb.ChunkData(chunk_id=request.chunk_id, data=piece, seq_no=seq_no)


def serve(port, server_address):
    server = grpc.server(futures.ThreadPoolExecutor(4))
    mastergrpc.add_MasterServiceServicer_to_server(Master(server_address), server)
    chunkgrpc.add_ChunkServiceServicer_to_server(ChunkServer(), server)
    server.add_insecure_port(f"localhost:{port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
