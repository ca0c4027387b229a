import DFSCore
import NIOCore
import Testing

@testable import DFSWire

/// The codecs of the append protocol's hot messages against protobuf-c.
@Suite struct RecordMessageTests {
    private let append = AppendRequest(
        chunk: OpenChunkVersion(chunkID: "ü.00ff_1", version: .max), recordID: RecordID(high: 1, low: .max),
        crc32c: .max,
        data: [ByteBuffer(bytes: [1, 2, 3]), ByteBuffer(bytes: [4])])
    private let replicate = ReplicateRequest(
        chunk: OpenChunkVersion(chunkID: "a_0", version: 3), chunkSize: 64 << 20, offset: .max, crc32c: 7,
        data: [ByteBuffer(bytes: [1, 2, 3])])

    @Test func protobufCReadsWhatIsWritten() throws {
        for message in [append, AppendRequest(), AppendRequest(recordID: .random(), data: [ByteBuffer(bytes: [0])])] {
            let wire = ByteBuffer(bytes: bytes(try message.encoded()))
            #expect(try ReferenceAppendRequest(wire: wire) == ReferenceAppendRequest(message))
        }
        for message in [replicate, ReplicateRequest(), ReplicateRequest(chunkSize: 1)] {
            let wire = ByteBuffer(bytes: bytes(try message.encoded()))
            #expect(try ReferenceReplicateRequest(wire: wire) == ReferenceReplicateRequest(message))
        }
    }

    @Test func whatIsWrittenWithoutAChunkFitsTheSizeThatIsAllowedForIt() throws {
        let largest = AppendRequest(recordID: .random(), crc32c: .max, data: [ByteBuffer(repeating: 1, count: 1 << 24)])
        #expect(try largest.encoded()[0].readableBytes <= AppendRequest.maxPrefixSize)
        let batch = ReplicateRequest(offset: .max, crc32c: .max, data: largest.data)
        #expect(try batch.encoded()[0].readableBytes <= ReplicateRequest.maxPrefixSize)
    }

    @Test func everyCutAndEveryFlippedBitAgreesWithProtobufC() throws {
        var generator = SeededGenerator(seed: 3)
        for original in [bytes(try append.encoded()), bytes(try replicate.encoded())] {
            for end in original.indices {
                expectAgreement(Array(original[..<end]), &generator)
                for bit in 0..<8 {
                    var changed = original
                    changed[end] ^= 1 << bit
                    expectAgreement(changed, &generator)
                }
            }
        }
    }

    @Test(arguments: 0..<20)
    func garbageAgreesWithProtobufC(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let original = bytes(try append.encoded()) + bytes(try replicate.encoded())
        for _ in 0..<300 {
            var changed = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                changed[Int.random(in: changed.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            expectAgreement(Array(changed.dropFirst(Int.random(in: 0...30, using: &generator))), &generator)
        }
    }

    @Test func nestedChunkThatComesTwiceIsMerged() throws {
        let first = try AppendRequest(chunk: OpenChunkVersion(chunkID: "a_0", version: 1)).encoded()
        let second = try AppendRequest(chunk: OpenChunkVersion(version: 7)).encoded()
        #expect(try AppendRequest(wire: first + second).chunk == OpenChunkVersion(chunkID: "a_0", version: 7))
    }

    @Test func dataIsNotCopied() throws {
        let data = ByteBuffer(repeating: 7, count: 4096)
        let segments = try AppendRequest(recordID: .random(), data: [data]).encoded()
        #expect(address(segments[1]) == address(data))
        #expect(try AppendRequest(wire: segments).data.map(address) == [address(data)])
    }

    @Test(arguments: [1, 15, 17]) func recordIDOfAnotherLengthIsRefused(_ count: Int) throws {
        var wire = WireBytes()
        wire.bytes(2, [UInt8](repeating: 1, count: count))
        #expect(throws: WireError(message: "dfs.AppendRequest", field: "record_id", fault: .malformed)) {
            try AppendRequest(wire: [ByteBuffer(bytes: wire.bytes)])
        }
    }

    private func bytes(_ segments: [ByteBuffer]) -> [UInt8] { segments.flatMap { Array($0.readableBytesView) } }

    private func address(_ buffer: ByteBuffer) -> UInt {
        buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
    }

    private func expectAgreement(_ bytes: [UInt8], _ generator: inout SeededGenerator) {
        let wire = ByteBuffer(bytes: bytes)
        let segments = cut(bytes, using: &generator)
        let append = try? ReferenceAppendRequest(AppendRequest(wire: segments))
        let expected = try? ReferenceAppendRequest(wire: wire)
        // Only a record id of a wrong length is refused beyond what protobuf-c refuses.
        if let expected, ![0, 16].contains(expected.recordID.count) {
            #expect(append == nil, "\(bytes)")
        } else if let append, let expected {
            #expect(append == expected, "\(bytes)")
        } else {
            #expect(expected == nil && append == nil || hasOddRecordID(bytes), "\(bytes)")
        }
        let replicate = try? ReferenceReplicateRequest(ReplicateRequest(wire: segments))
        #expect(replicate == (try? ReferenceReplicateRequest(wire: wire)), "\(bytes)")
    }

    /// Whether an id of a wrong length stands before the one that counts.
    private func hasOddRecordID(_ bytes: [UInt8]) -> Bool {
        do {
            _ = try AppendRequest(wire: [ByteBuffer(bytes: bytes)])
            return false
        } catch {
            return error.field == "record_id" && error.fault == .malformed
        }
    }
}
