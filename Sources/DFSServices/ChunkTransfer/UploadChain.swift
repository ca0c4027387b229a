import DFSCore
import RPC

/// What an upload says of the servers behind the one that receives it.
package struct UploadChain: Sendable, Equatable {
    /// As many as a chunk has replicas at most.
    package static let maxCount = 16

    /// The receiver as its sender calls it.
    package let receiver: ServerAddress
    /// Where the chunk shall go from there, in this order.
    package let targets: [ServerAddress]
    /// For how long the sender waits while the receiver takes nothing; `nil` where it does not say.
    package let stallLimit: Duration?
    /// Bytes a second that the sender wants the receiver to take, 0 for any; `nil` where it does not say.
    package let floor: Int?
    /// For how long the sender waits for the answer behind the last byte; `nil` where it does not say.
    package let answerLimit: Duration?

    /// Reads the chain in the metadata of an UploadChunk call; `nil` where there is none.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` for one that is too long or names a server twice.
    package init?(_ metadata: Metadata) throws(DFSError) {
        let servers = try metadata.addresses(CallMetadata.chain)
        guard let receiver = servers.first else { return nil }
        guard servers.count <= Self.maxCount, Set(servers).count == servers.count else {
            throw DFSError(
                .invalidArgument,
                "a chain of \(servers.count) servers; name each once, and at most \(Self.maxCount)")
        }
        self.receiver = receiver
        targets = Array(servers.dropFirst())
        stallLimit = try metadata.number(CallMetadata.stallLimit, as: Int32.self).map { .milliseconds($0) }
        floor = try metadata.number(CallMetadata.floor, as: Int.self)
        answerLimit = try metadata.number(CallMetadata.answerLimit, as: Int32.self).map { .milliseconds($0) }
    }
}

/// What has become of a chunk along its chain. A server that is neither here nor there has not been tried.
package struct ChainResult: Sendable, Equatable {
    /// The servers that hold the chunk, and what that is worth.
    package var acknowledged: [ServerAddress: ChunkAcknowledgement] = [:]
    /// Those that were tried and failed.
    package var failed: Set<ServerAddress> = []
    /// Of those the ones that took too little, and the bytes that they took in a second.
    package var slow: [ServerAddress: Int] = [:]

    package init() {}

    /// As the trailers of an upload with a chain.
    package var metadata: Metadata {
        var metadata = Metadata()
        metadata.add(CallMetadata.durable, addresses: acknowledged(as: .durable))
        metadata.add(CallMetadata.synced, addresses: acknowledged(as: .syncedUnverified))
        metadata.add(CallMetadata.failed, addresses: failed.sorted())
        if !slow.isEmpty {
            let values = slow.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            metadata.add(CallMetadata.slow, values.joined(separator: ","))
        }
        return metadata
    }

    /// Reads them from the trailers; `nil` from a server that does not heed chains.
    package init?(trailers: Metadata) throws(DFSError) {
        for server in try trailers.addresses(CallMetadata.synced) { acknowledged[server] = .syncedUnverified }
        for server in try trailers.addresses(CallMetadata.durable) { acknowledged[server] = .durable }
        if acknowledged.isEmpty { return nil }
        failed = Set(try trailers.addresses(CallMetadata.failed))
        for text in trailers.all(CallMetadata.slow).flatMap({ $0.split(separator: ",") }) {
            guard let sign = text.lastIndex(of: "="), let rate = Int(text[text.index(after: sign)...]), rate >= 0 else {
                throw DFSError(.invalidArgument, "metadata \(CallMetadata.slow) is \(quoted(String(text)))")
            }
            slow[try ServerAddress(String(text[..<sign]))] = rate
        }
    }

    private func acknowledged(as kind: ChunkAcknowledgement) -> [ServerAddress] {
        acknowledged.filter { $0.value == kind }.keys.sorted()
    }
}

extension Duration {
    /// Whole milliseconds; a longer time than 31 bits hold is told as the longest that they do.
    var milliseconds: Int32 { Int32(min(self / .milliseconds(1), Double(Int32.max))) }
}
