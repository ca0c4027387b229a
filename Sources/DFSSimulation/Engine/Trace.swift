/// What happened: as a hash of all of it, and the last lines for people.
final class Trace {
    /// Lines that are kept.
    private let limit: Int

    /// FNV-1a over all lines: two runs with the same one went the same way.
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private var lines: [String] = []
    private var next = 0
    private let agenda: Agenda

    init(_ agenda: Agenda, limit: Int) {
        self.agenda = agenda
        self.limit = limit
    }

    func note(_ line: String) {
        for byte in line.utf8 { mix(byte) }
        var time = agenda.now
        for _ in 0..<8 {
            mix(UInt8(truncatingIfNeeded: time))
            time >>= 8
        }
        let text = "\(Double(agenda.now / 1_000_000) / 1000) s  \(line)"
        if lines.count < limit {
            lines.append(text)
        } else {
            lines[next] = text
            next = (next + 1) % limit
        }
    }

    private func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }

    /// The last lines, oldest first.
    var tail: [String] { Array(lines[next...] + lines[..<next]) }
}
