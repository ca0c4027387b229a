import Logging
import NIOCore

/// Logs each call at its end: method, status, time and what was moved.
package struct CallLog: ServerInterceptor, ClientInterceptor {
    private let logger: Logger
    private let level: Logger.Level

    package init(logger: Logger, level: Logger.Level = .debug) {
        self.logger = logger
        self.level = level
    }

    package nonisolated(nonsending) func intercept(
        _ call: ServerCall, next: nonisolated(nonsending) (ServerCall) async throws -> Void
    ) async throws {
        guard logger.logLevel <= level else { return try await next(call) }
        let started = NIODeadline.now()
        func log(_ code: RPCCode) {
            let moved = call.statistics
            logger.log(
                level: level, "call answered",
                metadata: [
                    "method": "\(call.path)", "peer": "\(call.peerHost)", "code": "\(code)",
                    "ms": "\(Self.milliseconds(since: started))", "received": "\(moved.bytesReceived)",
                    "sent": "\(moved.bytesSent)",
                ])
        }
        do {
            try await next(call)
            log(.ok)
        } catch {
            log(Self.code(of: error))
            throw error
        }
    }

    package func intercept<R: Sendable>(
        _ call: OutgoingCall, next: (OutgoingCall) async throws -> R
    ) async throws -> R {
        guard logger.logLevel <= level else { return try await next(call) }
        let started = NIODeadline.now()
        func log(_ code: RPCCode) {
            logger.log(
                level: level, "call made",
                metadata: [
                    "method": "\(call.path)", "code": "\(code)", "ms": "\(Self.milliseconds(since: started))",
                ])
        }
        do {
            let result = try await next(call)
            log(.ok)
            return result
        } catch {
            log(Self.code(of: error))
            throw error
        }
    }

    private static func milliseconds(since start: NIODeadline) -> Int64 {
        (NIODeadline.now() - start).nanoseconds / 1_000_000
    }

    private static func code(of error: any Error) -> RPCCode {
        switch error {
        case let error as RPCError: error.code
        case is CancellationError: .cancelled
        default: .unknown
        }
    }
}
