import DFSCore
import Logging

/// The shape of a log line.
package enum LogFormat: Sendable, CustomStringConvertible, FlagValue {
    /// `key=value` lines as Go's `slog.TextHandler` writes them.
    case text
    /// One JSON object a line, as Go's `slog.JSONHandler` writes them.
    case json

    package static let placeholder = "text|json"

    package init(flag text: String) throws(DFSError) {
        switch text {
        case "text": self = .text
        case "json": self = .json
        default: throw DFSError(.invalidArgument, "\(quoted(text)) is not a log format; write text or json")
        }
    }

    package var description: String {
        switch self {
        case .text: "text"
        case .json: "json"
        }
    }

    /// What the help text shows as the default.
    public var defaultValueDescription: String { description }
}

/// The least severe level that is logged.
package struct LogLevel: Hashable, Sendable, FlagValue {
    package static let placeholder = "level"

    package let level: Logger.Level

    package init(_ level: Logger.Level) { self.level = level }

    package init(flag text: String) throws(DFSError) {
        let word = text.lowercased()
        guard let level = Logger.Level(rawValue: word == "warn" ? "warning" : word) else {
            throw DFSError(
                .invalidArgument, "\(quoted(text)) is not a log level; write trace, debug, info, warning or error")
        }
        self.level = level
    }

    /// What the help text shows as the default.
    public var defaultValueDescription: String { level.rawValue }
}
