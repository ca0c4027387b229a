/// Byte streams of HTTP/2 peers, from well-formed to nonsense.
enum FrameSequence {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private static let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
    private static let request = fields([
        (":method", "POST"), (":scheme", "http"), (":path", "/test.Echo/Echo"), (":authority", "x"),
        ("content-type", "application/grpc"), ("te", "trailers"), ("grpc-encoding", "gzip"),
    ])
    private static let response = fields([(":status", "200"), ("content-type", "application/grpc")])
    private static let trailers = fields([("grpc-status", "0")])

    static func fromClient(_ corpus: FuzzCorpus, _ random: inout FuzzRandom) -> [UInt8] {
        if random.one(in: 3), let recorded = corpus.fromClients.randomElement(using: &random) {
            return recorded.mutated(&random)
        }
        if random.one(in: 50) { return random.bytes(random.below(4096)) }
        let start = preface + settings
        return (random.one(in: 30) ? start.mutated(&random) : start) + frames([request, trailers], &random)
    }

    static func fromServer(_ corpus: FuzzCorpus, _ random: inout FuzzRandom) -> [UInt8] {
        if random.one(in: 3), let recorded = corpus.fromServers.randomElement(using: &random) {
            return recorded.mutated(&random)
        }
        return settings + frames([response, trailers], &random)
    }

    /// Every kind of frame, mostly on streams that exist and with payloads of the right form.
    private static func frames(_ blocks: [[UInt8]], _ random: inout FuzzRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<random.below(60) {
            let type = kind(&random)
            let flags = random.one(in: 8) ? random.byte() : usualFlags[random.below(usualFlags.count)]
            var stream = isAboutConnection(type) ? 0 : 1 + 2 * random.below(5)
            if random.one(in: 20) { stream = random.below(1 << 16) }
            var payload = payload(type, blocks, &random)
            if random.one(in: 10) { payload = payload.mutated(&random) }
            let length = random.one(in: 60) ? random.below(1 << 24) : payload.count
            bytes += [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), type, flags]
            bytes += [0, 0, UInt8(stream >> 8), UInt8(stream & 0xFF)]
            bytes += payload
        }
        return bytes
    }

    private static let usualFlags: [UInt8] = [0, 1, 4, 5]
    private static let usualKinds: [UInt8] = [0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]

    private static func kind(_ random: inout FuzzRandom) -> UInt8 {
        random.one(in: 20) ? random.byte() : usualKinds[random.below(usualKinds.count)]
    }

    private static func isAboutConnection(_ type: UInt8) -> Bool { type == 4 || type == 6 || type == 7 }

    private static func payload(_ type: UInt8, _ blocks: [[UInt8]], _ random: inout FuzzRandom) -> [UInt8] {
        let few = UInt8(random.below(14))
        switch type {
        case 0: return data(&random)
        case 1, 5, 9: return blocks[random.below(blocks.count)]
        case 2: return random.bytes(5)
        case 3: return [0, 0, 0, few]
        case 4: return setting(&random)
        case 6: return random.bytes(8)
        case 7: return [0, 0, 0, few, 0, 0, 0, few]
        case 8: return [random.one(in: 4) ? 0x7F : 0, 0, random.byte(), random.byte()]
        default: return random.bytes(random.below(64))
        }
    }

    /// A small message, perhaps marked as compressed.
    private static func data(_ random: inout FuzzRandom) -> [UInt8] {
        let length = random.below(200)
        let prefix: [UInt8] = [random.one(in: 4) ? 1 : 0, 0, 0, 0, UInt8(length)]
        return prefix + random.bytes(length)
    }

    /// One setting or none.
    private static func setting(_ random: inout FuzzRandom) -> [UInt8] {
        if random.one(in: 2) { return [] }
        let id: [UInt8] = [0, UInt8(random.below(8))]
        return id + random.bytes(4)
    }

    /// Literals without indexing and without Huffman coding (RFC 7541 §6.2.2).
    private static func fields(_ fields: [(String, String)]) -> [UInt8] {
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)]
            block += name.utf8
            block.append(UInt8(value.utf8.count))
            block += value.utf8
        }
        return block
    }
}
