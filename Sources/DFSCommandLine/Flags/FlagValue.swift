import ArgumentParser
import DFSCore

/// A value that a flag or an environment variable can hold.
///
/// The protocol exists so that a bad value is refused with a sentence that names fault and remedy, where
/// `ExpressibleByArgument` alone can only say "invalid".
package protocol FlagValue: ExpressibleByArgument, Sendable {
    /// What stands for the value in the help text, such as `size`.
    static var placeholder: String { get }

    /// Reads the value as typed.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` that names the fault and the remedy.
    init(flag text: String) throws(DFSError)
}

extension FlagValue {
    /// The parser's own entrance; by the time it is used the text has been checked.
    public init?(argument: String) {
        do {
            try self.init(flag: argument)
        } catch {
            return nil
        }
    }
}

extension String: FlagValue {
    package static var placeholder: String { "text" }

    package init(flag text: String) throws(DFSError) { self = text }
}

extension Int: FlagValue {
    package static var placeholder: String { "count" }

    package init(flag text: String) throws(DFSError) {
        guard let value = Int(text) else {
            throw DFSError(.invalidArgument, "\(quoted(text)) is not a whole number; write one such as 2")
        }
        self = value
    }
}

extension ServerAddress: FlagValue {
    package static var placeholder: String { "address" }

    package init(flag text: String) throws(DFSError) { try self.init(text) }

    /// What the help text shows as the default.
    public var defaultValueDescription: String { description }
}

extension NetworkLocation: FlagValue {
    package static var placeholder: String { "/dc/rack/host" }

    package init(flag text: String) throws(DFSError) { try self.init(text) }

    /// What the help text shows as the default.
    public var defaultValueDescription: String { description }
}
