import DFSCore
import Logging

/// A log line as Go's `slog.JSONHandler` writes it: `{"time":"...","level":"INFO","msg":"...","key":"value"}`.
package enum JSONLine {
    static func make(
        time: WallTime, level: Logger.Level, message: String,
        attributes: [(key: String, value: Logger.MetadataValue)]
    ) -> String {
        var line = "{\"time\":\(string(time.shortest)),\"level\":\(string(level.goName)),\"msg\":\(string(message))"
        for (key, value) in attributes { line += ",\(string(key)):\(json(value))" }
        return line + "}"
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): string(text)
        case .stringConvertible(let text): string(text.description)
        case .array(let values): "[" + values.map(json).joined(separator: ",") + "]"
        case .dictionary(let group):
            "{" + group.sorted { $0.key < $1.key }.map { "\(string($0.key)):\(json($0.value))" }.joined(separator: ",")
                + "}"
        }
    }

    /// As ``JSONText/string(_:)``.
    package static func string(_ text: String) -> String { JSONText.string(text) }
}
