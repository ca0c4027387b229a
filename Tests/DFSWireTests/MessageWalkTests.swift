import NIOCore
import Testing

@testable import DFSWire

/// Every sample cut at each offset and with each bit flipped: an error of ours or a message, never a trap, and never a
/// message that only protobuf-c found wrong.
@Suite struct MessageWalkTests {
    @Test(arguments: Samples.all.indices)
    func cutMessageIsAnErrorOrAMessage(_ index: Int) throws {
        try walk(Samples.all[index]) { bytes in bytes.indices.map { Array(bytes[..<$0]) } }
    }

    @Test(arguments: Samples.all.indices)
    func flippedBitIsAnErrorOrAMessage(_ index: Int) throws {
        try walk(Samples.all[index]) { bytes in
            bytes.indices.flatMap { position in
                (0..<8).map { bit in
                    var changed = bytes
                    changed[position] ^= 1 << bit
                    return changed
                }
            }
        }
    }

    @Test(arguments: Samples.all.indices)
    func garbageIsAnErrorOrAMessage(_ index: Int) throws {
        var generator = SeededGenerator(seed: UInt64(index))
        try walk(Samples.all[index]) { bytes in
            (0..<300).map { _ in
                var changed = bytes
                for _ in 0..<Int.random(in: 1...4, using: &generator) where !changed.isEmpty {
                    let position = Int.random(in: changed.indices, using: &generator)
                    changed[position] = UInt8.random(in: 0...255, using: &generator)
                }
                let noise = generator.bytes(Int.random(in: 0...6, using: &generator))
                return Bool.random(using: &generator) ? changed + noise : noise
            }
        }
    }

    private func walk<Message: WireMessage>(_ sample: Message, _ variants: ([UInt8]) -> [[UInt8]]) throws {
        for bytes in variants(Array(try sample.encoded().readableBytesView)) {
            do {
                let message = try Message(wire: ByteBuffer(bytes: bytes))
                // What was understood is said again in the same words.
                #expect(try Message(wire: message.encoded()) == message)
            } catch {
                // The scan alone decides; protobuf-c never refuses what the scan has let pass.
                #expect(error.fault != .refused, "\(bytes)")
            }
        }
    }
}
