import DFSChunkServer
import DFSChunkStore
import DFSCore
import DFSMetadata
import DFSWire

// Records: what `Primaries`, `PrimaryChunk` and `ReplicateService` do, over the real store and the real order of records.
extension ChunkServer {
    private static let idleLimit = Duration.seconds(60)
    private static let replicaLimit = Duration.seconds(10)

    /// A client's record; answered when all servers of the chunk have it.
    func append(
        _ record: AppendRecord, to chunk: OpenVersion, _ answer: @escaping (Result<RecordPlace, DFSError>) -> Void
    ) {
        withPrimary(of: chunk) { [self] found in
            switch found {
            case .failure(let error): answer(.failure(error))
            case .success(let primary): submit(record, to: primary, answer)
            }
        }
    }

    private func withPrimary(of chunk: OpenVersion, _ then: @escaping (Result<Primary, DFSError>) -> Void) {
        let primary: Primary
        if let known = process.primaries[chunk.chunk] {
            guard known.version == chunk.version else {
                return then(.failure(DFSError(.failedPrecondition, "another version is here")))
            }
            primary = known
        } else {
            primary = Primary(id: chunk.chunk, version: chunk.version, now: clock)
            process.primaries[chunk.chunk] = primary
            begin(primary)
        }
        if let over = primary.over { return then(.failure(over)) }
        if primary.sequence != nil { return then(.success(primary)) }
        primary.starters.append { then($0.map { primary }) }
    }

    /// Asks for the lease, and opens the chunk here; one that was open here before is given up instead.
    private func begin(_ primary: Primary) {
        process.leases.want(primary.id, version: primary.version)
        let chunk = OpenChunkVersion(chunkID: primary.id.text, version: primary.version)
        renew(RenewLeasesRequest(serverAddress: address.description, nodeID: nodeID, held: [chunk])) { [self] answer in
            guard process.primaries[primary.id] === primary, primary.over == nil else { return }
            switch answer {
            case .failure(let error): return giveUp(primary, error, [])
            case .success(let leases):
                guard let lease = leases.granted.first(where: { $0.chunk == chunk }), isValid(primary) else {
                    process.leases.forget(primary.id)
                    primary.stop(DFSError(.failedPrecondition, "\(party) is not the primary of \(primary.id)"))
                    process.primaries[primary.id] = nil
                    return
                }
                open(primary, lease)
            }
        }
    }

    private func open(_ primary: Primary, _ lease: Lease) {
        let size = Int64(clamping: lease.chunkSize)
        let opened = onDisk { store throws(DFSError) in
            try store.beginOpen(primary.id, version: primary.version, chunkSize: size)
        }
        guard case .success((let file, isNew: true)) = opened else {
            return giveUp(primary, DFSError(.unavailable, "\(primary.id) cannot be opened: \(opened)"), [])
        }
        primary.sequence = RecordSequence(chunkSize: size)
        primary.file = file
        primary.servers = lease.servers.compactMap { try? ServerAddress($0) }
        simulation.trace.note("\(party) is the primary of \(primary.id) v\(primary.version)")
        let starters = primary.starters
        primary.starters = []
        for starter in starters { starter(.success(())) }
        noteChange()
    }

    private func submit(
        _ record: AppendRecord, to primary: Primary, _ answer: @escaping (Result<RecordPlace, DFSError>) -> Void
    ) {
        if let reason = primary.over ?? primary.closing { return answer(.failure(reason)) }
        guard let admission = primary.sequence?.admit(record) else {
            return answer(.failure(DFSError(.internal, "\(primary.id) has not started")))
        }
        primary.usedAt = clock
        switch admission {
        case .placed(let place, _):
            if let committed = primary.sequence?.committed, committed >= place.end { return answer(.success(place)) }
            primary.waiting.append((place, answer))
        case .full:
            let full = DFSError(.outOfRange, "\(primary.id) is full")
            primary.closing = primary.closing ?? full
            answer(.failure(full))
        case .conflicting: answer(.failure(DFSError(.invalidArgument, "another record has this id")))
        }
        makeBatch(primary)
    }

    private func makeBatch(_ primary: Primary) {
        guard !primary.hasBatchUnderWay, primary.over == nil else { return }
        guard let batch = primary.sequence?.takeBatch() else {
            if let closing = primary.closing { giveUp(primary, closing, []) }
            return
        }
        guard isValid(primary) else { return giveUp(primary, DFSError(.unavailable, "the lease has run out"), []) }
        primary.hasBatchUnderWay = true
        let bytes = batch.data.flatMap { Array($0.readableBytesView) }
        let own = onDisk { _ throws(DFSError) in
            try primary.file?.append(
                batch.data, crc32c: batch.crc32c, at: batch.offset, version: primary.version) ?? 0
        }
        if case .success = own { simulation.versions.takes(self, primary.known, bytes, at: Int(batch.offset)) }
        var failed: [String] = []
        var left = primary.servers.count
        let countDown = { [self] in
            left -= 1
            guard left == 0 else { return }
            primary.hasBatchUnderWay = false
            conclude(batch, of: primary, isWritten: (try? own.get()) != nil, failed)
        }
        for other in primary.servers.dropFirst() {
            deliver(batch, of: primary, to: other) { isThere in
                if !isThere { failed.append(other.description) }
                countDown()
            }
        }
        countDown()
    }

