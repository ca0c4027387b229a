import DFSCore

/// Whether something that is on by default, or off, is wanted.
package enum OnOff: Sendable, CustomStringConvertible, FlagValue {
    case on
    case off

    package static let placeholder = "on|off"

    package init(flag text: String) throws(DFSError) {
        switch text {
        case "on": self = .on
        case "off": self = .off
        default: throw DFSError(.invalidArgument, "\(quoted(text)) is neither on nor off")
        }
    }

    package var description: String {
        switch self {
        case .on: "on"
        case .off: "off"
        }
    }

    /// What the help text shows as the default.
    public var defaultValueDescription: String { description }
}
