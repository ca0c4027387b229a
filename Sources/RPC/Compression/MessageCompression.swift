/// How the messages of one direction of a call may be compressed (gRPC over HTTP/2, "Message-Encoding"). Whether a single
/// message is, its prefix says.
package enum MessageCompression: String, Sendable, CaseIterable {
    case identity
    case gzip

    /// The value of `grpc-accept-encoding`: all that this implementation takes.
    static let accepted = allCases.map(\.rawValue).joined(separator: ",")

    /// Whether a peer that sent `list` as its `grpc-accept-encoding` takes this encoding; no list is identity alone.
    func isIn(_ list: String?) -> Bool {
        guard let list, self != .identity else { return self == .identity }
        return list.split(separator: ",").contains { $0.trimmingSpaces == rawValue[...] }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }
}