    private func conclude(_ batch: RecordBatch, of primary: Primary, isWritten: Bool, _ failed: [String]) {
        if primary.over != nil { return process.leases.end(primary.id, version: primary.version, failed: failed) }
        guard isWritten, failed.isEmpty else {
            return giveUp(primary, DFSError(.unavailable, "a server of \(primary.id) has failed"), failed)
        }
        guard isValid(primary) else { return giveUp(primary, DFSError(.unavailable, "the lease has run out"), []) }
        simulation.watch.acts(self, as: primary.known)
        simulation.watch.checkSameBytes(primary)
        primary.sequence?.commit(batch)
        let done = primary.waiting.filter { $0.place.end <= batch.end }
        primary.waiting.removeAll { $0.place.end <= batch.end }
        for record in done { record.answer(.success(record.place)) }
        makeBatch(primary)
    }

    private func deliver(
        _ batch: RecordBatch, of primary: Primary, to address: ServerAddress, _ then: @escaping (Bool) -> Void
    ) {
        let server = simulation.server(at: address)
        let isFirst = primary.opened.insert(address).inserted
        let size = primary.sequence?.chunkSize ?? 0
        simulation.network.call(party, server.party, limit: simulation.local(Self.replicaLimit, at: party)) { answer in
            guard let server = server as? ChunkServer else {
                return answer(.failure(DFSError(.unimplemented, "a Go server keeps no open chunks")))
            }
            answer(server.replicate(batch, of: primary.known, size, isFirst: isFirst))
        } then: { (length: Result<Int64, DFSError>) in
            then((try? length.get()) == batch.end)
        }
    }

    /// Another primary's bytes.
    private func replicate(
        _ batch: RecordBatch, of chunk: OpenVersion, _ size: Int64, isFirst: Bool
    ) -> Result<Int64, DFSError> {
        let written = onDisk { store throws(DFSError) -> Int64 in
            if isFirst {
                _ = try store.beginOpen(chunk.chunk, version: chunk.version, chunkSize: size)
                simulation.trace.note("\(party) opens \(chunk.chunk) v\(chunk.version) for another primary")
            }
            guard let open = store.unsealed(chunk.chunk) else { throw DFSError(.notFound, "no open chunk here") }
            return try open.append(
                batch.data, crc32c: batch.crc32c, at: batch.offset, version: chunk.version)
        }
        if case .success = written {
            simulation.versions.takes(
                self, chunk, batch.data.flatMap { Array($0.readableBytesView) }, at: Int(batch.offset))
        }
        noteChange()
        return written
    }

    // MARK: Ends

    func giveUp(_ primary: Primary, _ reason: DFSError, _ failed: [String]) {
        primary.stop(reason)
        if process.primaries[primary.id] === primary { process.primaries[primary.id] = nil }
        process.leases.end(primary.id, version: primary.version, failed: failed)
        simulation.trace.note("\(party) gives up \(primary.id) v\(primary.version): \(reason.message)")
        renewAll()
    }

    func fence(_ chunk: OpenVersion) -> Result<FenceAnswer, DFSError> {
        if simulation.canary == .trustStaleVersion, let open = store?.unsealed(chunk.chunk) {
            simulation.versions.answersFence(self, chunk)
            return onDisk { _ throws(DFSError) in
                FenceAnswer(hasChunk: true, length: UInt64(try open.standing().length))
            }
        }
        let found = onDisk { store throws(DFSError) in try store.fence(chunk.chunk, version: chunk.version) }
        if case .success = found { simulation.versions.answersFence(self, chunk) }
        if case .success = found, let primary = process.primaries[chunk.chunk], primary.version < chunk.version {
            primary.stop(DFSError(.unavailable, "the master has fenced \(chunk.chunk)"))
            process.primaries[chunk.chunk] = nil
            process.leases.end(primary.id, version: primary.version, failed: [])
        }
        noteChange()
        return found.map { FenceAnswer(hasChunk: $0.hasChunk, length: UInt64($0.length), isSealed: $0.isSealed) }
    }

