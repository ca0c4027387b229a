import DFSCore

@testable import DFSMetadata

/// Effects as transcripts show them, one line each.
enum EffectText {
    static func describe(_ effect: Effect) -> String {
        switch effect {
        case .persist(let mutation): "persist \(describe(mutation))"
        case .answer(_, .success(let answer)): "answer \(describe(answer))"
        case .answer(_, .failure(let error)): "refuse \(error.code.rawValue): \(error.message)"
        case .heartbeatResponse(let stream, let batch): "send :\(stream.rawValue / 100) \(describe(batch))"
        case .describe(let server): "describe \(server)"
        case .readBack(let chunk, let server): "read \(chunk) at \(server)"
        case .fence(let chunk, let server): "fence \(chunk.chunk) for \(chunk.version) at \(server)"
        case .seal(let chunk, let length, let server):
            "seal \(chunk.chunk) of \(chunk.version) with \(length) bytes at \(server)"
        case .log(let notice): "log \(notice)".replacing("DFSMetadata.", with: "").replacing("DFSCore.", with: "")
        }
    }

    private static func describe(_ mutation: Mutation) -> String {
        switch mutation {
        case .begin(let header, _): "begin \(header.id) \(header.name) by \(header.writer)"
        case .allocate(let file, let index, let servers):
            "allocate \(file) \(index)" + (servers.isEmpty ? "" : " on \(join(servers))")
        case .seal(let file, let digests, _): "seal \(file) \(digests.map(describe).joined(separator: " "))"
        case .purgeThrough(let id): "purge all through \(id)"
        case .forgetTombstone(let file): "forget the tombstone of \(file)"
        case .use(let period): "use from \(period.beganAt) to \(period.endedAt)"
        case .abandon(let tombstone): "abandon \(tombstone.file) of \(tombstone.chunkCount) chunks"
        case .openChunk(let file, let index, let version, let servers, let former):
            "open chunk \(file) \(index) version \(version) on \(join(servers))"
                + (former.isEmpty ? "" : ", before on \(join(former))")
        case .raiseVersion(let file, let index, let version): "raise \(file) \(index) to version \(version)"
        case .noteStale(let file, let index, let servers): "stale \(file) \(index) on \(join(servers))"
        case .sealChunk(let file, let index, _, let digest, _): "seal chunk \(file) \(index) \(describe(digest))"
        case .setServer(let record): "server \(record.address) is \(record.state.name)"
        case .setReplication, .setAttributes, .makeFolder, .move, .removeFolder, .trash, .purge, .forgetTrash,
            .remember, .forgetRequests:
            "\(mutation)"
        }
    }

    private static func describe(_ answer: Answer) -> String {
        switch answer {
        case .registered: "registered"
        case .reported(let unwanted, let expendable):
            "reported, unwanted: \(unwanted)" + (expendable.isEmpty ? "" : ", expendable: \(expendable)")
        case .targets(let servers): "targets \(join(servers))"
        case .created(let file, let size, let copies): "created \(file) chunks of \(size), \(copies) copies"
        case .allocated(let chunk, let servers): "allocated \(chunk) on \(join(servers))"
        case .completed: "completed"
        case .abandoned: "abandoned"
        case .uploadState(let state):
            "upload of \(state.allocatedCount) chunks: \(state.chunks.map(describe).joined(separator: " "))"
                + (state.mayGrow ? ", may grow" : "")
        case .opened(let file): "opened \(file.length) bytes: \(file.chunks.map(describe).joined(separator: " "))"
        case .appending(let place): "appending to \(place.chunk.chunk) on \(join(place.servers)) from \(place.start)"
        case .leases(let answer): "leases \(answer.granted.map(\.chunk.chunk)), refused \(answer.refused)"
        case .done: "done"
        case .status(let node): "status \(node.name)"
        case .listed(let nodes, let hasMore): "listed \(nodes.map(\.name)), more: \(hasMore)"
        case .trash(let entries, let hasMore): "trash \(entries.map(\.node.name)), more: \(hasMore)"
        case .servers(let servers, let hasMore): "servers \(join(servers.map(\.address))), more: \(hasMore)"
        case .adminState(let standing):
            "server \(standing.server) is \(standing.state.name)\(standing.isReady ? ", ready" : ""), "
                + "\(standing.blockingCount) chunks block"
        case .balance(let standing): "balance \(standing.order == nil ? "off" : "on"), \(standing.moving) moving"
        case .summary(let summary): "summary: \(summary.chunks) chunks"
        case .repair(let status): "repair: \(status.waiting) wait"
        case .checked(let page): "checked \(page.files.map(\.path)), end: \(page.end?.parts.map(\.text) ?? [])"
        case .fileInfo(let chunks): "info \(chunks.map(describe).joined(separator: " "))"
        }
    }

    private static func describe(_ batch: TaskBatch) -> String {
        let tasks = batch.copies.map { "copy \($0.chunk) to \($0.target)" } + batch.deletions.map { "delete \($0)" }
        return tasks.isEmpty ? "nothing" : tasks.joined(separator: ", ")
    }

    private static func describe(_ chunk: LocatedChunk) -> String {
        "\(chunk.id):\(chunk.digest.map(describe) ?? "open")@\(join(chunk.servers))"
    }

    private static func describe(_ digest: Digest) -> String { "\(digest.length)/\(digest.crc32c)" }

    private static func join(_ servers: [ServerAddress]) -> String {
        servers.map(\.description).joined(separator: ",")
    }
}
