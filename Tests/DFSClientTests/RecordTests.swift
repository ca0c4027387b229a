import DFSCore
import NIOCore
import Testing

@testable import DFSClient

/// Frames, lines, and where chunks of any length lie.
@Suite struct RecordTests {
    @Test func aFrameIsWhatTheFormatSays() throws {
        let frame = RecordFrame.encode(ByteBuffer(string: "ab"), id: RecordID(high: 1, low: 2))
        let bytes = Array(frame.readableBytesView)
        #expect(
            Array(bytes[0..<24]) == Array("DFSr".utf8) + [0, 0, 0, 2] + [
                0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2,
            ])
        var crc = CRC32C()
        crc.update(ByteBuffer(bytes: bytes[0..<24] + bytes[28...]))
        #expect(frame.getInteger(at: 24, as: UInt32.self) == crc.value)
        #expect(bytes.count == 30)
    }

    @Test func eachFlippedByteIsFound() throws {
        let frame = RecordFrame.encode(ByteBuffer(string: "payload"), id: RecordID(high: .max, low: 7))
        for position in 0..<frame.readableBytes {
            var bytes = Array(frame.readableBytesView)
            bytes[position] ^= 0x40
            let header = RecordFrame.Header(ByteBuffer(bytes: bytes.prefix(28)))
            let isTaken = header.map { header in
                header.length == 7 && header.matches(ByteBuffer(bytes: bytes.dropFirst(28)))
            }
            #expect(isTaken != true, "byte \(position)")
        }
    }

    @Test func repeatedIDsAreFoundWithinTheWindow() {
        var recent = RecentRecords()
        func isNew(_ number: Int) -> Bool { recent.insert(RecordID(high: 0, low: UInt64(number))) }
        for number in 0..<RecentRecords.limit { #expect(isNew(number)) }
        #expect(!isNew(0))
        #expect(isNew(.max))
        #expect(isNew(0), "the oldest one is forgotten")
        #expect(!isNew(2))
    }

    @Test func linesAreCutWhereverThePiecesAre() throws {
        let text = "one\n\nthree\nfour"
        for cut in 0...text.utf8.count {
            var lines = LineSplitter(maxByteCount: 5)
            var all = try lines.take(ByteBuffer(string: String(text.prefix(cut))))
            all += try lines.take(ByteBuffer(string: String(text.dropFirst(cut))))
            #expect(all.map { String(decoding: $0, as: UTF8.self) } == ["one", "", "three"])
            #expect(lines.rest == Array("four".utf8))
        }
        var lines = LineSplitter(maxByteCount: 3)
        #expect(throws: DFSError.self) { try lines.take(ByteBuffer(string: "one\ntwoo\n")) }
    }

    private func layout(_ lengths: [Int?]) -> FileLayout {
        let chunks = lengths.enumerated().map { index, length in
            ChunkLocation(id: "c\(index)", index: index, length: length, crc32c: nil, servers: [])
        }
        return FileLayout(name: "f", length: nil, chunkSize: 100, chunks: chunks, attributes: FileAttributes())
    }

    @Test func partsFollowFromTheLengthsOfTheChunks() {
        let file = layout([100, 30, 0, 70, nil])
        #expect(file.starts == [0, 100, 130, 130, 200])
        let whole = file.parts(0..<Int.max)
        #expect(whole.map(\.index) == [0, 1, 3, 4] && whole.allSatisfy { $0.wanted == 0..<Int.max })
        let part = file.parts(120..<140)
        #expect(part.map(\.index) == [1, 3] && part.map(\.wanted) == [20..<Int.max, 0..<10])
        #expect(file.parts(205..<210).map(\.wanted) == [5..<10])
        #expect(layout([0]).parts(0..<Int.max).map(\.index) == [0], "an empty file is one chunk")
        #expect(layout([nil, nil]).parts(150..<160).map(\.wanted) == [50..<60], "Go files have full chunks")
    }
}