    func seal(_ chunk: OpenVersion, length: UInt64) -> Result<UInt32, DFSError> {
        let sealed = onDisk { store throws(DFSError) in
            if simulation.canary == .trustStaleVersion { _ = try store.fence(chunk.chunk, version: chunk.version) }
            return try store.seal(chunk.chunk, version: chunk.version, length: Int64(clamping: length))
        }
        simulation.trace.note("\(party) seals \(chunk.chunk) v\(chunk.version) at \(length): \(sealed)")
        noteChange()
        if case .failure(let error) = sealed, error.code == .dataLoss, !simulation.network.isStormy { restartSoon() }
        return sealed.map(\.crc32c)
    }

    /// A sync has failed, and the error says what helps: an operator starts the server anew.
    private func restartSoon() {
        simulation.network.at(party, after: .seconds(60)) { [self] in
            simulation.trace.note("an operator restarts \(party)")
            crash(powerLost: false)
            start()
        }
    }

    /// What may be read of an open chunk: what is committed, while the lease holds.
    func readOpen(_ chunk: ChunkID) -> Result<[UInt8], DFSError> {
        guard let primary = process.primaries[chunk], primary.over == nil, let file = primary.file, isValid(primary)
        else { return .failure(DFSError(.unavailable, "\(party) is not the primary of \(chunk)")) }
        simulation.watch.acts(self, as: primary.known)
        let length = Int(primary.sequence?.committed ?? 0)
        if length == 0 { return .success([]) }
        return onDisk { _ throws(DFSError) in Array(try file.read(at: 0, count: length).readableBytesView) }
    }

    // MARK: Leases

    func isValid(_ primary: Primary) -> Bool {
        let now = simulation.canary == .acceptExpiredLease ? MonotonicInstant(nanoseconds: 0) : clock
        return process.leases.isValid(primary.id, version: primary.version, now: now)
    }

    func reviewPrimaries() {
        if simulation.canary != .acceptExpiredLease { lose(process.leases.expire(now: clock)) }
        for primary in process.primaries.values.sorted(by: { $0.id < $1.id })
        where primary.sequence != nil && !primary.hasBatchUnderWay && clock - primary.usedAt >= Self.idleLimit {
            giveUp(primary, DFSError(.unavailable, "\(primary.id) was idle"), [])
        }
        if process.leases.hasEnded || process.leases.timeToRenewal(now: clock) == .zero { renewAll() }
    }

    private func renewAll() {
        renew(process.leases.request(address: address.description, nodeID: nodeID)) { _ in }
    }

    private func renew(
        _ request: RenewLeasesRequest, _ then: @escaping (Result<RenewLeasesResponse, DFSError>) -> Void
    ) {
        let askedAt = clock
        let (address, nodeID) = (address, nodeID)
        ask(limit: .seconds(5)) { call, connection in
            .renewLeases(
                LeaseRequest(request, address: address, nodeID: nodeID, connection: connection), call)
        } then: { [self] answer in
            guard case .success(.leases(let leases)) = answer else {
                return then(.failure(DFSError(.unavailable, "no leases: \(answer)")))
            }
            let response = RenewLeasesResponse(leases)
            lose(process.leases.apply(response, to: request, askedAt: askedAt))
            then(.success(response))
        }
    }

    private func lose(_ chunks: [ChunkID]) {
        for chunk in chunks {
            guard let primary = process.primaries.removeValue(forKey: chunk) else { continue }
            primary.stop(DFSError(.unavailable, "\(party) is no longer the primary of \(chunk)"))
            process.leases.end(primary.id, version: primary.version, failed: [])
        }
    }
}

extension LeaseRequest {
    /// As the master's service reads it.
    fileprivate init(
        _ request: RenewLeasesRequest, address: ServerAddress, nodeID: String, connection: ConnectionToken
    ) {
        self.init(
            address: address, nodeID: nodeID, connection: connection, held: request.held.compactMap { OpenVersion($0) },
            ended: request.ended.compactMap { ended in
                OpenVersion(ended.chunk).map { ($0, ended.failed.compactMap { try? ServerAddress($0) }) }
            })
    }
}

extension OpenVersion {
    fileprivate init?(_ chunk: OpenChunkVersion) {
        guard let id = try? ChunkID(chunk.chunkID) else { return nil }
        self.init(chunk: id, version: chunk.version)
    }
}

extension RenewLeasesResponse {
    fileprivate init(_ answer: LeaseAnswer) {
        self.init(
            leaseMilliseconds: UInt32(clamping: answer.lease.nanoseconds / 1_000_000),
            granted: answer.granted.map { grant in
                Lease(
                    chunk: OpenChunkVersion(chunkID: grant.chunk.chunk.text, version: grant.chunk.version),
                    servers: grant.servers.map(\.description), chunkSize: grant.chunkSize)
            }, refused: answer.refused.map(\.text))
    }
}
