import Foundation
import Glibc
import Synchronization

/// A process started by a test, with its output in files.
final class ChildProcess: Sendable {
    /// How a process ended.
    enum End: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    let pid: pid_t
    let stdoutPath: String
    let stderrPath: String

    private let end = Mutex<(end: End, peakKiB: Int)?>(nil)

    /// Starts `program`. Output is appended to `<log>.out` and `<log>.err`; standard input is empty.
    ///
    /// - Parameter environment: Added to a minimal environment.
    init(_ program: String, _ arguments: [[CChar]], log: String, environment: [String: String] = [:]) throws {
        stdoutPath = log + ".out"
        stderrPath = log + ".err"
        pid = try Self.spawn(
            program, arguments, output: [(STDOUT_FILENO, log + ".out"), (STDERR_FILENO, log + ".err")], environment)
        Thread.detachNewThread { self.reap() }
    }

    convenience init(_ program: String, _ arguments: [String], log: String, environment: [String: String] = [:]) throws
    {
        try self.init(program, arguments.map { Array($0.utf8CString) }, log: log, environment: environment)
    }

    var stdout: String { (try? String(contentsOfFile: stdoutPath, encoding: .utf8)) ?? "" }
    var stderr: String { (try? String(contentsOfFile: stderrPath, encoding: .utf8)) ?? "" }

    /// `nil` while it runs.
    var ended: End? { end.withLock { $0?.end } }

    /// The largest resident size it had, in KiB; known once it has ended.
    var peakKiB: Int { end.withLock { $0?.peakKiB } ?? 0 }

    func send(_ signal: Int32) {
        // Under the lock, so that the process cannot be reaped, and its id given away, in between.
        end.withLock { if $0 == nil { _ = Glibc.kill(pid, signal) } }
    }

    /// Waits for the end. A process that outlives `limit` is killed and the wait throws.
    @discardableResult
    func waitForEnd(within limit: Duration = .seconds(60)) async throws -> End {
        do {
            return try await eventually(within: limit, "the end of process \(pid)") { self.ended }
        } catch {
            send(SIGKILL)
            throw FixtureError("\(error); its log ends with:\n\(stderr.suffix(2000))")
        }
    }

    /// `kill -9`, and wait.
    func kill() async throws {
        send(SIGKILL)
        try await waitForEnd()
    }

    private func reap() {
        var status: Int32 = 0
        var usage = rusage()
        // First only look, so that ``send(_:)`` under the lock never meets an id that is free again.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        end.withLock { end in
            while wait4(pid, &status, 0, &usage) != pid, errno == EINTR {}
            let signal = status & 0x7F
            end = (signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal), usage.ru_maxrss)
        }
    }

    private static func spawn(
        _ program: String, _ arguments: [[CChar]], output: [(Int32, String)], _ environment: [String: String]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (descriptor, path) in output {
            posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        }
        let inherited = ["PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR", "SWIFT_BACKTRACE"].compactMap { name in
            ProcessInfo.processInfo.environment[name].map { (name, $0) }
        }
        let variables = Dictionary(inherited, uniquingKeysWith: { $1 }).merging(environment) { $1 }
        var argv: [UnsafeMutablePointer<CChar>?] = [strdup(program)] + arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, nil, &argv, &envp)
        guard code == 0 else { throw FixtureError("cannot start \(program): \(String(cString: strerror(code)))") }
        return pid
    }
}

/// Why a test could not be set up, or waited in vain.
struct FixtureError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
