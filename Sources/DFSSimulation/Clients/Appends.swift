import DFSChunkServer
import DFSCore
import DFSMetadata
import NIOCore

/// Appends some records to one file, one after the other, after `AppendPump`: at the first trouble it asks again, naming what
/// failed, and sends what was not acknowledged once more, under the same id.
final class Appends {
    private let client: Client
    private let simulation: Simulation
    private let path: String
    private let writer: String
    private let isAlone: Bool
    private var left: Int
    private var attempts = 0
    private var record: (id: RecordID, bytes: [UInt8])
    private var failed: OpenVersion?
    private var excluded: [ServerAddress] = []

    init(_ client: Client) {
        self.client = client
        simulation = client.simulation
        let dice = client.dice
        path = "log\(dice.number(0...2))"
        writer = "w\(dice.word())"
        isAlone = dice.chance(100)
        left = dice.number(3...40)
        record = (RecordID(high: 0, low: 0), [])
    }

    func begin() {
        drawRecord()
        open()
    }

    private func drawRecord() {
        let dice = client.dice
        let size = Int(simulation.scenario.policy.chunkSize) / 4
        record = (RecordID(high: dice.word(), low: dice.word()), dice.bytes(dice.number(1...size)))
    }

    private func open() {
        attempts += 1
        guard attempts < 40 else { return close() }
        let request = AppendRequest(
            name: Client.name(path), writer: writer, isExclusive: isAlone, failed: failed, excluded: excluded)
        let ledger = simulation.ledger
        let note = { (answer: Result<Answer, DFSError>) in
            if case .success(.appending(let place)) = answer { ledger.noteAppends(to: place.chunk.chunk) }
        }
        client.ask({ call, _ in .openAppend(request, call) }, decided: note, attempts: 1) { [self] answer in
            switch answer {
            case .success(.appending(let place)): send(to: place)
            case .failure(let error) where error.code == .notFound: make()
            case .failure(let error) where error.code == .alreadyExists || error.code == .resourceExhausted: close()
            default:
                simulation.network.at(client.party, after: client.dice.milliseconds(50...1500)) { [self] in open() }
            }
        }
    }

    /// The file does not exist yet.
    private func make() {
        let content = client.dice.chance(500) ? [] : client.dice.bytes(30)
        Put(client, path: path, contents: [content]) { [self] _ in
            simulation.network.at(client.party, after: client.dice.milliseconds(50...500)) { [self] in open() }
        }.begin()
    }

    private func send(to place: AppendPlace) {
        guard let server = simulation.server(at: place.servers[0]) as? ChunkServer else {
            return simulation.violate("\(place.chunk.chunk) is open on a Go server")
        }
        let (bytes, ledger, tally) = (record.bytes, simulation.ledger, simulation.tally)
        let sent = AppendRecord(
            id: record.id, data: [ByteBuffer(bytes: bytes)], byteCount: bytes.count, crc32c: CRC32C.of(bytes))
        simulation.network.call(client.party, server.party, limit: .seconds(12), isRepeatable: true) { answer in
            server.append(sent, to: place.chunk, answer)
        } then: { [self] (outcome: Result<RecordPlace, DFSError>) in
            switch outcome {
            case .success(let found):
                tally.count(.recordAppended)
                ledger.note(Ledger.Record(chunk: place.chunk.chunk, offset: Int(found.offset), bytes: bytes))
                failed = nil
                excluded = []
                attempts = 0
                left -= 1
                if left == 0 { return close() }
                drawRecord()
                let pause =
                    client.dice.chance(900) ? client.dice.milliseconds(0...20) : client.dice.milliseconds(0...5000)
                simulation.network.at(client.party, after: pause) { [self] in
                    client.dice.chance(50) ? open() : send(to: place)
                }
            case .failure(let error):
                failed = place.chunk
                excluded = error.code == .unavailable && client.dice.chance(300) ? [place.servers[0]] : []
                open()
            }
        }
    }

    private func close() {
        let (name, writer) = (Client.name(path), writer)
        client.ask { call, _ in
            .closeAppend(name, writer: writer, call)
        } then: { [client] _ in
            client.done()
        }
    }
}
