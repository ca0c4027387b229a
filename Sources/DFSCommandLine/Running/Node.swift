/// A server: what ``NodeCommand`` starts, watches and stops.
package protocol Node: Sendable {
    /// Opens stores and sockets; the node serves when this returns.
    ///
    /// - Throws: What keeps it from serving, with the remedy. ``stop()`` is called all the same.
    func start() async throws

    /// Waits while the node serves; returns soon after its task is cancelled.
    ///
    /// - Throws: What makes further service impossible; the process then ends with that message.
    func run() async throws

    /// Reads again what may have changed in files, such as certificates, and logs what came of it. At SIGHUP.
    func reload() async

    /// Lets calls under way finish within a bounded time, then closes everything. Called once, after ``start()``.
    func stop() async
}

extension Node {
    /// For a node that nothing but a signal ends.
    package func run() async throws {
        // A sleep of a year ends at once when the task is cancelled.
        try? await Task.sleep(for: .seconds(365 * 86_400))
    }

    /// For a node that reads nothing again.
    package func reload() async {}
}
