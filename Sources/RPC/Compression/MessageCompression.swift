/// How the messages of one direction of a call may be compressed (gRPC over HTTP/2, "Message-Encoding"). Whether a single
/// message is, its prefix says.
package enum MessageCompression: String, Sendable, CaseIterable {
    case identity
    case gzip

    /// The value of `grpc-accept-encoding`: all that this implementation takes.
    static let accepted = allCases.map(\.rawValue).joined(separator: ",")

    /// Whether a peer that sent `list` as its `grpc-accept-encoding` takes gzip.
    static func isGzip(in list: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        for end in 0...list.count where end == list.count || list[end] == UInt8(ascii: ",") {
            var item = UnsafeRawBufferPointer(rebasing: list[start..<end])
            while item.first == UInt8(ascii: " ") { item = UnsafeRawBufferPointer(rebasing: item.dropFirst()) }
            while item.last == UInt8(ascii: " ") { item = UnsafeRawBufferPointer(rebasing: item.dropLast()) }
            if item.isText("gzip") { return true }
            start = end + 1
        }
        return false
    }
}
