"""A client over gRPC's C core, the third implementation beside Swift and Go. It follows the Go client's order of calls
but not its faults: `get` fails when a chunk cannot be read, and replaces the local file as a whole.

    dfs_client.py [--master host:port] put <local-file> <remote-name>
    dfs_client.py [--master host:port] get <remote-name> <local-dir>
    dfs_client.py [--master host:port] info <remote-name>...  prints a JSON object: per name its chunks in index order,
                                                              or the error as a text
    dfs_client.py [--master host:port] answer                 does that for each line of standard input, a JSON list

Exit codes: 0 done, 1 failed, 2 usage, 5 the master answered UNAVAILABLE. The environment variable
DFS_UPLOAD_SECONDS stretches each upload over that many seconds, to let heartbeats fall into it.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import grpc

import chunkService_pb2 as chunkpb
import chunkService_pb2_grpc as chunkgrpc
import masterService_pb2 as masterpb
import masterService_pb2_grpc as mastergrpc

CHUNK_BYTES = 64 << 20
DATA_BYTES = 64 << 10
CALL_SECONDS = 60
EXIT_UNAVAILABLE = 5


def target(address):
    """gRPC's C core wants a host; in a DFS address none means this machine."""
    return "localhost" + address if address.startswith(":") else address


class Client:
    """Keeps one channel to the master and one to each chunk server."""

    def __init__(self, master):
        self.master = mastergrpc.MasterServiceStub(grpc.insecure_channel(target(master)))
        self.servers = {}

    def server(self, address):
        if address not in self.servers:
            self.servers[address] = chunkgrpc.ChunkServiceStub(grpc.insecure_channel(target(address)))
        return self.servers[address]

    def put(self, local, remote):
        with open(local, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            for index in range((size + CHUNK_BYTES - 1) // CHUNK_BYTES):
                request = masterpb.AllocateChunkRequest(file_name=remote, chunk_index=index)
                placed = self.master.AllocateChunk(request, timeout=CALL_SECONDS)
                self.put_chunk(file, index, placed)

    def put_chunk(self, file, index, placed):
        """The first replica that takes the chunk is enough, as for the Go client."""
        failures = []
        for address in placed.replica_servers:
            file.seek(index * CHUNK_BYTES)
            try:
                messages = chunk_messages(file, placed.chunk_id)
                if self.server(address).UploadChunk(messages, timeout=CALL_SECONDS).success:
                    return
                failures.append(f"{address}: not successful")
            except grpc.RpcError as error:
                failures.append(f"{address}: {error.code().name} {error.details()}")
        raise RuntimeError(f"no replica took chunk {placed.chunk_id}: {'; '.join(failures)}")

    def get(self, remote, folder):
        final = Path(folder) / remote
        final.parent.mkdir(parents=True, exist_ok=True)
        partial = final.with_name(final.name + ".partial")
        try:
            with open(partial, "wb") as file:
                for chunk in self.chunks(remote):
                    self.get_chunk(file, chunk)
            partial.replace(final)
        finally:
            partial.unlink(missing_ok=True)

    def get_chunk(self, file, chunk):
        start, failures = file.tell(), []
        for address in chunk.replica_servers:
            try:
                request = chunkpb.DownloadChunkRequest(chunk_id=chunk.chunk_id)
                for expected, message in enumerate(self.server(address).DownloadChunk(request, timeout=CALL_SECONDS)):
                    if message.seq_no != expected:
                        raise RuntimeError(f"message {message.seq_no} where {expected} was due")
                    file.write(message.data)
                return
            except grpc.RpcError as error:
                failures.append(f"{address}: {error.code().name} {error.details()}")
                file.seek(start)
                file.truncate()
        raise RuntimeError(f"no replica gave chunk {chunk.chunk_id}: {'; '.join(failures) or 'there is none'}")

    def chunks(self, remote):
        """The chunks in index order."""
        found = self.master.GetFileInfo(masterpb.GetFileInfoRequest(file_name=remote), timeout=CALL_SECONDS)
        return sorted(found.file_info, key=lambda chunk: int(chunk.chunk_id.rpartition("_")[2]))

    def info(self, remotes):
        found = {}
        for remote in remotes:
            try:
                found[remote] = [{"id": c.chunk_id, "replicas": list(c.replica_servers)} for c in self.chunks(remote)]
            except grpc.RpcError as error:
                found[remote] = f"{error.code().name}: {error.details()}"
        print(json.dumps(found), flush=True)

    def answer(self):
        for line in sys.stdin:
            self.info(json.loads(line))


def chunk_messages(file, chunk_id):
    """The messages of one chunk, from where the file stands."""
    size = min(CHUNK_BYTES, os.fstat(file.fileno()).st_size - file.tell())
    count = (size + DATA_BYTES - 1) // DATA_BYTES
    pause = float(os.environ.get("DFS_UPLOAD_SECONDS", 0)) / max(count, 1)
    for seq_no in range(count):
        data = file.read(min(DATA_BYTES, size - seq_no * DATA_BYTES))
        time.sleep(pause) if pause else None
        yield chunkpb.ChunkData(chunk_id=chunk_id, data=data, seq_no=seq_no)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--master", "-master", default="localhost:8000")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, arguments in {"put": ("local", "remote"), "get": ("remote", "folder")}.items():
        command = commands.add_parser(name)
        for argument in arguments:
            command.add_argument(argument)
    commands.add_parser("info").add_argument("remotes", nargs="+")
    commands.add_parser("answer")
    options = vars(parser.parse_args())
    client = Client(options.pop("master"))
    try:
        getattr(client, options.pop("command"))(**options)
    except grpc.RpcError as error:
        print(f"dfs_client: {error.code().name}: {error.details()}", file=sys.stderr)
        sys.exit(EXIT_UNAVAILABLE if error.code() == grpc.StatusCode.UNAVAILABLE else 1)
    except (OSError, RuntimeError) as error:
        print(f"dfs_client: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
