import DFSCore
import DFSFiles
import NIOCore

/// The records of a file to which they were appended, in order, as the file was when the first one was asked for.
///
/// Each is checked against its checksum. One that came twice, because its appender had not heard of it, is given once, unless
/// 65,536 others lie between the two.
public struct Records: AsyncSequence, Sendable {
    let downloader: Downloader
    let name: String

    /// Reads from the first record on.
    public func makeAsyncIterator() -> Iterator { Iterator(downloader: downloader, name: name) }

    /// Reads the file in parts, as the records are asked for.
    public struct Iterator: AsyncIteratorProtocol {
        /// Bytes that are read at once; a record may have more.
        private static let partByteCount = 16 << 20

        private let downloader: Downloader
        private let name: String
        private var layout: FileLayout?
        /// What was read and not given yet; where it begins in the file.
        private var bytes = ByteBuffer()
        private var position = 0
        private var isAtEnd = false
        private var recent = RecentRecords()

        init(downloader: Downloader, name: String) {
            self.downloader = downloader
            self.name = name
        }

        /// The next record; `nil` at the end.
        ///
        /// - Throws: ``DFSError`` of code `dataLoss` where the file holds anything but whole records that match their checksums:
        ///   the message says at which byte.
        public mutating func next() async throws -> [UInt8]? {
            while true {
                try await fill(RecordFrame.headerByteCount)
                if bytes.readableBytes == 0 { return nil }
                guard let start = bytes.getSlice(at: bytes.readerIndex, length: RecordFrame.headerByteCount),
                    let header = RecordFrame.Header(start)
                else { throw damaged("no record begins") }
                try await fill(RecordFrame.headerByteCount + header.length)
                guard
                    let payload = bytes.getSlice(
                        at: bytes.readerIndex + RecordFrame.headerByteCount, length: header.length)
                else { throw damaged("the file ends within the record that begins") }
                guard header.matches(payload) else {
                    throw damaged("the record does not match its checksum that begins")
                }
                bytes.moveReaderIndex(forwardBy: RecordFrame.headerByteCount + header.length)
                position += RecordFrame.headerByteCount + header.length
                if recent.insert(header.id) { return Array(payload.readableBytesView) }
            }
        }

        /// Reads on until there are `count` bytes, or the file ends.
        private mutating func fill(_ count: Int) async throws {
            while bytes.readableBytes < count, !isAtEnd {
                let file = try await opened()
                let start = position + bytes.readableBytes
                let end = start + Swift.max(Self.partByteCount, count - bytes.readableBytes)
                let part = try await downloader.read(file, range: start..<end)
                isAtEnd = part.count < end - start
                bytes.discardReadBytes()
                bytes.writeBytes(part)
            }
        }

        private mutating func opened() async throws -> FileLayout {
            if let layout { return layout }
            let layout = try await downloader.master.open(name)
            self.layout = layout
            return layout
        }

        private func damaged(_ what: String) -> DFSError {
            DFSError(
                .dataLoss, "\(name): \(what) at byte \(position); read the file as it is with cat", advice: .giveUp)
        }
    }
}

/// The ids of the records that were given last.
struct RecentRecords {
    static let limit = 1 << 16

    private var ids: Set<RecordID> = []
    private var order: [RecordID] = []
    private var oldest = 0

    /// - Returns: whether it is a new one.
    mutating func insert(_ id: RecordID) -> Bool {
        guard ids.insert(id).inserted else { return false }
        if order.count < Self.limit {
            order.append(id)
        } else {
            ids.remove(order[oldest])
            order[oldest] = id
            oldest = (oldest + 1) % Self.limit
        }
        return true
    }
}

extension DFSClient {
    /// The records that were appended to a file by ``withAppender(to:options:_:)``.
    ///
    /// Iterating throws ``DFSError``, of code `dataLoss` where there is anything else in the file.
    public func records(of name: String) -> Records { Records(downloader: downloader, name: name) }

    /// Writes the records of a file to an open descriptor, with a newline behind each.
    ///
    /// - Parameters:
    ///   - descriptor: stays the caller's; nobody else writes to it meanwhile.
    ///   - streamName: what errors call it.
    /// - Returns: how many there were.
    /// - Throws: as ``records(of:)``, and code `cancelled` where the reader of a pipe has gone away.
    @discardableResult
    public func writeRecords(
        of name: String, to descriptor: Int32, named streamName: String = "the output"
    ) async throws -> Int {
        let stream = DescriptorStream(descriptor, name: streamName)
        return try await withTaskCancellationHandler {
            var count = 0
            var batch = ByteBuffer()
            for try await record in records(of: name) {
                batch.writeBytes(record)
                batch.writeInteger(UInt8(ascii: "\n"))
                count += 1
                if batch.readableBytes >= context.bufferSize {
                    let full = batch
                    try await context.onFileThread { try stream.write([full]) }
                    batch = ByteBuffer()
                }
            }
            let rest = batch
            try await context.onFileThread { try stream.write([rest]) }
            return count
        } onCancel: {
            stream.stop()
        }
    }
}
