import NIOCore
import Testing

@testable import DFSWire

/// The streaming codec of `ChunkData` against protobuf-c.
@Suite struct ChunkDataTests {
    @Test(arguments: 0..<20)
    func decoderAgreesWithProtobufCOnValidMessages(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let bytes = randomMessage(&generator)
            try expectAgreement(bytes, cut(bytes, using: &generator))
        }
    }

    @Test(arguments: 0..<20)
    func decoderAgreesWithProtobufCOnBrokenMessages(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &+ 1000)
        for _ in 0..<200 {
            var bytes = randomMessage(&generator)
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                let position = Int.random(in: bytes.indices, using: &generator)
                if Bool.random(using: &generator) {
                    bytes[position] = UInt8.random(in: 0...255, using: &generator)
                } else {
                    bytes.removeSubrange(position...)
                }
            }
            try expectAgreement(bytes, cut(bytes, using: &generator))
        }
    }

    @Test func everyCutAndEveryFlippedBitAgreesWithProtobufC() throws {
        var generator = SeededGenerator(seed: 7)
        let message = ReferenceChunkData(chunkID: "ü.0_1", data: generator.bytes(20), seqNo: -3, checksum: .max)
        let bytes = Array(try message.encoded().readableBytesView)
        for end in bytes.indices {
            try expectAgreement(Array(bytes[..<end]), [ByteBuffer(bytes: bytes[..<end])])
            try expectAgreement(bytes, [ByteBuffer(bytes: bytes[..<end]), ByteBuffer(bytes: bytes[end...])])
            for bit in 0..<8 {
                var changed = bytes
                changed[end] ^= 1 << bit
                try expectAgreement(changed, cut(changed, using: &generator))
            }
        }
    }

    @Test(arguments: [0, 1, 127, 128, 65536, 1 << 20])
    func protobufCReadsWhatTheEncoderWrites(_ size: Int) throws {
        var generator = SeededGenerator(seed: UInt64(size))
        let data = generator.bytes(size)
        let encoder = ChunkDataEncoder(chunkID: "dir%2Fa.00ff_3")
        for (seqNo, checksum) in [(Int32(0), UInt32(0)), (1, .max), (.max, 1), (-1, 128)] {
            let segments = encoder.encode(data: ByteBuffer(bytes: data), seqNo: seqNo, checksum: checksum)
            let bytes = segments.flatMap { Array($0.readableBytesView) }
            let expected = ReferenceChunkData(
                chunkID: "dir%2Fa.00ff_3", data: data, seqNo: seqNo, checksum: checksum)
            #expect(try ReferenceChunkData(wire: ByteBuffer(bytes: bytes)) == expected)
            #expect(try ReferenceChunkData(ChunkDataDecoder.decode(segments)) == expected)
        }
    }

    @Test func encoderPassesTheDataOnWithoutACopy() throws {
        let data = ByteBuffer(repeating: 7, count: 4096)
        let segments = ChunkDataEncoder(chunkID: "a_0").encode(data: data, seqNo: 1, checksum: 2)
        #expect(segments.count == 2)
        #expect(address(segments[1]) == address(data))
    }

    @Test func decoderSlicesTheSegmentsWithoutACopy() throws {
        var segment = ByteBuffer(bytes: [0x12, 0x80, 0x20])
        segment.writeRepeatingByte(7, count: 4096)
        let frame = try ChunkDataDecoder.decode([segment])
        #expect(frame.data.count == 1)
        #expect(address(frame.data[0]) == address(segment) + 3)
    }

    @Test func encoderPutsSeveralBuffersIntoAMessageWithoutACopy() throws {
        let data = (1...3).map { ByteBuffer(repeating: UInt8($0), count: 5000 * $0) }
        let segments = ChunkDataEncoder(chunkID: "a_0").encode(data: data, seqNo: 1, checksum: 7)
        #expect(segments.dropFirst().map(address) == data.map(address))
        let frame = try ChunkDataDecoder.decode(segments)
        #expect(frame.dataByteCount == 30_000 && frame.checksum == 7 && frame.data == data)
    }

    @Test func emptyMessageIsAChunkDataWithoutAnything() throws {
        #expect(try ChunkDataDecoder.decode([]) == ChunkDataFrame())
        #expect(ChunkDataEncoder(chunkID: "").encode(data: ByteBuffer(), seqNo: 0, checksum: 0) == [ByteBuffer()])
    }

    @Test func errorNamesTheField() {
        #expect(throws: WireError(message: "chunk.ChunkData", field: "data", fault: .truncated)) {
            try ChunkDataDecoder.decode([ByteBuffer(bytes: [0x12, 0x05, 1, 2])])
        }
    }

    private func address(_ buffer: ByteBuffer) -> UInt {
        buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
    }

    private func expectAgreement(_ bytes: [UInt8], _ segments: [ByteBuffer]) throws {
        let expected = Result { () throws(WireError) in try ReferenceChunkData(wire: ByteBuffer(bytes: bytes)) }
        let actual = Result { () throws(WireError) in ReferenceChunkData(try ChunkDataDecoder.decode(segments)) }
        #expect(actual == expected, "\(bytes)")
    }

    /// Fields in any order, some twice, unknown ones between them, some numbers longer than needed.
    private func randomMessage(_ generator: inout SeededGenerator) -> [UInt8] {
        var message = WireBytes()
        for _ in 0..<Int.random(in: 0...7, using: &generator) {
            switch Int.random(in: 0...7, using: &generator) {
            case 0: message.bytes(1, Array(["", "a_0", "日本_1"].randomElement(using: &generator)!.utf8))
            case 1, 2: message.bytes(2, generator.bytes(Int.random(in: 0...40, using: &generator)))
            case 3: message.number(3, UInt64.random(in: 0 ... .max, using: &generator))
            case 4: message.number(4, UInt64(UInt32.random(in: 0 ... .max, using: &generator)))
            case 5: message.bytes(UInt64.random(in: 5...(1 << 29 - 1), using: &generator), generator.bytes(3))
            case 6:
                message.tag(9, 1)
                message.raw(generator.bytes(8))
            default:
                message.tag(3, 0)
                message.raw([0x81, 0x80, 0x80, 0x00])
            }
        }
        return message.bytes
    }
}
