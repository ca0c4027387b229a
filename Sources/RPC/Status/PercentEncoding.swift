/// The encoding of `grpc-message` (gRPC over HTTP/2, "Responses"): bytes outside printable ASCII, and `%`, as `%XX`.
enum PercentEncoding {
    private static let ellipsis = Array("...".utf8)

    /// Spaces at the ends are encoded too: HTTP/2 libraries drop or refuse values with outer spaces.
    ///
    /// - Parameter maxByteCount: of the result; a longer text is cut between two characters, and ends with `...`.
    static func encode(_ text: String, maxByteCount: Int = .max) -> String {
        // No character takes less than it has bytes.
        let bytes = Array(text.utf8.prefix(maxByteCount))
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        /// Where the text can be cut: behind whole characters, with room for the ellipsis.
        var cut = 0
        for (index, byte) in bytes.enumerated() {
            let isFirstOfCharacter = byte & 0xC0 != 0x80
            if isFirstOfCharacter, result.count <= maxByteCount - ellipsis.count { cut = result.count }
            let isOuterSpace = byte == 0x20 && (index == 0 || index == bytes.count - 1)
            if byte >= 0x20, byte <= 0x7E, byte != UInt8(ascii: "%"), !isOuterSpace {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 0xF)]
            }
        }
        if result.count > maxByteCount || bytes.count < text.utf8.count { result = result.prefix(cut) + ellipsis }
        return String(decoding: result, as: UTF8.self)
    }

    /// Never fails: what is no valid escape stays as it is, and bytes that are not UTF-8 are replaced.
    static func decode(_ bytes: some Collection<UInt8>) -> String {
        var result: [UInt8] = []
        var rest = Array(bytes)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let high = value(rest[rest.startIndex]), let low = value(rest[rest.startIndex + 1])
            {
                result.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
