import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import RPC

/// `dfs.Trash`: what was removed, for clients that want it back or gone.
struct TrashService: Sendable {
    let metadata: MetadataManager

    func add(to routes: inout ServiceRoutes) {
        routes.unary(Methods.listTrash) { (request: ListTrashRequest, _) in
            let cursor = request.after.isEmpty ? nil : try PathPart(request.after)
            let answer = try await metadata.read { .listTrash(after: cursor, limit: Int(request.limit), $0) }
            guard case .trash(let entries, let hasMore) = answer else { throw MismatchedAnswer.error }
            return ListTrashResponse(
                entries: entries.map { entry in
                    TrashEntry(
                        id: entry.id, removedAt: entry.removedAt, isPurging: entry.isPurging,
                        node: FileStatus(entry.node))
                }, hasMore: hasMore)
        }
        routes.unary(Methods.restore) { (request: RestoreRequest, _) in
            let id = try PathPart(request.id)
            let target = request.target.isEmpty ? nil : try FileName(request.target)
            _ = try await metadata.ask { .restore(id, to: target, request: request.requestID, $0) }
            return RestoreResponse()
        }
        routes.unary(Methods.emptyTrash) { (request: EmptyTrashRequest, _) in
            let id = request.id.isEmpty ? nil : try PathPart(request.id)
            _ = try await metadata.ask { .emptyTrash(id, request: request.requestID, $0) }
            return EmptyTrashResponse()
        }
    }
}
