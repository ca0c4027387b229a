/// Bytes that are not the message they claim to be, or a value that no such message can carry.
package struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    package enum Fault: Sendable, Equatable {
        /// The bytes end inside a field.
        case truncated
        /// A tag, a length or a number has more bytes than its type allows, or a field number is 0 or above 2^29 - 1.
        case malformed
        /// The field is known but written with another wire type, or with one of the removed group types.
        case wrongWireType
        /// A string is not valid UTF-8.
        case notUTF8
        /// A string holds a NUL byte, which a C string cannot carry.
        case containsNUL
        /// More bytes than this message is ever allowed to have.
        case tooLarge(limit: Int)
        /// More fields, all levels together, than this message is ever allowed to have.
        case tooManyFields(limit: Int)
        /// protobuf-c refused what the scan had let pass, or ran out of its budget.
        case refused
    }

    /// The full name of the message, such as `master.HeartbeatRequest`.
    package let message: String
    /// The path of the field from the message, such as `chunks` or `delete_tasks.chunk_id`, or `nil` where the fault
    /// lies outside any known field.
    package let field: String?
    package let fault: Fault

    package init(message: String, field: String?, fault: Fault) {
        self.message = message
        self.field = field
        self.fault = fault
    }

    package var description: String {
        let place = field.map { "\(message), field \($0)" } ?? message
        return "\(place): \(fault.text)"
    }
}

extension WireError.Fault {
    fileprivate var text: String {
        switch self {
        case .truncated: "the bytes end too early"
        case .malformed: "malformed tag, length or number"
        case .wrongWireType: "wrong wire type"
        case .notUTF8: "string is not valid UTF-8"
        case .containsNUL: "string contains a NUL byte"
        case .tooLarge(let limit): "more than \(limit) bytes"
        case .tooManyFields(let limit): "more than \(limit) fields"
        case .refused: "protobuf-c could not unpack it"
        }
    }
}
