import CProtobufC

// What a codec's `read` closure is written with: C fields, valid during the call, to Swift values.

/// The string of a C field. The scan has made sure that it is UTF-8 without NUL.
package func text(_ field: UnsafeMutablePointer<CChar>?) -> String {
    guard let field else { return "" }
    return String(cString: field)
}

/// The strings of a repeated C field.
func texts(_ field: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) -> [String] {
    guard let field else { return [] }
    return (0..<count).map { text(field[$0]) }
}

/// The bytes of a C field.
package func bytes(_ field: ProtobufCBinaryData) -> [UInt8] {
    Array(UnsafeBufferPointer(start: field.data, count: field.len))
}

/// The byte strings of a repeated C field.
func byteLists(_ field: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int) -> [[UInt8]] {
    Array(UnsafeBufferPointer(start: field, count: count)).map(bytes)
}

/// The nested messages of a repeated C field.
package func nestedList<C, Message: WireMessage>(
    _ field: UnsafeMutablePointer<UnsafeMutablePointer<C>?>?, _ count: Int
) -> [Message] {
    guard let field else { return [] }
    let codec = Message.codec
    return (0..<count).compactMap { index in field[index].map { codec.read(UnsafeRawPointer($0)) } }
}

/// The nested message of a C field, or `nil` where it is absent.
package func nested<C, Message: WireMessage>(_ field: UnsafeMutablePointer<C>?) -> Message? {
    field.map { Message.codec.read(UnsafeRawPointer($0)) }
}
