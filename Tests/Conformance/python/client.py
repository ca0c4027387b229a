"""gRPC's interop tests over gRPC's C core: one line a case, `PASSED <case>` or `FAILED <case>: <why>`."""

import argparse
import sys

import cases
import compression
import grpc
import services


def channel_to(options):
    target = f"{options.server_host}:{options.server_port}"
    if not options.use_tls:
        return grpc.insecure_channel(target)
    roots = None
    if options.ca_file:
        with open(options.ca_file, "rb") as file:
            roots = file.read()
    override = options.server_host_override
    settings = [("grpc.ssl_target_name_override", override)] if override else []
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(roots), settings)


def run(case, make_channel):
    """None where the case passed, else why not."""
    try:
        with make_channel() as channel:
            case(channel, make_channel)
    except grpc.RpcError as error:
        return f"{error.code()}: {error.details()}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server_host", default="localhost")
    parser.add_argument("--server_port", type=int, required=True)
    parser.add_argument("--test_case", required=True)
    parser.add_argument("--use_tls", action="store_true")
    parser.add_argument("--ca_file")
    parser.add_argument("--server_host_override")
    options = parser.parse_args()
    known = {**cases.CASES, **compression.CASES, **services.CASES}
    failed = False
    for name in list(known) if options.test_case == "all" else options.test_case.split(","):
        problem = run(known[name], lambda: channel_to(options))
        failed = failed or problem is not None
        print(f"FAILED {name}: {problem}" if problem else f"PASSED {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
