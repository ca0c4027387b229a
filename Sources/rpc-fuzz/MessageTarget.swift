import DFSWire
import Gzip
import NIOCore
import RPC

/// Message framing, decompression and wire decoding.
///
/// What must hold: no trap; framing does not depend on how the bytes are cut; nothing decompresses above the limit; what
/// was decoded encodes, and decodes to the same.
struct MessageTarget: FuzzTarget {
    let corpus: FuzzCorpus

    func run(_ random: inout FuzzRandom) throws {
        switch random.below(3) {
        case 0: try frame(&random)
        case 1: try decompress(&random)
        default: try decode(&random)
        }
    }

    private func frame(_ random: inout FuzzRandom) throws {
        var stream: [UInt8] = []
        for _ in 0..<random.below(12) {
            let count = random.one(in: 3) ? 0 : random.below(9000)
            stream += [UInt8(random.below(2)), 0, 0, UInt8(count >> 8), UInt8(count & 0xFF)] + random.bytes(count)
        }
        if random.one(in: 3) { stream = stream.mutated(&random) }
        let whole = messages([stream[...]], &random)
        let cut = messages(stream.cut(&random), &random)
        try check(whole == cut, "framing depends on how \(stream.count) bytes are cut")
    }

    private func messages(_ pieces: [ArraySlice<UInt8>], _ random: inout FuzzRandom) -> [[UInt8]] {
        var framing = MessageDeframer(maxMessageByteCount: 8192)
        var messages: [[UInt8]] = []
        for piece in pieces {
            var data = ByteBuffer(bytes: piece)
            repeat {
                do {
                    try framing.append(&data, maxCount: 1 + random.below(3)) { message, _ in
                        messages.append(Array(message.contiguous().readableBytesView))
                    }
                } catch {
                    return messages + [Array("\(error)".utf8)]
                }
            } while data.readableBytes > 0
        }
        return messages
    }

    private func decompress(_ random: inout FuzzRandom) throws {
        let plain =
            random.one(in: 2) ? [UInt8](repeating: 0, count: random.below(1 << 18)) : random.bytes(random.below(2000))
        let packed = Array(try GzipCompressor().compress([ByteBuffer(bytes: plain)]).readableBytesView)
        let isChanged = !random.one(in: 4)
        let bytes = isChanged ? packed.mutated(&random) : packed
        let limit = 1 << 16
        do {
            let output = try GzipDecompressor().decompress(
                bytes.cut(&random).map { ByteBuffer(bytes: $0) }, limit: limit)
            try check(output.readableBytes <= limit, "\(output.readableBytes) bytes above the limit")
            try check(isChanged || Array(output.readableBytesView) == plain, "what was packed came out changed")
        } catch let error as GzipError {
            let isExcused = isChanged || plain.count > limit && error == .tooLarge(limit: limit)
            try check(isExcused, "a good message was refused: \(error)")
        }
    }

    private func decode(_ random: inout FuzzRandom) throws {
        guard let message = corpus.messages.randomElement(using: &random) else { return }
        let bytes = ByteBuffer(bytes: message.mutated(&random))
        try Self.decoders[random.below(Self.decoders.count)](bytes)
    }

    private static let decoders: [@Sendable (ByteBuffer) throws -> Void] = [
        decoder(of: AllocateChunkRequest.self), decoder(of: AllocateChunkResponse.self),
        decoder(of: CompleteRequest.self), decoder(of: CreateResponse.self), decoder(of: DeleteTask.self),
        decoder(of: DescribeResponse.self), decoder(of: FileDescriptorResponse.self),
        decoder(of: GetFileInfoResponse.self), decoder(of: HealthCheckRequest.self), decoder(of: HeartbeatRequest.self),
        decoder(of: HeartbeatResponse.self), decoder(of: OpenResponse.self),
        decoder(of: RegisterChunkServerRequest.self), decoder(of: ReportRequest.self), decoder(of: ReportResponse.self),
        decoder(of: ServerReflectionRequest.self), decoder(of: ServerReflectionResponse.self),
        decoder(of: UploadChunkStatus.self),
    ]

    private static func decoder<Message: WireMessage>(of type: Message.Type) -> @Sendable (ByteBuffer) throws -> Void {
        { bytes in
            guard let message = try? Message(wire: bytes) else { return }
            let again = try Message(wire: try message.encoded())
            try check(again == message, "\(Message.messageName) changed on its way")
        }
    }
}
