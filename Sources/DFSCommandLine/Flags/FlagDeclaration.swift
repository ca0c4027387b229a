import ArgumentParser
import DFSCore

/// One flag of a binary: its name, the environment variable behind it and what values it takes.
///
/// Both the Go-style reading of the command line (``FlagSyntax``) and the typed option that ArgumentParser fills are
/// made from the same declaration.
package struct FlagDeclaration: Sendable {
    /// Without dashes.
    package let name: String
    /// The variable that overrides the default and that the flag overrides, if there is one.
    package let environment: String?
    /// The flag beside which alone the variable is read: one environment is to serve all binaries, and what it says for another
    /// one is no mistake of this one's caller.
    package let environmentCompanion: String?
    package let help: String
    /// A switch takes no value, or `=true` and `=false`.
    package let isSwitch: Bool
    /// Each time that it is named counts; of another flag the last one does.
    package let isRepeatable: Bool
    /// What stands for the value in the help text.
    package let placeholder: String
    /// Throws where ``name`` cannot hold the text.
    package let check: @Sendable (String) throws(DFSError) -> Void

    /// A flag that takes a value of type `type`.
    package static func value<Value: FlagValue>(
        _ name: String, _ type: Value.Type, environment: String? = nil, beside companion: String? = nil, help: String,
        placeholder: String? = nil
    ) -> FlagDeclaration {
        FlagDeclaration(
            name: name, environment: environment, environmentCompanion: companion, help: help, isSwitch: false,
            isRepeatable: false,
            placeholder: placeholder ?? type.placeholder,
            check: { text throws(DFSError) in _ = try Value(flag: text) })
    }

    /// A flag that takes a value of type `type` each time that it is named.
    package static func values<Value: FlagValue>(
        _ name: String, _ type: Value.Type, help: String, placeholder: String? = nil
    ) -> FlagDeclaration {
        FlagDeclaration(
            name: name, environment: nil, environmentCompanion: nil, help: help, isSwitch: false, isRepeatable: true,
            placeholder: placeholder ?? type.placeholder,
            check: { text throws(DFSError) in _ = try Value(flag: text) })
    }

    /// A flag that is on when named.
    package static func toggle(_ name: String, help: String) -> FlagDeclaration {
        FlagDeclaration(
            name: name, environment: nil, environmentCompanion: nil, help: help, isSwitch: true, isRepeatable: false,
            placeholder: "",
            check: { text throws(DFSError) in _ = try switchValue(text) })
    }

    /// Reads what Go's `strconv.ParseBool` reads.
    static func switchValue(_ text: String) throws(DFSError) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: throw DFSError(.invalidArgument, "\(quoted(text)) is neither true nor false")
        }
    }

    var nameSpecification: NameSpecification {
        if name.count == 1, let letter = name.first { return [.customShort(letter)] }
        return [.customLong(name, withSingleDash: true)]
    }

    var argumentHelp: ArgumentHelp {
        let note = environment.map { " [\($0)]" } ?? ""
        return isSwitch
            ? ArgumentHelp(stringLiteral: help) : ArgumentHelp(.init(help + note), valueName: placeholder)
    }
}

extension Option where Value: FlagValue {
    /// The typed option behind `flag`, with the property's initial value as default.
    package init(wrappedValue: Value, _ flag: FlagDeclaration) {
        self.init(wrappedValue: wrappedValue, name: flag.nameSpecification, help: flag.argumentHelp)
    }
}

extension Option {
    /// The typed option behind `flag`, `nil` where neither flag nor variable is given.
    package init<Wrapped: FlagValue>(_ flag: FlagDeclaration) where Value == Wrapped? {
        self.init(name: flag.nameSpecification, help: flag.argumentHelp)
    }
}

extension Option {
    /// The typed option behind a `flag` that may be repeated.
    package init<Element: FlagValue>(wrappedValue: [Element], _ flag: FlagDeclaration) where Value == [Element] {
        self.init(
            wrappedValue: wrappedValue, name: flag.nameSpecification, parsing: .singleValue, help: flag.argumentHelp)
    }
}

extension Flag where Value == Bool {
    /// The typed switch behind `flag`.
    package init(wrappedValue: Bool, _ flag: FlagDeclaration) {
        self.init(wrappedValue: wrappedValue, name: flag.nameSpecification, help: flag.argumentHelp)
    }
}
