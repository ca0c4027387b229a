import DFSCore
import Glibc

/// The whole life of a binary: reads the command line, runs the command, and ends the process with its ``ProgramStatus``.
///
/// A wrong command line is told on standard error with the way to the help, and ends with ``ProgramStatus/usage``.
///
/// - Parameter arguments: The program's name and its arguments.
package func runProgram<Root: Program>(_: Root.Type, arguments: [String] = CommandLine.arguments) async -> Never {
    // A reader that went away is an error of one write, never the end of the process.
    signal(SIGPIPE, SIG_IGN)
    let request: ProgramRequest
    do {
        request = try Root.read(Array(arguments.dropFirst())) { name in getenv(name).map { String(cString: $0) } }
    } catch {
        complain("\(Root.programName): \(error.message)\nRun '\(Root.programName) -help' for the usage.\n")
        exit(ProgramStatus.usage.rawValue)
    }
    switch request {
    case .print(let text):
        print(text)
        exit(ProgramStatus.success.rawValue)
    case .execute(let command):
        do {
            try await command.execute(logger: command.shared.makeLogger(label: Root.programName))
        } catch {
            complain("\(Root.programName): \(error)\n")
            exit(ProgramStatus(error).rawValue)
        }
        exit(ProgramStatus.success.rawValue)
    }
}

private func complain(_ text: String) {
    LineSink.standardError.write(text)
}
