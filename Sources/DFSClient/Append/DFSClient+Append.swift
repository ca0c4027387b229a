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
        try await withStream(descriptor, streamName) { [context] stream in
            try await append(to: name, options, onFailure: { stream.stop() }) { count, _ in
                try await context.onFileThread { try stream.read(upTo: count) }
            }
        }
    }

    /// Appends a local file, as ``append(from:named:to:options:)`` appends a stream.
    ///
    /// - Parameter path: a regular file, which must not change meanwhile.
    @discardableResult
    public func append(
        _ path: String, to name: String, options: AppendOptions = AppendOptions()
    ) async throws -> Int {
        let read = try await reader(of: path)
        return try await append(to: name, options, read)
    }

    /// Appends each line that can be read from an open descriptor as a record, without its newline.
    ///
    /// - Returns: how many records were acknowledged; all.
    /// - Throws: as ``withAppender(to:options:_:)``.
    @discardableResult
    public func appendLines(
        from descriptor: Int32, named streamName: String = "the input", to name: String,
        options: AppendOptions = AppendOptions()
    ) async throws -> Int {
        try await withStream(descriptor, streamName) { [context] stream in
            try await appendLines(to: name, options, onFailure: { stream.stop() }) { count, _ in
                try await context.onFileThread { try stream.read(upTo: count, isPatient: false) }
            }
        }
    }

    /// Appends each line of a local file as a record, as ``appendLines(from:named:to:options:)`` those of a stream.
    @discardableResult
    public func appendLines(
        of path: String, to name: String, options: AppendOptions = AppendOptions()
    ) async throws -> Int {
        let read = try await reader(of: path)
        return try await appendLines(to: name, options, read)
    }

    /// Gives the bytes of an input from an offset on; none at its end.
    typealias InputReader = @Sendable (_ count: Int, _ offset: Int) async throws -> ByteBuffer

    private func reader(of path: String) async throws -> InputReader {
        let source = try await LocalSource.open(path, context)
        return { [context] count, offset in
            let wanted = min(count, source.size - offset)
            return try await context.onFileThread {
                if wanted == 0 { try source.checkUnchanged() }
                return try source.read(wanted, at: offset).data
            }
        }
    }

    private func withStream<Result>(
        _ descriptor: Int32, _ name: String, _ body: (DescriptorStream) async throws -> Result
    ) async throws -> Result {
        let stream = DescriptorStream(descriptor, name: name)
        return try await withTaskCancellationHandler {
            try await body(stream)
        } onCancel: {
            stream.stop()
        }
    }

    /// - Parameter onFailure: ends a read that is under way, where that may take long.
    private func append(
        to name: String, _ options: AppendOptions, onFailure: @escaping @Sendable () -> Void = {}, _ read: InputReader
    ) async throws -> Int {
        let pump = try await makePump(name, options, isExclusive: true)
        return try await run(Appender(pump, isFramed: false, onFailure: onFailure), pump) { appender in
            let size = min(try await pump.maxRecordByteCount(), context.bufferSize)
            var offset = 0
            while true {
                let piece = try await next(size, offset, read, for: appender)
                if piece.readableBytes == 0 { return offset }
                try await appender.add(piece, nil)
                offset += piece.readableBytes
            }
        }
    }

    /// - Parameter onFailure: as for ``append(to:_:onFailure:_:)``.
    private func appendLines(
        to name: String, _ options: AppendOptions, onFailure: @escaping @Sendable () -> Void = {}, _ read: InputReader
    ) async throws -> Int {
        let pump = try await makePump(name, options, isExclusive: false)
        return try await run(Appender(pump, isFramed: true, onFailure: onFailure), pump) { appender in
            var lines = LineSplitter(maxByteCount: try await appender.maxRecordByteCount())
            var offset = 0
            while true {
                let piece = try await next(context.bufferSize, offset, read, for: appender)
                offset += piece.readableBytes
                if piece.readableBytes == 0 { break }
                for line in try lines.take(piece) { try await appender.enqueue(line) }
            }
            if let rest = lines.rest { try await appender.enqueue(rest) }
            try await appender.flush()
            return appender.acknowledgedCount
        }
    }

    /// More input. Where there is none since the appender has failed, that is the error.
    private func next(
        _ count: Int, _ offset: Int, _ read: InputReader, for appender: Appender
    ) async throws -> ByteBuffer {
        do {
            return try await read(count, offset)
        } catch {
            throw appender.failure ?? error
        }
    }

    private func makePump(_ name: String, _ options: AppendOptions, isExclusive: Bool) async throws -> AppendPump {
        let name = try FileName(name)
        try await master.requireSwift("append to files")
        let pump = AppendPump(
            name, context: context, master: master, isExclusive: isExclusive, patience: options.patience)
        let end = ContinuousClock.now + context.configuration.masterLimit
        while true {
            do {
                _ = try await pump.maxRecordByteCount()
                return pump
            } catch let error as DFSError {
                guard error.code == .notFound, options.creates, .now < end else { throw error.ofWriting }
                try await create(name, options)
            }
        }
    }

    /// Makes an empty file, unless another client is at it.
    private func create(_ name: FileName, _ options: AppendOptions) async throws {
        do {
            try await uploader.putEmpty(name, PutOptions(replication: options.replication))
        } catch let error as DFSError where error.code == .alreadyExists {
            // It is there already, or will be in a moment.
            do {
                try await Task.sleep(for: .milliseconds(50))
            } catch {
                throw DFSError(error, of: "append to \(name)")
            }
        }
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
                options: options, pace: UploadPace(context, upload),
                progress: ProgressMeter(totalByteCount: 0, handler: nil))
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
