/// How near a chunk that lacks copies is to being lost, and whether somebody would notice: what is repaired first.
struct Risk: Hashable, Sendable, Comparable {
    /// Complete copies on live servers from which on chunks are in no hurry.
    static let maxCopies = 3
    /// All there are, the most urgent first.
    static let all = (0..<UInt8(2 * maxCopies)).map { Risk(rawValue: $0) }

    private let rawValue: UInt8

    private init(rawValue: UInt8) { self.rawValue = rawValue }

    /// - Parameters:
    ///   - liveCopies: complete copies on live servers; above ``maxCopies`` they count as that many.
    ///   - isRead: whether its file was opened lately.
    init(liveCopies: Int, isRead: Bool) {
        let copies = min(max(1, liveCopies), Self.maxCopies)
        rawValue = UInt8(2 * (copies - 1) + (isRead ? 0 : 1))
    }

    /// From 1 to ``maxCopies``.
    var liveCopies: Int { Int(rawValue) / 2 + 1 }

    /// The same of a file that is being read.
    var whenRead: Risk { Risk(liveCopies: liveCopies, isRead: true) }

    static func < (left: Risk, right: Risk) -> Bool { left.rawValue < right.rawValue }
}
