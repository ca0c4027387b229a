import DFSCore

/// Reads a command line as Go's `flag` package does, and lays the environment under it.
///
/// One dash or two; `-flag value` and `-flag=value`; a switch takes its value only after `=`; `--` ends the flags, and so does the
/// first operand where a binary has no commands; a flag named twice counts the last time, unless it may be repeated. Where a binary
/// has commands (`put`, `get`), flags may stand before the command word, and before, among and behind its operands: what looks like
/// a flag there is far more often one than a name that begins with `-`, which needs `--` before it.
package struct FlagSyntax: Sendable {
    /// What the command line asks for.
    package enum Request: Equatable, Sendable {
        /// Canonical arguments for ArgumentParser: command, `-flag=value`..., `--`, operands.
        case run([String])
        /// The help text of a command, or of the whole binary.
        case help(command: String?)
        case version
    }

    private let flags: [String: FlagDeclaration]
    /// Those that are read beside another one behind that.
    private let environmentFlags: [FlagDeclaration]
    private let commands: [String]

    /// - Parameter commands: The words that select a command; empty where the binary has none.
    package init(flags: [FlagDeclaration], commands: [String] = []) {
        self.flags = Dictionary(flags.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let withVariable = flags.filter { $0.environment != nil }
        self.environmentFlags =
            withVariable.filter { $0.environmentCompanion == nil }
            + withVariable.filter { $0.environmentCompanion != nil }
        self.commands = commands
    }

    /// Reads `arguments` (without the program's name) over `environment`.
    ///
    /// An empty variable counts as unset.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` that names the flag or variable and the remedy.
    package func read(
        _ arguments: [String], environment: (String) -> String?
    ) throws(DFSError) -> Request {
        var reading = Reading(rest: arguments[...])
        try takeFlags(&reading)
        if !commands.isEmpty, !reading.flagsEnded, let word = reading.rest.first, commands.contains(word) {
            reading.command = word
            reading.rest.removeFirst()
            try takeMixedFlags(&reading)
        }
        if !commands.isEmpty, reading.command == nil, reading.rest.first == "help" {
            return .help(command: reading.rest.dropFirst().first)
        }
        if reading.values["help"] != nil { return .help(command: reading.command) }
        if reading.values["version"] == ["true"] { return .version }
        for flag in environmentFlags where reading.values[flag.name] == nil {
            if let companion = flag.environmentCompanion, reading.values[companion] == nil { continue }
            guard let variable = flag.environment, let text = environment(variable), !text.isEmpty else { continue }
            try check(text, of: flag, from: variable)
            reading.values[flag.name] = [text]
        }
        return .run(canonical(reading))
    }

    /// What has been read so far.
    private struct Reading {
        var rest: ArraySlice<String>
        /// In the order in which they came.
        var values: [String: [String]] = [:]
        var command: String?
        var flagsEnded = false
    }

    /// Moves flags from `rest` to `values`, wherever they stand before `--`.
    private func takeMixedFlags(_ reading: inout Reading) throws(DFSError) {
        var operands: [String] = []
        try takeFlags(&reading)
        while !reading.flagsEnded, let operand = reading.rest.popFirst() {
            operands.append(operand)
            try takeFlags(&reading)
        }
        reading.rest = operands + reading.rest
    }

    /// Moves flags from `rest` to `values`, up to the first operand.
    private func takeFlags(_ reading: inout Reading) throws(DFSError) {
        while let word = reading.rest.first, word.hasPrefix("-"), word != "-" {
            reading.rest.removeFirst()
            if word == "--" {
                reading.flagsEnded = true
                return
            }
            let body = word.dropFirst(word.hasPrefix("--") ? 2 : 1)
            // By bytes: a value may begin with a mark that Swift takes for a part of the `=`.
            let sign = body.utf8.firstIndex(of: UInt8(ascii: "="))
            let name = String(body[..<(sign ?? body.endIndex)])
            guard !name.isEmpty, !name.hasPrefix("-") else {
                throw DFSError(.invalidArgument, "\(quoted(word)) is no flag; write -flag value or -flag=value")
            }
            if name == "h" || name == "help" {
                reading.values["help"] = ["true"]
                continue
            }
            guard let flag = flags[name] else {
                let remedy = reading.command == nil ? "" : ", and -- stands before operands that begin with -"
                throw DFSError(.invalidArgument, "unknown flag -\(name); -help lists the flags\(remedy)")
            }
            let attached = sign.map { String(body[body.utf8.index(after: $0)...]) }
            let text = try value(of: flag, attached: attached, &reading)
            reading.values[name] = flag.isRepeatable ? reading.values[name, default: []] + [text] : [text]
        }
    }

    private func value(
        of flag: FlagDeclaration, attached: String?, _ reading: inout Reading
    ) throws(DFSError) -> String {
        if flag.isSwitch {
            let text = attached ?? "true"
            try check(text, of: flag, from: "-\(flag.name)")
            return try FlagDeclaration.switchValue(text) ? "true" : "false"
        }
        guard let text = attached ?? reading.rest.popFirst() else {
            throw DFSError(.invalidArgument, "flag -\(flag.name) needs a value: -\(flag.name) <\(flag.placeholder)>")
        }
        try check(text, of: flag, from: "-\(flag.name)")
        return text
    }

    private func check(_ text: String, of flag: FlagDeclaration, from origin: String) throws(DFSError) {
        do {
            try flag.check(text)
        } catch {
            throw DFSError(.invalidArgument, "\(origin): \(error.message)")
        }
    }

    /// ArgumentParser's spelling of the same command line. Every flag is one word, so no value can be taken for a flag.
    private func canonical(_ reading: Reading) -> [String] {
        var words = reading.command.map { [$0] } ?? []
        for (name, values) in reading.values.sorted(by: { $0.key < $1.key }) {
            guard flags[name]?.isSwitch == true else {
                words += values.map { "-\(name)=\($0)" }
                continue
            }
            if values == ["true"] { words.append("-\(name)") }
        }
        // Without a command there is nothing for flags to apply to, and a word that is none comes first in the error.
        if !commands.isEmpty, reading.command == nil { return Array(reading.rest) }
        guard !reading.rest.isEmpty else { return words }
        return words + ["--"] + reading.rest
    }
}
