import ArgumentParser
import BenchSupport
import DFSFiles
import Logging
import NIOPosix
import RPC

/// Answers any unary method with the bytes it got, and the two streams of ``BenchMethods``.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "Serve until killed.")

    @Option(help: "Address to listen on; port 0 lets the system choose.")
    var listen = "127.0.0.1:0"
    @Option(help: "Event loops.")
    var threads = 1
    @Option(help: "PEM file of the certificate; TLS is served then, and nothing else.")
    var tlsCert: String?
    @Option(help: "PEM file of its key.")
    var tlsKey: String?

    func validate() throws {
        guard (tlsCert == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-cert and --tls-key come together")
        }
    }

    func run() async throws {
        // As the programs do that move bulk data.
        ProcessMemory.keepFreedBuffers()
        let address = try HostAndPort(listen)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, threads))
        var configuration = RPCServer.Configuration()
        configuration.maxReceiveMessageBytes = 16 << 20
        configuration.maxSendMessageBytes = 16 << 20
        let logger = Logger(label: "rpc-bench")
        var tls: ServerTLS?
        if let tlsCert, let tlsKey {
            let identity = TLSIdentity(certificateFile: tlsCert, keyFile: tlsKey)
            tls = try ServerTLS(ServerTLS.Configuration(identity: identity), logger: logger)
        }
        let server = RPCServer(
            routes: BenchMethods.routes, configuration: configuration, group: group, logger: logger)
        let port = try await server.listen(host: address.host, port: address.port, tls: tls)
        print("serving on \(address.host):\(port)")
        // Until killed: a benchmark's server has nothing to put in order.
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}

/// The methods that benchmarks call. Messages are bare bytes, no protobuf.
enum BenchMethods {
    static let echo = MethodPath(service: "bench.Unary", method: "Echo")
    /// A client stream; the answer is the number of its bytes, eight bytes, big-endian.
    static let upload = MethodPath(service: "bench.Stream", method: "Upload")
    /// A server stream of what the request asks for: ``DownloadRequest``.
    static let download = MethodPath(service: "bench.Stream", method: "Download")

    static var routes: ServiceRoutes {
        var routes = ServiceRoutes()
        routes.addFallback(atOnce: { message, _ in message }) { call in
            guard let message = try await call.receive() else {
                throw RPCError(.invalidArgument, "a unary call has one message")
            }
            try await call.send(message)
        }
        routes.add(upload) { call in
            var byteCount: UInt64 = 0
            while let message = try await call.receive() { byteCount += UInt64(message.readableBytes) }
            try await call.send(RPCMessage(.init(integer: byteCount)))
        }
        routes.add(download) { call in
            guard let message = try await call.receive(), let request = DownloadRequest(message) else {
                throw RPCError(.invalidArgument, "a download asks by 4 bytes of size and 8 bytes of count")
            }
            let data = RPCMessage(.init(repeating: 7, count: Int(request.messageSize)))
            for _ in 0..<request.messageCount { try await call.send(data) }
        }
        return routes
    }
}

/// Four bytes of message size and eight of message count, big-endian.
struct DownloadRequest {
    var messageSize: UInt32
    var messageCount: UInt64

    var message: RPCMessage {
        var message = RPCMessage(.init(integer: messageSize))
        message.segments.append(.init(integer: messageCount))
        return message
    }
}

extension DownloadRequest {
    init?(_ message: RPCMessage) {
        var bytes = message.contiguous()
        guard let messageSize = bytes.readInteger(as: UInt32.self), messageSize <= 16 << 20,
            let messageCount = bytes.readInteger(as: UInt64.self)
        else { return nil }
        self.init(messageSize: messageSize, messageCount: messageCount)
    }
}
