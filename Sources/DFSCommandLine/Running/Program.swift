import ArgumentParser
import DFSCore
import Logging

/// The root of a binary's command line. A server's root is its only command; a client's root has subcommands.
package protocol Program: ParsableCommand {
    /// All flags of all its commands.
    static var flags: [FlagDeclaration] { get }
}

/// A command that can be run: a ``Program`` without subcommands, or one of its subcommands.
package protocol ProgramCommand: ParsableCommand, Sendable {
    var shared: SharedOptions { get }

    /// Does the work. Results go to standard output, everything else to `logger`.
    ///
    /// - Throws: An error whose description is the message for the person at the terminal; ``ProgramStatus`` says which
    ///   exit status it becomes.
    func execute(logger: Logger) async throws
}

extension CommandConfiguration {
    /// The configuration of a binary or of one of its commands: help flags as Go spells them.
    package static func program(
        _ name: String, summary: String, discussion: String = "", subcommands: [any ParsableCommand.Type] = []
    ) -> CommandConfiguration {
        CommandConfiguration(
            commandName: name, abstract: summary, discussion: discussion, subcommands: subcommands,
            helpNames: [.customShort("h"), .customLong("help", withSingleDash: true)])
    }
}

extension Program {
    static var programName: String { configuration.commandName ?? "dfs" }

    static var subcommandNames: [String] {
        configuration.subcommands.compactMap { $0.configuration.commandName }
    }

    /// Reads the command line and the environment.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` whose message says what to change.
    package static func read(
        _ arguments: [String], environment: (String) -> String?
    ) throws(DFSError) -> ProgramRequest {
        let syntax = FlagSyntax(flags: flags, commands: subcommandNames)
        switch try syntax.read(arguments, environment: environment) {
        case .version: return .print("\(programName) \(SoftwareVersion.text)")
        case .help(let command): return .print(help(for: command))
        case .run(let canonical):
            if let word = canonical.first, !subcommandNames.isEmpty, !subcommandNames.contains(word) {
                throw DFSError(.invalidArgument, "there is no command \(quoted(word)); write one of \(commandList)")
            }
            do {
                guard let command = try parseAsRoot(canonical) as? any ProgramCommand else {
                    throw DFSError(.invalidArgument, "a command is missing; write one of \(commandList)")
                }
                return .execute(command)
            } catch let error as DFSError {
                throw error
            } catch  where exitCode(for: error) == .success {
                // `help <command>`, which ArgumentParser answers by throwing the text.
                return .print(fullMessage(for: error))
            } catch {
                throw DFSError(.invalidArgument, message(for: error))
            }
        }
    }

    private static var commandList: String { subcommandNames.joined(separator: ", ") }

    private static func help(for command: String?) -> String {
        guard let command,
            let type = configuration.subcommands.first(where: { $0.configuration.commandName == command })
        else { return subcommandNames.isEmpty ? helpMessage() : helpMessage() + flagList }
        return helpMessage(for: type)
    }

    /// The flags of all commands: ArgumentParser lists them with each command only.
    private static var flagList: String {
        let lines = flags.map { flag in
            let left = flag.isSwitch ? "  -\(flag.name)" : "  -\(flag.name) <\(flag.placeholder)>"
            let gap = String(repeating: " ", count: max(1, 34 - left.count))
            return left + gap + flag.help + (flag.environment.map { " [\($0)]" } ?? "")
        }
        return "\n\nFLAGS, anywhere before --:\n" + lines.joined(separator: "\n")
    }
}

/// What to do for a command line.
package enum ProgramRequest: Sendable {
    /// Show this on standard output and end well.
    case print(String)
    case execute(any ProgramCommand)
}
