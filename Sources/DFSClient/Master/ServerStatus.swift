import DFSServices
import DFSWire

/// A chunk server as the master sees it.
public struct ServerStatus: Sendable, Equatable {
    /// Whose software a chunk server runs.
    public enum Kind: String, Sendable {
        /// One of ours.
        case swift
        /// A node of the Go original.
        case go
        /// The master has not been told yet.
        case unknown
    }

    /// As it was registered.
    public let address: String
    /// Whose software it runs.
    public let kind: Kind
    /// Kept by a Swift node in its folder; empty for others.
    public let nodeID: String
    /// Where it stands in the network: as it told, or made of its host.
    public let location: String
    /// Whether it was heard of within the time after which a server counts as dead.
    public let isAlive: Bool
    /// In seconds since 1970, by the master's clock.
    public let lastHeardAt: Int
    /// Bytes that it had room for when it was last heard of.
    public let freeBytes: Int
    /// Replicas that the master counts on it.
    public let chunkCount: Int
    /// Chunks in its newest list that no file has.
    public let orphanCount: Int
    /// What an operator wants of it.
    public let duty: ServerDuty
    /// Bytes in its copies of files' chunks.
    public let usedBytes: Int
    /// Copies that it was told to make.
    public let copiesOut: Int
    /// Copies that others were told to make on it.
    public let copiesIn: Int
    /// Deletions that it was told of, and its lists do not show yet.
    public let deletions: Int
    /// Since it was last heard of.
    public let silentSeconds: Int

    init(_ status: DFSWire.ServerStatus) {
        address = status.address
        kind = Kind(rawValue: status.kind) ?? .unknown
        nodeID = status.nodeID
        location = status.location
        isAlive = status.isAlive
        lastHeardAt = Int(clamping: status.lastHeardAt)
        freeBytes = Int(clamping: status.freeBytes)
        chunkCount = Int(status.chunkCount)
        orphanCount = Int(status.orphanCount)
        // A master of an older version knows no other state.
        duty = status.state.isEmpty ? .normal : ServerDuty(rawValue: status.state) ?? .unknown
        usedBytes = Int(clamping: status.usedBytes)
        copiesOut = Int(status.copiesOut)
        copiesIn = Int(status.copiesIn)
        deletions = Int(status.deletions)
        silentSeconds = Int(clamping: status.silentSeconds)
    }
}

extension MasterClient {
    /// As ``DFSClient/servers()``.
    public func servers() -> Listing<ServerStatus> {
        Listing { [self] cursor in
            try await requireSwift("list its chunk servers")
            let start = UInt32(cursor) ?? 0
            let response = try await call(
                Methods.listServers, ListServersRequest(start: start), as: ListServersResponse.self)
            let next = start &+ UInt32(clamping: response.servers.count)
            return (response.servers.map { ServerStatus($0) }, response.hasMore && next > start ? "\(next)" : nil)
        }
    }
}
