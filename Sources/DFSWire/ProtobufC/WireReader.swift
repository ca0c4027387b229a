// What a codec's `read` closure is written with: C fields, valid during the call, to Swift values.

/// The string of a C field. The scan has made sure that it is UTF-8 without NUL.
func text(_ field: UnsafeMutablePointer<CChar>?) -> String {
    guard let field else { return "" }
    return String(cString: field)
}

/// The strings of a repeated C field.
func texts(_ field: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) -> [String] {
    guard let field else { return [] }
    return (0..<count).map { text(field[$0]) }
}

/// The nested messages of a repeated C field.
func nestedList<C, Message: WireMessage>(
    _ field: UnsafeMutablePointer<UnsafeMutablePointer<C>?>?, _ count: Int
) -> [Message] {
    guard let field else { return [] }
    let codec = Message.codec
    return (0..<count).compactMap { index in field[index].map { codec.read(UnsafeRawPointer($0)) } }
}

/// The nested message of a C field, or `nil` where it is absent.
func nested<C, Message: WireMessage>(_ field: UnsafeMutablePointer<C>?) -> Message? {
    field.map { Message.codec.read(UnsafeRawPointer($0)) }
}
