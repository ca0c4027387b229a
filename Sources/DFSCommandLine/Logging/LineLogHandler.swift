import DFSCore
import Logging

/// Writes each log event as one line, with one `write(2)`, to standard error.
package struct LineLogHandler: LogHandler {
    /// That of the process, until this handler gets one of its own.
    package var logLevel: Logger.Level {
        get { ownLevel ?? threshold.level }
        set { ownLevel = newValue }
    }
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    /// That of the process.
    package let threshold: LogThreshold

    private var ownLevel: Logger.Level?
    private let format: LogFormat
    private let sink: LineSink
    private let wallClock: @Sendable () -> WallTime

    /// - Parameters:
    ///   - sink: Where the lines go; standard error unless a test says otherwise.
    ///   - wallClock: Read once for each line.
    package init(
        format: LogFormat, level: Logger.Level, sink: LineSink = .standardError,
        wallClock: @escaping @Sendable () -> WallTime = { WallTime.now }
    ) {
        self.format = format
        self.threshold = LogThreshold(level)
        self.sink = sink
        self.wallClock = wallClock
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// The logger's own attributes come first, then the event's, each sorted by key; the event's win.
    package func log(event: LogEvent) {
        var own = metadata
        if let provided = metadataProvider?.get() { own.merge(provided) { _, new in new } }
        var later = event.metadata ?? [:]
        if let error = event.error, later["error"] == nil { later["error"] = "\(error)" }
        let earlier = own.filter { later[$0.key] == nil }
        let attributes = earlier.sorted { $0.key < $1.key } + later.sorted { $0.key < $1.key }
        let time = wallClock()
        let message = event.message.description
        var line: String
        switch format {
        case .text: line = TextLine.make(time: time, level: event.level, message: message, attributes: attributes)
        case .json: line = JSONLine.make(time: time, level: event.level, message: message, attributes: attributes)
        }
        line += "\n"
        sink.write(line)
    }
}

extension Logger.Level {
    /// Go has four levels; the ones between are written by their distance, as slog does.
    var goName: String {
        switch self {
        case .trace: "DEBUG-4"
        case .debug: "DEBUG"
        case .info: "INFO"
        case .notice: "INFO+2"
        case .warning: "WARN"
        case .error: "ERROR"
        case .critical: "ERROR+4"
        }
    }
}
