/// Checks that `bytes` are UTF-8 without NUL.
///
/// Chunk ids are ASCII, and a heartbeat brings up to two million of them: eight bytes at a time are looked at, and only a
/// string with a byte above 0x7F takes the full check.
func checkText(_ bytes: UnsafeRawBufferPointer) throws(WireFault) {
    let highBits: UInt64 = 0x8080_8080_8080_8080
    let lowBits: UInt64 = 0x0101_0101_0101_0101
    var isASCII = true
    var position = 0
    while position + 8 <= bytes.count {
        let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        // Is any byte zero? The subtraction borrows from a byte only past a zero byte, so the answer is exact.
        if (word &- lowBits) & ~word & highBits != 0 { throw .containsNUL }
        if word & highBits != 0 { isASCII = false }
        position += 8
    }
    while position < bytes.count {
        let byte = bytes[position]
        if byte == 0 { throw .containsNUL }
        if byte >= 0x80 { isASCII = false }
        position += 1
    }
    if !isASCII, !isUTF8(bytes) { throw .notUTF8 }
}

private func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let span = Span(_unsafeElements: bytes.assumingMemoryBound(to: UInt8.self))
    return (try? UTF8Span(validating: span)) != nil
}
