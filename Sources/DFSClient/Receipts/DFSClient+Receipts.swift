import DFSCore

extension DFSClient {
    /// Compares a receipt with the cluster: the master has the file with the same chunks, and every live copy that it knows
    /// is read back and summed.
    ///
    /// - Returns: what is missing or different; nothing where the receipt is proven.
    /// - Throws: ``DFSError`` where the master cannot be asked, or does not answer as one.
    public func verify(_ receipt: Receipt, _ check: ReceiptCheck = .full) async throws -> [ReceiptProblem] {
        let clusterID = try await master.clusterID()
        guard receipt.clusterID == clusterID else {
            let text = "the receipt is of cluster \(quoted(receipt.clusterID)), this is \(quoted(clusterID))"
            return [ReceiptProblem(.otherCluster, receipt.name, text)]
        }
        let layout: FileLayout
        do {
            layout = try await stat(receipt.name)
        } catch let error as DFSError {
            switch error.code {
            case .notFound: return [ReceiptProblem(.noSuchFile, receipt.name, error.message)]
            case .unavailable, .dataLoss: return [ReceiptProblem(.missing, receipt.name, error.message)]
            default: throw error
            }
        }
        guard layout.chunks.map(\.id) == receipt.chunks.map(\.id) else {
            let text = "the file of that name was put another time: it has other chunks"
            return [ReceiptProblem(.replaced, receipt.name, text)]
        }
        let problems = zip(receipt.chunks, layout.chunks).compactMap { differenceAtMaster($0, $1, of: receipt) }
        switch check {
        case .quick: return problems
        case .full: return problems + (try await readBack(layout, receipt))
        }
    }

    /// A Go master knows no lengths and checksums; and it names a chunk without a server where each that had it is gone.
    private func differenceAtMaster(
        _ chunk: PutChunk, _ location: ChunkLocation, of receipt: Receipt
    ) -> ReceiptProblem? {
        guard !location.servers.isEmpty else {
            return ReceiptProblem(.missing, receipt.name, chunkID: chunk.id, "the master knows no server that has it")
        }
        guard let length = location.length, let crc32c = location.crc32c,
            (length, crc32c) != (chunk.length, chunk.crc32c)
        else { return nil }
        return ReceiptProblem(
            .different, receipt.name, chunkID: chunk.id,
            "the master knows it with \(digest(length, crc32c)), "
                + "the receipt has \(digest(chunk.length, chunk.crc32c))")
    }

    /// All copies of all chunks, a few at a time; the problems in the order of the file.
    private func readBack(_ layout: FileLayout, _ receipt: Receipt) async throws -> [ReceiptProblem] {
        let copies = zip(receipt.chunks, layout.chunks).flatMap { chunk, location in
            location.servers.map { (chunk, $0) }
        }
        return try await withThrowingTaskGroup(of: (Int, ReceiptProblem?).self) { tasks in
            var found: [Int: ReceiptProblem] = [:]
            for (number, (chunk, server)) in copies.enumerated() {
                if number >= copiesInFlight, let (done, problem) = try await tasks.next() { found[done] = problem }
                tasks.addTask { (number, try await self.readBack(chunk, from: server, of: receipt)) }
            }
            for try await (done, problem) in tasks { found[done] = problem }
            return found.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private func readBack(
        _ chunk: PutChunk, from server: String, of receipt: Receipt
    ) async throws -> ReceiptProblem? {
        do {
            let measure = try await measure(chunk.id, on: server)
            if (measure.length, measure.crc32c) == (chunk.length, chunk.crc32c) { return nil }
            return ReceiptProblem(
                .different, receipt.name, chunkID: chunk.id, place: server,
                "it has \(digest(measure.length, measure.crc32c)), the receipt \(digest(chunk.length, chunk.crc32c))")
        } catch {
            if Task.isCancelled { throw DFSError.stopped("verification of \(receipt.name)") }
            let error = DFSError(error, from: "chunk server \(server)")
            // The server's own checksums say that it is not what was stored.
            let kind: ReceiptProblem.Kind = error.code == .dataLoss ? .different : .unread
            return ReceiptProblem(kind, receipt.name, chunkID: chunk.id, place: server, error.message)
        }
    }
}

/// As problems name it.
func digest(_ length: Int, _ crc32c: UInt32) -> String { "\(length) bytes, CRC-32C \(hex(UInt64(crc32c), digits: 8))" }
