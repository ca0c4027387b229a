import DFSCore
import Testing

@testable import DFSCommandLine

/// The command line as Go's `flag` package reads it.
struct FlagSyntaxTests {
    private let syntax = FlagSyntax(
        flags: [
            .value("listen", ServerAddress.self, environment: "DFS_LISTEN", help: ""),
            .value("size", ByteCount.self, environment: "DFS_SIZE", help: ""),
            .toggle("version", help: ""),
            .toggle("quiet", help: ""),
        ])
    private let withCommands = FlagSyntax(
        flags: [.value("master", ServerAddress.self, help: ""), .toggle("version", help: "")], commands: ["put", "get"])

    private func none(_: String) -> String? { nil }

    @Test(arguments: [
        ["-listen", ":1"], ["--listen", ":1"], ["-listen=:1"], ["--listen=:1"], ["-listen", ":2", "-listen=:1"],
    ])
    func everyGoSpellingOfAFlagIsTheSame(arguments: [String]) throws {
        #expect(try syntax.read(arguments, environment: none) == .run(["-listen=:1"]))
    }

    @Test func aFlagThatMayBeRepeatedKeepsEachOfItsValues() throws {
        let syntax = FlagSyntax(
            flags: [.values("attr", String.self, help: ""), .value("size", ByteCount.self, help: "")],
            commands: ["put"])
        let arguments = ["-attr", "b=1", "-size", "1", "put", "-attr=a=", "-size=2", "-attr", "b=1", "x"]
        #expect(
            try syntax.read(arguments, environment: none)
                == .run(["put", "-attr=b=1", "-attr=a=", "-attr=b=1", "-size=2", "--", "x"]))
        // Swift's `Character` joins the mark to the `=`.
        #expect(try syntax.read(["put", "-attr=\u{301}"], environment: none) == .run(["put", "-attr=\u{301}"]))
        #expect(throws: DFSError.self) { try syntax.read(["put", "-attr"], environment: none) }
    }

    @Test func switchTakesItsValueOnlyAfterAnEqualsSign() throws {
        #expect(try syntax.read(["-quiet"], environment: none) == .run(["-quiet"]))
        #expect(try syntax.read(["-quiet=T"], environment: none) == .run(["-quiet"]))
        #expect(try syntax.read(["-quiet=false"], environment: none) == .run([]))
        #expect(try syntax.read(["-quiet", "false"], environment: none) == .run(["-quiet", "--", "false"]))
    }

    @Test func firstOperandAndTwoDashesEndTheFlags() throws {
        #expect(
            try syntax.read(["-quiet", "a", "-listen"], environment: none) == .run(["-quiet", "--", "a", "-listen"]))
        #expect(try syntax.read(["--", "-quiet"], environment: none) == .run(["--", "-quiet"]))
        #expect(try syntax.read(["-", "-quiet"], environment: none) == .run(["--", "-", "-quiet"]))
    }

    @Test func flagsMayStandBeforeAndAfterTheCommandWord() throws {
        let canonical = FlagSyntax.Request.run(["put", "-master=:1", "--", "-a"])
        #expect(try withCommands.read(["-master", ":1", "put", "--", "-a"], environment: none) == canonical)
        #expect(try withCommands.read(["put", "-master=:1", "--", "-a"], environment: none) == canonical)
        #expect(
            try withCommands.read(["get", "put", "-master", ":1"], environment: none)
                == .run(["get", "-master=:1", "--", "put"]))
    }

    @Test func commandsTakeFlagsAmongAndBehindTheirOperands() throws {
        let syntax = FlagSyntax(
            flags: [.value("for", GoDuration.self, help: ""), .toggle("wait", help: "")], commands: ["admin", "put"])
        let mixed = ["admin", "maintenance", "-for", "2h", ":9001", "-wait"]
        #expect(
            try syntax.read(mixed, environment: none)
                == .run(["admin", "-for=2h", "-wait", "--", "maintenance", ":9001"]))
        #expect(
            try syntax.read(["admin", "-wait", "a", "--", "-b"], environment: none)
                == .run(["admin", "-wait", "--", "a", "-b"]))
        #expect(try syntax.read(["admin", "--", "-wait"], environment: none) == .run(["admin", "--", "-wait"]))
        #expect(try syntax.read(["admin", "a", "-h"], environment: none) == .help(command: "admin"))
        #expect(try syntax.read(["put", "a", "--", "-wait"], environment: none) == .run(["put", "--", "a", "-wait"]))
        #expect(try syntax.read(["put", "-", "-wait"], environment: none) == .run(["put", "-wait", "--", "-"]))
        let error = #expect(throws: DFSError.self) { try syntax.read(["admin", "a", "-nosuch"], environment: none) }
        #expect(error?.message.contains("-- stands before operands") == true)
    }

    @Test func helpAndVersionAreAnswered() throws {
        #expect(try syntax.read(["-h"], environment: none) == .help(command: nil))
        #expect(try withCommands.read(["get", "--help"], environment: none) == .help(command: "get"))
        #expect(try syntax.read(["--version"], environment: none) == .version)
        #expect(try syntax.read(["-version=false"], environment: none) == .run([]))
    }

    @Test func environmentLiesBetweenDefaultAndFlag() throws {
        let environment = { (name: String) in ["DFS_LISTEN": ":7", "DFS_SIZE": ""][name] }
        #expect(try syntax.read([], environment: environment) == .run(["-listen=:7"]))
        #expect(try syntax.read(["-listen", ":8"], environment: environment) == .run(["-listen=:8"]))
    }

    @Test(arguments: [
        (["-nosuch"], "-nosuch"), (["-listen"], "-listen needs a value"), (["-listen", "9001"], "-listen: address"),
        (["-size=12XB"], "64MB"), (["-quiet=maybe"], "-quiet"), (["---listen"], "---listen"), (["-=x"], "-=x"),
    ])
    func errorsNameTheFlag(arguments: [String], text: String) {
        let error = #expect(throws: DFSError.self) { try syntax.read(arguments, environment: none) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(text) == true)
    }

    @Test func errorsNameTheVariable() {
        let error = #expect(throws: DFSError.self) { try syntax.read([], environment: { _ in "bad" }) }
        #expect(error?.message.hasPrefix("DFS_") == true)
    }

    /// One environment serves binaries for which its variables mean different things.
    @Test func aVariableThatMeansNothingWithoutAnotherFlagIsReadBesideItOnly() throws {
        let syntax = FlagSyntax(
            flags: [
                .value("cert", String.self, environment: "CERT", beside: "ca", help: ""),
                .value("ca", String.self, environment: "CA", help: ""),
            ])
        #expect(try syntax.read([], environment: ["CERT": "c"].getting) == .run([]))
        #expect(try syntax.read([], environment: ["CERT": "c", "CA": "a"].getting) == .run(["-ca=a", "-cert=c"]))
        #expect(try syntax.read(["-ca", "a"], environment: ["CERT": "c"].getting) == .run(["-ca=a", "-cert=c"]))
        #expect(try syntax.read(["-cert", "d"], environment: ["CERT": "c"].getting) == .run(["-cert=d"]))
    }
}

extension [String: String] {
    fileprivate func getting(_ name: String) -> String? { self[name] }
}
