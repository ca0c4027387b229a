import DFSCore
import Testing

@testable import DFSMetadata

/// Runs a transcript: lines that start at the margin are inputs, indented lines below are everything that followed.
///
/// Inputs: `heartbeat <server> [free=<MiB>] [life=<n>] [<chunk>...]`, `register <server> [<chunk>...]`,
/// `described <server> <kind>`, `report <server> <chunk>:<digest>...`, `create <name> [over=<n>] [keep=<seconds>]`, `state <file>`,
/// `allocate <name> <index> [upload=<file>] [exclude=<server>,...] [over=<n>]`,
/// `complete <file> <chunk>:<digest>@<server>,... [over=<n>]`, `abandon <file>`, `open <name>`, `info <name> [over=<n>]`,
/// `read <chunk> <server> <digest>|absent|unreachable`, `close <n>`,
/// `server <server> normal|decommissioning|maintenance [for=<seconds>]`, `balance [threshold=<ppm>] [rate=<bytes>]`, `+<seconds>s` (time passes, then a tick), `restart`.
/// A digest is `<length>/<crc32c>`. File ids appear as `FILE1`, `FILE2`, ... in the order in which they were made.
struct Transcript {
    private var master = MasterHarness()
    private var aliases: [(alias: String, text: String)] = []

    /// The whole transcript as it should be, from the inputs in `text`.
    static func run(_ text: String) throws -> String {
        var transcript = Transcript()
        var result = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) where !line.hasPrefix("  ") {
            result += line + "\n"
            if line.isEmpty || line.hasPrefix("#") { continue }
            for effect in try transcript.perform(String(line)) { result += "  \(effect)\n" }
        }
        while result.hasSuffix("\n\n") { result.removeLast() }
        return result
    }

    private mutating func perform(_ line: String) throws -> [String] {
        var arguments = TranscriptLine(spelled(line))
        let effects = try input(&arguments)
        for case .persist(.begin(let header, _)) in effects {
            aliases.append(("FILE\(aliases.count + 1)", header.id.uploadID))
        }
        return effects.map { EffectText.describe($0) }.map { text in
            aliases.reduce(text) { $0.replacing($1.text, with: $1.alias) }
        }
    }

    private func spelled(_ line: String) -> String {
        aliases.reversed().reduce(line) { $0.replacing($1.alias, with: $1.text) }
    }

    private mutating func input(_ line: inout TranscriptLine) throws -> [Effect] {
        let over = line.number("over") ?? 1
        switch line.verb {
        case "heartbeat":
            let (free, life) = (line.number("free") ?? 10_000, line.number("life") ?? 0)
            return try master.heartbeat(line.next(), free: free, life: life, try line.chunks())
        case "register": return try master.register(line.next(), try line.chunks())
        case "described": return try master.described(line.next(), NodeKind(rawValue: line.next()) ?? .unknown)
        case "report":
            let server = try line.next()
            return try master.report(server, try line.digests().map { ($0.id, $0.digest) }).effects
        case "create":
            let keep = UInt32(line.number("keep") ?? 0)
            return try master.create(line.next(), over: over, keep: keep).effects
        case "state":
            let upload = FileID(uploadID: try line.next()) ?? FileID(rawValue: 0)
            return master.ask { .uploadState(upload, $0) }.effects
        case "allocate":
            let upload = line.option("upload").flatMap { FileID(uploadID: $0) }
            let excluded = line.option("exclude")?.split(separator: ",").map(String.init) ?? []
            let name = try line.next()
            let index = Int(try line.next()) ?? 0
            return try master.allocate(name, index, upload: upload, excluding: excluded, over: over).effects
        case "complete":
            let upload = FileID(uploadID: try line.next()) ?? FileID(rawValue: 0)
            return master.complete(upload, try line.digests(), over: over).effects
        case "abandon":
            let upload = FileID(uploadID: try line.next()) ?? FileID(rawValue: 0)
            return master.ask { .abandon(upload, $0) }.effects
        case "open": return try master.open(line.next(), over: over).effects
        case "info": return try master.fileInfo(line.next(), over: over).effects
        case "read":
            let chunk = try ChunkID(line.next())
            return try master.readBack(chunk, line.next(), try line.finding())
        case "close": return master.close(UInt64(try line.next()) ?? 0)
        case "server":
            let server = try line.next()
            let states: [String: AdminState] = [
                "normal": .normal, "decommissioning": .decommissioning, "maintenance": .maintenance,
            ]
            let state = states[try line.next()] ?? .normal
            return try master.set(state, server, for: .seconds(Int64(line.number("for") ?? 0))).effects
        case "balance":
            let order = BalanceOrder(
                thresholdPPM: UInt32(line.number("threshold") ?? 0), bytesPerSecond: line.number("rate") ?? 1 << 30)
            return master.ask { .setBalance(order, $0) }.effects
        case "restart":
            master.restart()
            return []
        default:
            return master.tick(after: .seconds(Int64(line.verb.dropFirst().dropLast()) ?? 0))
        }
    }
}
