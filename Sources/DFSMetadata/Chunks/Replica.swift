import DFSCore

/// What the master believes of one server's copy of one chunk, in eight bytes. Never stored: servers tell it anew.
struct Replica: Sendable {
    /// How far the copy has come. Only `complete` copies are named to clients, copied from, and counted as safe.
    enum State: UInt8, Sendable {
        /// Handed out to a writer or as the target of a copy; nothing of it has been seen.
        case assigned
        /// In the server's list, whole or not: a Go server lists a chunk from its first byte.
        case listed
        /// Proven to hold the chunk's bytes.
        case complete
        /// Proven to hold other bytes; waits to be overwritten or deleted.
        case bad
        /// Told to be deleted, since enough other copies are complete.
        case deleting

        /// Whether the copy takes room that it is to keep.
        var occupies: Bool { self == .listed || self == .complete || self == .bad }
    }

    private struct Marks: OptionSet {
        let rawValue: UInt8
        static let missing = Marks(rawValue: 1)
        static let unreachable = Marks(rawValue: 2)
        static let bad = Marks(rawValue: 4)
        static let unreadable = Marks(rawValue: 8)
    }

    /// The number of the server's newest list that holds the chunk.
    var listNumber: UInt32
    private let serverNumber: UInt16
    var state: State
    private var marks: Marks

    init(server: ServerHandle, state: State, listNumber: UInt32 = 0, wasReachable: Bool = true) {
        serverNumber = server.rawValue
        self.state = state
        self.listNumber = listNumber
        marks = wasReachable ? [] : .unreachable
    }

    var server: ServerHandle { ServerHandle(rawValue: serverNumber) }

    /// Whether the server's lists lack the chunk; since when, the server's record knows.
    var isMissing: Bool {
        get { marks.contains(.missing) }
        set { if newValue { marks.insert(.missing) } else { marks.remove(.missing) } }
    }

    /// While it is to be deleted: whether that is because it holds other bytes.
    var isDeletedAsBad: Bool {
        get { marks.contains(.bad) }
        set { if newValue { marks.insert(.bad) } else { marks.remove(.bad) } }
    }

    /// While it is listed: whether reading it has failed for so long that it is not hoped to be proven. It is read on.
    var isUnreadable: Bool {
        get { marks.contains(.unreadable) }
        set { if newValue { marks.insert(.unreadable) } else { marks.remove(.unreadable) } }
    }

    /// Whether the master reached the server when it was handed out. A client may reach one that the master does not.
    var wasReachable: Bool { !marks.contains(.unreachable) }
}

/// The replicas of one chunk, in the order in which their servers were handed out. Two of them need no room elsewhere.
struct Replicas: Sendable, RandomAccessCollection, MutableCollection {
    private var first: Replica?
    private var second: Replica?
    private var others: [Replica] = []

    var startIndex: Int { 0 }
    var endIndex: Int { first == nil ? 0 : second == nil ? 1 : 2 + others.count }

    subscript(position: Int) -> Replica {
        get {
            switch position {
            case 0: first!
            case 1: second!
            default: others[position - 2]
            }
        }
        set {
            switch position {
            case 0: first = newValue
            case 1: second = newValue
            default: others[position - 2] = newValue
            }
        }
    }

    mutating func append(_ replica: Replica) {
        switch count {
        case 0: first = replica
        case 1: second = replica
        default: others.append(replica)
        }
    }

    mutating func remove(at position: Int) -> Replica {
        let removed = self[position]
        for at in position..<count - 1 { self[at] = self[at + 1] }
        if !others.isEmpty {
            others.removeLast()
        } else if second != nil {
            second = nil
        } else {
            first = nil
        }
        return removed
    }
}
