import ArgumentParser
import Logging

/// The flags that every binary has.
package struct SharedOptions: ParsableArguments, Sendable {
    private static let logLevelFlag = FlagDeclaration.value(
        "log-level", LogLevel.self, environment: "DFS_LOG_LEVEL", help: "Least severe level to log.")
    private static let logFormatFlag = FlagDeclaration.value(
        "log-format", LogFormat.self, environment: "DFS_LOG_FORMAT", help: "Shape of the log lines on standard error.")
    private static let versionFlag = FlagDeclaration.toggle("version", help: "Print the version and exit.")

    /// The declarations, for ``Program/flags``.
    package static let flags = [logLevelFlag, logFormatFlag, versionFlag]

    @Option(Self.logLevelFlag)
    package var logLevel = LogLevel(.info)

    @Option(Self.logFormatFlag)
    package var logFormat = LogFormat.text

    /// Only shown in the help: ``FlagSyntax`` answers the flag itself.
    @Flag(Self.versionFlag)
    package var version = false

    package init() {}

    /// A logger to standard error, by these settings.
    package func makeLogger(label: String) -> Logger {
        Logger(label: label) { [logLevel, logFormat] _ in
            LineLogHandler(format: logFormat, level: logLevel.level)
        }
    }
}
