/// Why a receipt is not proven: one thing that is missing or different.
public struct ReceiptProblem: Sendable, Equatable {
    /// What is wrong; the texts are stable.
    public enum Kind: String, Sendable, CaseIterable {
        /// The line is no receipt, or a damaged one.
        case unreadable
        /// The master is that of another cluster.
        case otherCluster = "other-cluster"
        /// No file has the name.
        case noSuchFile = "no-such-file"
        /// The file of that name is another one: it has other chunks.
        case replaced
        /// No copy of a chunk can be had now.
        case missing
        /// A copy, or what the master knows of a chunk, has another length or checksum; or the copy's server says that its disk
        /// does not hold what was stored.
        case different
        /// A copy that should be there could not be read now.
        case unread
    }

    /// What is wrong.
    public let kind: Kind
    /// The file's name in the receipt; of an unreadable line its number, as `line 3`.
    public let name: String
    /// The chunk's id, where it is about one.
    public let chunkID: String?
    /// The server's address, or the path of the chunk's file, where it is about one copy.
    public let place: String?
    /// What was found, in words.
    public let message: String

    /// - Parameters: as the properties.
    public init(_ kind: Kind, _ name: String, chunkID: String? = nil, place: String? = nil, _ message: String) {
        self.kind = kind
        self.name = name
        self.chunkID = chunkID
        self.place = place
        self.message = message
    }
}

/// How thoroughly a receipt is compared.
public enum ReceiptCheck: Sendable {
    /// Only what is said of the chunks: by the master, or by the lengths of their files.
    case quick
    /// Every byte of every copy.
    case full
}
