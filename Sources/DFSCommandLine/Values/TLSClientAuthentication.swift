import DFSCore

/// Whether a node's clients must show certificates.
package enum TLSClientAuthentication: Sendable, CustomStringConvertible, FlagValue {
    case none
    case require

    package static let placeholder = "none|require"

    package init(flag text: String) throws(DFSError) {
        switch text {
        case "none": self = .none
        case "require": self = .require
        default: throw DFSError(.invalidArgument, "\(quoted(text)) is no way to treat clients; write none or require")
        }
    }

    package var description: String {
        switch self {
        case .none: "none"
        case .require: "require"
        }
    }

    /// What the help text shows as the default.
    public var defaultValueDescription: String { description }
}
