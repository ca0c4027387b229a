import HTTP2

/// Custom metadata of a call: an ordered multimap of lower-case names to ASCII values, or to bytes for names that end in
/// `-bin` (gRPC over HTTP/2, "Custom-Metadata").
package struct Metadata: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    private struct Entry: Sendable, Equatable {
        let name: String
        /// As on the wire: for `-bin` names, base64.
        let value: String

        /// The protocol keeps the name for itself.
        var isReserved: Bool {
            var name = name
            return name.withUTF8 { HeaderName(UnsafeRawBufferPointer($0)) != .custom }
        }
    }

    private var entries: [Entry] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }

    /// Adds an ASCII value. `name` is lower-cased. Bytes outside printable ASCII in `value` become `?`: a value that
    /// needs them belongs under a `-bin` name.
    package mutating func add(_ name: String, _ value: String) {
        let isPlain = value.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        let safe = isPlain ? value : String(value.unicodeScalars.map { (" "..."~").contains($0) ? Character($0) : "?" })
        entries.append(Entry(name: name.lowercased(), value: safe))
    }

    /// Adds bytes. `name` must end in `-bin`.
    package mutating func add(_ name: String, binary: [UInt8]) {
        precondition(name.hasSuffix("-bin"), "metadata \(name) holds bytes, so its name must end in -bin")
        entries.append(Entry(name: name.lowercased(), value: Base64.encode(binary)))
    }

    /// The first value of `name`.
    package func first(_ name: String) -> String? { entries.first { $0.name == name }?.value }

    /// All values of `name`, in order.
    package func all(_ name: String) -> [String] { entries.filter { $0.name == name }.map(\.value) }

    /// The first value of a `-bin` name; `nil` also where it is no base64.
    package func firstBinary(_ name: String) -> [UInt8]? { first(name).flatMap { Base64.decode($0.utf8) } }
}

extension Metadata {
    /// - Throws: ``RPCError`` `internalError` that names what the protocol keeps for itself, or cannot carry.
    func checkNames() throws(RPCError) {
        for entry in entries {
            if entry.isReserved {
                throw RPCError(.internalError, "metadata cannot have the name \(entry.name): gRPC keeps it for itself")
            }
            guard entry.name.utf8.allSatisfy(Self.isNameByte) else {
                throw RPCError(
                    .internalError, "metadata cannot have the name \(entry.name); write a-z, 0-9, '_', '-' and '.'")
            }
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
            UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// The custom part of a received header block.
    init(_ block: HeaderBlock) {
        let custom = block.withFields { fields in
            (0..<fields.count).filter { HeaderName(fields[$0].name) == .custom }
        }
        self.init(block, fields: custom)
    }

    /// Those fields of a received header block, which are custom.
    init(_ block: HeaderBlock, fields: [Int]) {
        entries = fields.map { Entry(name: block.name(at: $0), value: block.value(at: $0)) }
    }

    /// Adds the fields to a block to be sent. Names that cannot be sent are left out: of a client's call
    /// ``checkNames()`` has refused them.
    func append(to block: inout HeaderBlock) {
        for entry in entries where !entry.isReserved {
            block.append(entry.name, entry.value)
        }
    }
}
