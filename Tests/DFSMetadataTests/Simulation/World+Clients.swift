import DFSCore

@testable import DFSMetadata

// Clients that put files, one call at a time.
extension World {
    mutating func beginUpload() throws {
        let number = uploads.count
        let writer: Writer = Bool.random(using: &random) ? .go : .swift
        var contents = (0..<Int.random(in: 0...2, using: &random)).map { index in
            Digest(length: 64 << 20, crc32c: UInt32(number * 10 + index) | 1 << 31)
        }
        let short = UInt64.random(in: 2...1000, using: &random)
        contents.append(Digest(length: short, crc32c: UInt32(number * 10 + 9) | 1 << 31))
        // Some names are used again.
        let name = try FileName("file\(Int.random(in: 0...number, using: &random))")
        let retries = writer == .swift && chance(40) ? 3 : 0
        uploads.append(
            SimulatedUpload(
                name: name, writer: writer, connection: UInt64(number + 1), contents: contents, retries: retries))
        schedule(.client(number), in: delay())
    }

    /// The client is gone: its connection closes.
    mutating func endUpload(_ number: Int) throws {
        uploads[number].isOver = true
        note("client of \(uploads[number].name) ends")
        try perform(master.close(uploads[number].connection))
        let upload = uploads[number]
        guard upload.retries > 0, isStormy, acknowledged[upload.name.text] != upload.contents else { return }
        uploads.append(
            SimulatedUpload(
                name: upload.name, writer: .swift, connection: UInt64(uploads.count + 1), contents: upload.contents,
                retries: upload.retries - 1))
        schedule(.client(uploads.count - 1), in: delay())
    }

    /// Begins an upload or goes on with one, as the client does: chunks that the master knows are not sent again, and an
    /// upload of something else is given up.
    private mutating func begin(_ number: Int) throws -> FileID? {
        let upload = uploads[number]
        let keep: UInt32 = upload.retries > 0 ? 120 : 0
        for _ in 0..<2 {
            let (answer, effects) = try master.create(upload.name.text, over: upload.connection, keep: keep)
            try perform(effects)
            guard let id = try? answer.upload() else { return nil }
            let known = try master.ask { .uploadState(id, $0) }.answer.uploadState()
            let isSame =
                known.allocatedCount <= upload.contents.count
                && known.chunks.allSatisfy { $0.id.index.map { upload.contents[$0] } == $0.digest }
            if isSame {
                if known.allocatedCount > 0 { note("\(upload.name) is resumed with \(known.chunks.count) chunks") }
                uploads[number].known = known.chunks.filter { !$0.servers.isEmpty }
                return id
            }
            try perform(master.ask { .abandon(id, $0) }.effects)
        }
        return nil
    }

    /// Makes the client's next call.
    mutating func continueUpload(_ number: Int) throws {
        let upload = uploads[number]
        guard !upload.isOver else { return }
        switch upload.writer {
        case .swift: try continueSwift(number)
        case .go: try continueGo(number)
        }
        if !uploads[number].isOver { schedule(.client(number), in: delay()) }
    }

    private mutating func continueSwift(_ number: Int) throws {
        let upload = uploads[number]
        guard let id = upload.id else {
            uploads[number].id = try begin(number)
            if uploads[number].id == nil { try endUpload(number) }
            return
        }
        let index = upload.written.count
        if let known = upload.known.first(where: { $0.id.index == index }), known.servers.count > 1 {
            uploads[number].written.append(
                WrittenChunk(id: known.id, digest: upload.contents[index], servers: known.servers))
            return
        }
        guard index < upload.contents.count else {
            let (answer, effects) = master.complete(id, upload.written, over: upload.connection)
            try perform(effects)
            if answer.code == nil { acknowledged[upload.name.text] = upload.contents }
            return try endUpload(number)
        }
        let (answer, effects) = try master.allocate(
            upload.name.text, index, upload: id, over: upload.connection)
        try perform(effects)
        guard let (chunk, targets) = try? answer.allocation() else { return try endUpload(number) }
        var acked: [ServerAddress] = []
        for target in try targets.map({ try ServerAddress($0) })
        where try send(chunk, upload.contents[index], to: self.index(of: target), by: .swift) { acked.append(target) }
        guard acked.count == targets.count else { return try endUpload(number) }
        uploads[number].written.append(
            WrittenChunk(id: chunk, digest: upload.contents[index], servers: acked))
    }

    private mutating func continueGo(_ number: Int) throws {
        let upload = uploads[number]
        let index = upload.written.count
        guard index < upload.contents.count else {
            acknowledged[upload.name.text] = upload.contents
            return try endUpload(number)
        }
        let (answer, effects) = try master.allocate(upload.name.text, index, over: upload.connection)
        try perform(effects)
        guard let (chunk, targets) = try? answer.allocation() else { return try endUpload(number) }
        for target in try targets.map({ try ServerAddress($0) })
        where try send(chunk, upload.contents[index], to: self.index(of: target), by: .go) {
            uploads[number].written.append(WrittenChunk(id: chunk, digest: upload.contents[index], servers: [target]))
            return
        }
        try endUpload(number)
    }

    /// Uploads a chunk to one server: false when it was not acknowledged.
    private mutating func send(
        _ chunk: ChunkID, _ content: Digest, to number: Int, by writer: Writer
    ) throws -> Bool {
        guard servers[number].isUp else { return false }
        note("send \(chunk) to \(servers[number].address)")
        if isStormy, chance(8) {
            if servers[number].kind == .go { servers[number].chunks[chunk] = torn(content) }
            return false
        }
        servers[number].chunks[chunk] = content
        guard servers[number].kind == .swift else { return true }
        // It has nobody to tell yet: its first list will.
        if !servers[number].hasMetMaster { return true }
        // The master does not take note in time: only a writer that tells itself has its chunk acknowledged.
        if isStormy, chance(8) { return writer == .swift }
        try report(number, [chunk])
        return true
    }
}
