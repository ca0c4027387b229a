/// How the messages of one direction of a call may be compressed (gRPC over HTTP/2, "Message-Encoding"). Whether a single
/// message is, its prefix says.
package enum MessageCompression: String, Sendable, CaseIterable {
    case identity
    case gzip

    /// The value of `grpc-accept-encoding`: all that this implementation takes.
    static let accepted = allCases.map(\.rawValue).joined(separator: ",")

    /// Whether a peer that sent `list` as its `grpc-accept-encoding` takes gzip.
    static func isGzip(in list: UnsafeRawBufferPointer) -> Bool {
        list.split(separator: UInt8(ascii: ",")).contains { item in
            let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") }
            let name = item.drop(while: isSpace).prefix { !isSpace($0) }
            return name.elementsEqual("gzip".utf8)
        }
    }
}
