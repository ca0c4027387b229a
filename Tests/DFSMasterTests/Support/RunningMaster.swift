import DFSCore
import DFSMetadata
import DFSServices
import Foundation
import Logging
import NIOCore
import NIOPosix
import RPC

@testable import DFSMaster

/// A master on a free port of the loopback interface, over a store in a folder of its own.
struct RunningMaster: Sendable {
    let port: UInt16
    let folder: String
    let group: MultiThreadedEventLoopGroup

    /// A new connection to it; the caller closes it.
    func connect() -> ClientChannel {
        ClientChannel(host: "127.0.0.1", port: port, group: group, logger: quiet)
    }

    /// Runs `body` with a connection that is closed at its end.
    func withConnection<Result: Sendable>(_ body: (ClientChannel) async throws -> Result) async throws -> Result {
        let channel = connect()
        do {
            let result = try await body(channel)
            await channel.close()
            return result
        } catch {
            await channel.close()
            throw error
        }
    }

    /// What a kill at this moment leaves of the store, in a new folder.
    func folderAfterKill() throws -> String {
        let copy = temporaryFolder()
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        for name in ["metadata.sqlite", "metadata.sqlite-wal", "cluster-id"]
        where FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
            try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: "\(copy)/\(name)")
        }
        return copy
    }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

func temporaryFolder() -> String {
    FileManager.default.temporaryDirectory.appending(path: "dfs-master-\(UUID().uuidString)").path()
}

/// Runs a master for the time of `body`; its folder is removed at the end.
func withMaster<Result: Sendable>(
    folder: String = temporaryFolder(), policy: ClusterPolicy = ClusterPolicy(),
    _ body: @escaping @Sendable (RunningMaster) async throws -> Result
) async throws -> Result {
    var configuration = Master.Configuration()
    configuration.listen = ServerAddress(host: "127.0.0.1", port: 0)
    configuration.metadataFolder = folder
    configuration.policy = policy
    let master = Master(configuration: configuration, logger: quiet)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let running = RunningMaster(port: try await master.start(), folder: folder, group: group)
    let result: Swift.Result<Result, any Error>
    do {
        result = .success(
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await master.run() }
                defer { tasks.cancelAll() }
                return try await body(running)
            })
    } catch {
        result = .failure(error)
    }
    await master.stop()
    try await group.shutdownGracefully()
    return try result.get()
}

/// Asks until the answer is there; a master needs a moment to hear of a closed connection or of a server.
func eventually<Value>(
    within limit: Duration = .seconds(30), _ ask: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + limit
    while true {
        if let value = try await ask() { return value }
        if ContinuousClock.now > end { throw DFSError(.deadlineExceeded, "it did not come about") }
        try await Task.sleep(for: .milliseconds(20))
    }
}
