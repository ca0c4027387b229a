import DFSCore
import DFSFiles

/// How far the scrubber has come in reading all chunks.
package struct ScrubCursor: Sendable, Equatable {
    /// When the cycle began, in seconds since 1970.
    package var cycleStart: Int64
    /// The last chunk that was read in it; `nil` at its start.
    package var last: ChunkID?
    /// Whether all chunks have been.
    package var isDone: Bool

    package init(cycleStart: Int64, last: ChunkID? = nil, isDone: Bool = false) {
        self.cycleStart = cycleStart
        self.last = last
        self.isDone = isDone
    }

    /// `1 <cycle start> going|done <chunk id>`; the leading 1 is the form's version, the id may be empty.
    var text: String { "1 \(cycleStart) \(isDone ? "done" : "going") \(last?.text ?? "")\n" }

    /// - Returns: `nil` for any other form: then a cycle begins.
    init?(text: String) {
        let parts = text.prefix { $0 != "\n" }.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "1", let start = Int64(parts[1]), ["going", "done"].contains(parts[2])
        else {
            return nil
        }
        cycleStart = start
        isDone = parts[2] == "done"
        last = try? ChunkID(String(parts[3]))
    }
}

extension ChunkStore {
    /// Where the last run's scrubber stopped; `nil` where that cannot be told.
    package func scrubCursor() -> ScrubCursor? {
        guard let text = try? files.readSmallFile("\(layout.own)/\(layout.scrubCursorName)") else { return nil }
        return ScrubCursor(text: text)
    }

    /// Keeps where the scrubber is. Durable on return.
    package func keep(_ cursor: ScrubCursor) throws(DFSError) {
        try files.replaceSmallFile(layout.scrubCursorName, in: layout.own, by: cursor.text)
    }

    /// The calendar's time, in seconds since 1970.
    package var wallSeconds: Int64 { wallClock() }
}
