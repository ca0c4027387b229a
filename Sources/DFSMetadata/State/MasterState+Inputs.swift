import DFSCore

// What each input is to which rule.
extension MasterState {
    /// Carries one input out. One list of all of them, so that the compiler sees that none is left without an answer.
    mutating func handle(_ input: Input) {
        switch input {
        case .tick: tick()
        case .goOn:
            workOffBacklog(Self.countPerTurn)
            if hasPurges { purgeTrash(Self.maxPurgesPerTurn) }
        case .register(let report, let call): register(report, call)
        case .heartbeat(let report, let stream): heartbeat(report, stream)
        case .inventory(let report, let stream): heartbeat(report, stream)
        case .heartbeatStreamEnded(let address, let stream): heartbeatStreamEnded(address, stream)
        case .serverLeft(let address, let stream): serverLeft(address, stream)
        case .described(let address, let kind, let nodeID, let location):
            described(address, kind, nodeID: nodeID, location)
        case .report(let report, let call): take(report, call)
        case .targets(let chunk, let asker, let call):
            answer(call) { state throws(DFSError) in .targets(state.forward(chunk, from: asker)) }
        case .readBack(let chunk, let address, let finding): conclude(chunk, address, finding)
        case .openAppend(let request, let call):
            answer(call) { state throws(DFSError) in try state.openAppend(request) }
        case .closeAppend(let name, let writer, let call):
            answer(call) { state throws(DFSError) in try state.closeAppend(name, writer) }
        case .renewLeases(let request, let call):
            answer(call) { state throws(DFSError) in try state.renewLeases(request) }
        case .fenced(let chunk, let server, let answer): fenced(chunk, server, answer)
        case .chunkSealed(let chunk, let length, let server, let crc32c):
            sealed(chunk, length, server, crc32c: crc32c)
        case .damage(let chunk, let address, let call):
            answer(call) { state throws(DFSError) in state.suspect(chunk, at: address) }
        case .create(let request, let call):
            answer(call) { state throws(DFSError) in try state.create(request) }
        case .allocate(let request, let call):
            answer(call) { state throws(DFSError) in try state.allocate(request) }
        case .complete(let request, let call):
            answer(call) { state throws(DFSError) in try state.complete(request) }
        case .abandon(let upload, let call):
            answer(call) { state throws(DFSError) in try state.giveUp(upload) }
        case .leave(let upload, let connection, let call):
            answer(call) { state throws(DFSError) in state.leave(upload, connection) }
        case .uploadState(let upload, let call):
            answer(call) { state throws(DFSError) in try state.uploadState(upload) }
        case .renewUpload(let upload, let connection, let call):
            answer(call) { state throws(DFSError) in try state.renew(upload, over: connection) }
        case .open(let name, let reader, let connection, let call):
            answer(call) { state throws(DFSError) in try state.open(name, near: reader, connection) }
        case .fileInfo(let name, let connection, let call):
            answer(call) { state throws(DFSError) in try state.fileInfo(name, connection) }
        case .lookUp(let path, let call):
            answer(call) { state throws(DFSError) in try state.lookUp(path) }
        case .list(let folder, let cursor, let limit, let call):
            answer(call) { state throws(DFSError) in try state.list(folder, after: cursor, limit: limit) }
        case .makeFolder(let name, let call):
            answer(call) { state throws(DFSError) in try state.makeFolder(name) }
        case .rename(let request, let call):
            answer(call) { state throws(DFSError) in
                try state.once(request.id) { state throws(DFSError) in try state.rename(request) }
            }
        case .remove(let request, let call):
            answer(call) { state throws(DFSError) in
                try state.once(request.id) { state throws(DFSError) in try state.remove(request) }
            }
        case .setReplication(let path, let copies, let call):
            answer(call) { state throws(DFSError) in try state.setReplication(path, copies) }
        case .setAttributes(let request, let call):
            answer(call) { state throws(DFSError) in
                try state.once(request.id) { state throws(DFSError) in try state.setAttributes(request) }
            }
        case .listTrash(let cursor, let limit, let call):
            answer(call) { state throws(DFSError) in state.listTrash(after: cursor, limit: limit) }
        case .restore(let id, let target, let request, let call):
            answer(call) { state throws(DFSError) in
                try state.once(request) { state throws(DFSError) in try state.restore(id, to: target) }
            }
        case .emptyTrash(let id, let request, let call):
            answer(call) { state throws(DFSError) in
                try state.once(request) { state throws(DFSError) in try state.emptyTrash(id) }
            }
        case .listServers(let start, let limit, let call):
            answer(call) { state throws(DFSError) in state.listServers(from: start, limit: limit) }
        case .summary(let call): answer(call) { state throws(DFSError) in .summary(state.summary()) }
        case .repairStatus(let call):
            answer(call) { state throws(DFSError) in .repair(state.repairStatus()) }
        case .changeRepair(let change, let call):
            answer(call) { state throws(DFSError) in try state.changeRepair(change) }
        case .checkFiles(let request, let call):
            answer(call) { state throws(DFSError) in try state.check(request) }
        case .setAdminState(let request, let call):
            answer(call) { state throws(DFSError) in try state.setAdminState(request) }
        case .adminState(let server, let call):
            answer(call) { state throws(DFSError) in try state.adminState(of: server) }
        case .setBalance(let order, let call):
            answer(call) { state throws(DFSError) in try state.setBalance(order) }
        case .connectionClosed(let connection): connectionClosed(connection)
        }
    }

    /// Answers `call` with what `body` returns or throws.
    private mutating func answer(
        _ call: CallToken, _ body: (inout MasterState) throws(DFSError) -> Answer
    ) {
        do {
            let answer = try body(&self)
            effects.append(.answer(call, .success(answer)))
        } catch {
            effects.append(.answer(call, .failure(error)))
        }
    }
}
