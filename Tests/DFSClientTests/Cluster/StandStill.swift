/// Does nothing until the task is cancelled: what a stalled peer does.
func standStill() async throws {
    let (never, keep) = AsyncStream<Void>.makeStream()
    for await _ in never {}
    withExtendedLifetime(keep) {}
    try Task.checkCancellation()
}
