import DFSCore
import DFSFiles
import DFSServices
import NIOCore

// Appending to complete files, alone or beside others.
extension DFSClient {
    /// Runs `body` with an appender of records, and returns when all that it took is acknowledged.
    ///
    /// Any number of clients may append to one file so at the same time. Each record is in the file at least once and whole; the
    /// records of one chunk are in one order on all its servers.
    ///
    /// ```swift
    /// try await client.withAppender(to: "logs/today", options: AppendOptions(creates: true)) { log in
    ///     for line in lines { try await log.enqueue(Array(line.utf8)) }
    /// }
    /// ```
    ///
    /// - Parameter name: of a complete file.
    /// - Throws: what `body` throws; ``DFSError`` of code `notFound`, `alreadyExists` where another client appends alone,
    ///   `unimplemented` under a Go master, or where a record could not be brought to disk within
    ///   ``AppendOptions/patience``: then the last ones may be in the file or not.
    public func withAppender<Result: Sendable>(
        to name: String, options: AppendOptions = AppendOptions(), _ body: (Appender) async throws -> Result
    ) async throws -> Result {
        let pump = try await makePump(name, options, isExclusive: false)
        return try await run(Appender(pump, isFramed: true), pump, body)
    }

    /// Appends what can be read from an open descriptor, up to its end, as it is: without frames, once, in one piece or, if it
    /// fails, the beginning of it. Meanwhile nobody else can append to the file.
    ///
    /// - Parameters:
    ///   - descriptor: stays the caller's; nobody else reads from it meanwhile.
    ///   - streamName: what errors call it.
    ///   - name: of a complete file.
    /// - Returns: how many bytes were appended; they are on the disks of all servers of their chunks.
    /// - Throws: as ``withAppender(to:options:_:)``, where another client appends already, too.
    @discardableResult
    public func append(
        from descriptor: Int32, named streamName: String = "the input", to name: String,
        options: AppendOptions = AppendOptions()
    ) async throws -> Int {
        let stream = DescriptorStream(descriptor, name: streamName)
        return try await append(to: name, options) { [context] count, _ in
            try await context.onFileThread { try stream.read(upTo: count) }
        }
    }

    /// Appends a local file, as ``append(from:named:to:options:)`` appends a stream.
    ///
    /// - Parameter path: a regular file, which must not change meanwhile.
    @discardableResult
    public func append(
        _ path: String, to name: String, options: AppendOptions = AppendOptions()
    ) async throws -> Int {
        let source = try await LocalSource.open(path, context)
        return try await append(to: name, options) { [context] count, offset in
            let wanted = min(count, source.size - offset)
            return try await context.onFileThread { try source.read(wanted, at: offset).data }
        }
    }

    /// - Parameter read: gives the bytes from an offset on, fewer than asked for only at the end.
    private func append(
        to name: String, _ options: AppendOptions,
        _ read: @escaping @Sendable (_ count: Int, _ offset: Int) async throws -> ByteBuffer
    ) async throws -> Int {
        let pump = try await makePump(name, options, isExclusive: true)
        let size = min(try await pump.maxRecordByteCount(), context.bufferSize)
        return try await run(Appender(pump, isFramed: false), pump) { appender in
            var offset = 0
            while true {
                let piece = try await read(size, offset)
                if piece.readableBytes > 0 { try await appender.add(piece, nil) }
                offset += piece.readableBytes
                if piece.readableBytes < size { return offset }
            }
        }
    }

    private func makePump(_ name: String, _ options: AppendOptions, isExclusive: Bool) async throws -> AppendPump {
        let name = try FileName(name)
        try await master.requireSwift("append to files")
        let pump = AppendPump(
            name, context: context, master: master, isExclusive: isExclusive, patience: options.patience)
        do {
            _ = try await pump.maxRecordByteCount()
        } catch let error as DFSError where error.code == .notFound && options.creates {
            do {
                try await uploader.putEmpty(name, PutOptions(replication: options.replication))
            } catch let error as DFSError where error.code == .alreadyExists {
                // Another appender was quicker.
            }
            _ = try await pump.maxRecordByteCount()
        }
        return pump
    }

    private func run<Result: Sendable>(
        _ appender: Appender, _ pump: AppendPump, _ body: (Appender) async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await withThrowingTaskGroup(of: Void.self) { tasks in
                defer { tasks.cancelAll() }
                tasks.addTask { await appender.run() }
                let result = try await body(appender)
                try await appender.flush()
                appender.finish()
                return result
            }
            await pump.close()
            return result
        } catch {
            // Also for a cancelled append, whose own task makes no more calls.
            await Task { await pump.close() }.value
            throw error
        }
    }
}

extension Uploader {
    /// Puts a file without a byte.
    func putEmpty(_ name: FileName, _ options: PutOptions) async throws {
        _ = try await put(as: name, options, from: "nothing") { upload in
            let put = ChunkPut(
                context: context, master: master, source: NoBytes(), upload: upload, index: 0, offset: 0, length: 0,
                options: options, progress: ProgressMeter(totalByteCount: 0, handler: nil))
            return [try await put.run(try await master.allocate(upload, index: 0))]
        }
    }
}

/// The source of an empty file.
private struct NoBytes: ChunkSource {
    var path: String { "nothing" }

    func read(_ count: Int, at offset: Int) throws(DFSError) -> LocalSource.Piece {
        LocalSource.Piece(data: ByteBuffer(), crc32c: 0)
    }
}
