import DFSCore
import Glibc

/// The whole life of a binary: reads the command line, runs the command, and ends the process with its ``ProgramStatus``.
///
/// A wrong command line is told on standard error with the way to the help, and ends with ``ProgramStatus/usage``.
///
/// The arguments are the process's own, taken as bytes: `CommandLine.arguments` would put U+FFFD where a name is not UTF-8,
/// and the wrong file would be stored or fetched.
package func runProgram<Root: Program>(_: Root.Type) async -> Never {
    // A reader that went away is an error of one write, never the end of the process.
    signal(SIGPIPE, SIG_IGN)
    let request: ProgramRequest
    do {
        request = try Root.read(processArguments()) { processEnvironment($0) }
    } catch {
        complain("\(Root.programName): \(error.message)\nRun '\(Root.programName) -help' for the usage.\n")
        exit(ProgramStatus.usage.rawValue)
    }
    switch request {
    case .print(let text):
        print(text)
        exit(ProgramStatus.success.rawValue)
    case .execute(let command):
        let logger = command.shared.makeLogger(label: Root.programName)
        do {
            try await command.execute(logger: logger)
            try StandardOutput.flush()
        } catch is SilentFailure {
            exit(ProgramStatus.failure.rawValue)
        } catch  where command is any NodeCommand {
            // All that a server says is log lines; its status is for supervisors, which know no files and names.
            logger.error("\(error)")
            exit(ProgramStatus.failure.rawValue)
        } catch {
            complain("\(Root.programName): \(error)\n")
            exit(ProgramStatus(error).rawValue)
        }
        exit(ProgramStatus.success.rawValue)
    }
}

/// A variable of the process's environment; `nil` where it is not set or empty.
package func processEnvironment(_ name: String) -> String? {
    guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return nil }
    return text
}

/// What the process was started with, without its own name.
private func processArguments() throws(DFSError) -> [String] {
    var arguments: [String] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
        guard let bytes = CommandLine.unsafeArgv[index] else { break }
        guard let text = String(validatingCString: bytes) else {
            throw DFSError(
                .invalidArgument,
                "argument \(index), \(quoted(String(cString: bytes))), is not valid UTF-8; use another name")
        }
        arguments.append(text)
    }
    return arguments
}

private func complain(_ text: String) {
    LineSink.standardError.write(text)
}
